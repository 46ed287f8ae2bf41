use std::cell::RefCell;

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Tensor};
use inkcast_generator::Activation;
use rayon::prelude::*;

use super::matmul::{Matrix, multiply};
use super::patches::{Shape, gather, scatter_add};
use super::{values, with_values};

/// `activation(conv(x) + bias)` with zero padding of half a kernel, differentiable in all three tensors, on the CPU.
///
/// `x` is `[N, I, H, W]`, `weight` `[O, I, K, K]` with odd `K`, `bias` `[O]`; the result is
/// `[N, O, ceil(H / stride), ceil(W / stride)]`. Pictures of the batch run in parallel on rayon's threads. Sums are
/// formed in a fixed order: the result does not depend on the number of threads.
pub fn conv2d(x: &Tensor, weight: &Tensor, bias: &Tensor, stride: usize, activation: Activation) -> Result<Tensor> {
    let conv = Conv { stride, relu: activation == Activation::Relu };
    x.contiguous()?.apply_op3(&weight.contiguous()?, &bias.contiguous()?, conv)
}

struct Conv {
    stride: usize,
    relu: bool,
}

impl Conv {
    fn shape(&self, x: &candle_core::Shape, weight: &candle_core::Shape) -> Result<(usize, Shape)> {
        let (batch, inputs, height, width) = x.dims4()?;
        let (outputs, weight_inputs, kernel, kernel_width) = weight.dims4()?;
        if inputs != weight_inputs || kernel != kernel_width || kernel % 2 == 0 || self.stride == 0 {
            candle_core::bail!("no convolution of {x:?} with {weight:?} and stride {}", self.stride);
        }
        Ok((batch, Shape { inputs, outputs, kernel, stride: self.stride, height, width }))
    }
}

impl CustomOp3 for Conv {
    fn name(&self) -> &'static str {
        "conv-bias-relu"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
        s3: &CpuStorage,
        l3: &Layout,
    ) -> Result<(CpuStorage, candle_core::Shape)> {
        let (batch, shape) = self.shape(l1.shape(), l2.shape())?;
        let (x, weight, bias) = (values(s1, l1)?, values(s2, l2)?, values(s3, l3)?);
        let (out_height, out_width) = (shape.out_height(), shape.out_width());
        let mut y = vec![0.0; batch * shape.outputs * out_height * out_width];
        let pictures = x.par_chunks(shape.inputs * shape.height * shape.width);
        y.par_chunks_mut(shape.outputs * out_height * out_width).zip(pictures).for_each(|(y, x)| {
            forward(shape, x, weight, bias, self.relu, y);
        });
        Ok((CpuStorage::F32(y), (batch, shape.outputs, out_height, out_width).into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (_, shape) = self.shape(x.shape(), weight.shape())?;
        let (inputs, outputs) =
            (shape.inputs * shape.height * shape.width, shape.outputs * shape.out_height() * shape.out_width());
        let grad = grad.contiguous()?;
        let mut x_grad = vec![0.0; x.elem_count()];
        let parts: Vec<Parts> = with_values(x, |x| {
            with_values(weight, |weight| {
                with_values(y, |y| {
                    with_values(&grad, |grad| {
                        let given = x.par_chunks(inputs).zip(y.par_chunks(outputs)).zip(grad.par_chunks(outputs));
                        let pictures = x_grad.par_chunks_mut(inputs).zip(given);
                        Ok(pictures
                            .map(|(x_grad, ((x, y), grad))| {
                                let grad = if self.relu { masked(grad, y) } else { grad.to_vec() };
                                backward(shape, x, weight, &grad, x_grad)
                            })
                            .collect())
                    })
                })
            })
        })?;
        let sum = |part: fn(&Parts) -> &Vec<f32>| {
            let mut total = vec![0.0; part(&parts[0]).len()];
            for parts in &parts {
                total.iter_mut().zip(part(parts)).for_each(|(total, value)| *total += value);
            }
            total
        };
        Ok((
            Some(Tensor::from_vec(x_grad, x.shape(), x.device())?),
            Some(Tensor::from_vec(sum(|parts| &parts.weight), weight.shape(), x.device())?),
            Some(Tensor::from_vec(sum(|parts| &parts.bias), bias.shape(), x.device())?),
        ))
    }
}

/// What one picture contributes to the gradients that all pictures share.
struct Parts {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

thread_local! {
    /// Patches of one strip, kept because fresh memory costs more than filling it.
    static PATCHES: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
    /// Gradients of patches.
    static PATCH_GRADS: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

fn forward(shape: Shape, x: &[f32], weight: &[f32], bias: &[f32], relu: bool, y: &mut [f32]) {
    let (width, plane) = (shape.out_width(), shape.out_height() * shape.out_width());
    let weight = Matrix::rows_of(weight, shape.outputs, shape.patch(), shape.patch());
    for rows in shape.strips() {
        let (start, count) = (rows.start * width, rows.len() * width);
        with_patches(shape, x, rows, |patches| {
            multiply(&mut y[start..], plane, weight, patches, false);
        });
        for (channel, &bias) in y.chunks_exact_mut(plane).zip(bias) {
            let floor = if relu { 0.0 } else { f32::NEG_INFINITY };
            channel[start..start + count].iter_mut().for_each(|value| *value = (*value + bias).max(floor));
        }
    }
}

/// Adds the gradient of the input to `x_grad` and returns those of weight and bias.
fn backward(shape: Shape, x: &[f32], weight: &[f32], grad: &[f32], x_grad: &mut [f32]) -> Parts {
    let (width, plane) = (shape.out_width(), shape.out_height() * shape.out_width());
    let weight = Matrix::rows_of(weight, shape.outputs, shape.patch(), shape.patch());
    let mut weight_grad = vec![0.0; weight.data.len()];
    for rows in shape.strips() {
        let (start, count) = (rows.start * width, rows.len() * width);
        let grad = Matrix::rows_of(&grad[start..], shape.outputs, count, plane);
        with_patches(shape, x, rows.clone(), |patches| {
            multiply(&mut weight_grad, shape.patch(), grad, patches.transposed(), true);
        });
        if shape.is_pointwise() {
            multiply(&mut x_grad[start..], plane, weight.transposed(), grad, false);
            continue;
        }
        PATCH_GRADS.with_borrow_mut(|patches| {
            patches.resize(shape.patch() * count, 0.0);
            multiply(patches, count, weight.transposed(), grad, false);
            scatter_add(patches, shape, rows, x_grad);
        });
    }
    let bias = grad.chunks_exact(plane).map(|channel| channel.iter().sum()).collect();
    Parts { weight: weight_grad, bias }
}

/// Hands the patches that the output rows `rows` look at to `use_them`, `[patch, output pixels]`.
fn with_patches(shape: Shape, x: &[f32], rows: std::ops::Range<usize>, use_them: impl FnOnce(Matrix)) {
    let count = rows.len() * shape.out_width();
    if shape.is_pointwise() {
        let plane = shape.height * shape.width;
        return use_them(Matrix::rows_of(&x[rows.start * shape.width..], shape.inputs, count, plane));
    }
    PATCHES.with_borrow_mut(|patches| {
        patches.resize(shape.patch() * count, 0.0);
        gather(x, shape, rows, patches);
        use_them(Matrix::rows_of(patches, shape.patch(), count, count));
    });
}

/// The gradient where the result was not cut off at zero.
fn masked(grad: &[f32], y: &[f32]) -> Vec<f32> {
    grad.iter().zip(y).map(|(&grad, &y)| if y > 0.0 { grad } else { 0.0 }).collect()
}
