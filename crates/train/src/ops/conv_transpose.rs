use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};

use super::geometry::Geometry;
use super::passes::Passes;
use super::{values, with_values};

/// What a transposed convolution is besides its weights: the convolution whose gradient it is, and how many of the
/// sizes that lead to the same one it makes larger by.
#[derive(Debug, Clone, Copy)]
pub struct Transposed {
    /// Step of the convolution: the picture grows by this factor.
    pub stride: usize,
    /// Padding of the convolution: the result loses as many pixels at each side.
    pub padding: usize,
    /// Rows and columns added at the end, fewer than the stride.
    pub output_padding: usize,
}

/// The transposed convolution of `x` `[N, I, h, w]` with `weight` `[I, O, K, K]` plus `bias` `[O]`, differentiable in all
/// three tensors. The result is `[N, O, (h - 1) stride - 2 padding + K + output_padding, ..]`.
pub fn conv_transpose2d(x: &Tensor, weight: &Tensor, bias: &Tensor, transposed: Transposed) -> Result<Tensor> {
    let Transposed { stride, padding, output_padding } = transposed;
    if x.device().is_cpu() {
        return x.contiguous()?.apply_op3(&weight.contiguous()?, &bias.contiguous()?, transposed);
    }
    x.conv_transpose2d(weight, padding, output_padding, stride, 1)?.broadcast_add(&bias.reshape((1, (), 1, 1))?)
}

impl Transposed {
    /// The convolution from results to `x`.
    fn geometry(&self, x: &Shape, weight: &Shape, bias: &Shape) -> Result<Geometry> {
        let (_, inputs, height, width) = x.dims4()?;
        let (weight_inputs, outputs, kernel, kernel_width) = weight.dims4()?;
        let Transposed { stride, padding, output_padding } = *self;
        let size = |length: usize| {
            let whole = length.checked_sub(1)? * stride + kernel + output_padding;
            whole.checked_sub(2 * padding).filter(|&size| size > 0)
        };
        let fits = inputs == weight_inputs && kernel == kernel_width && bias.dims() == [outputs];
        match (size(height), size(width)) {
            (Some(height), Some(width)) if fits && output_padding < stride => {
                Ok(Geometry { inputs: outputs, outputs: inputs, kernel, stride, padding, height, width })
            }
            _ => candle_core::bail!("no transposed convolution {self:?} of {x:?} with {weight:?} and a bias {bias:?}"),
        }
    }
}

impl CustomOp3 for Transposed {
    fn name(&self) -> &'static str {
        "conv-transpose"
    }

    fn cpu_fwd(
        &self,
        s1: &CpuStorage,
        l1: &Layout,
        s2: &CpuStorage,
        l2: &Layout,
        s3: &CpuStorage,
        l3: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let geometry = self.geometry(l1.shape(), l2.shape(), l3.shape())?;
        let passes = Passes::new(geometry)?;
        let (grads, _) = passes.lay_out_grads(values(s1, l1)?, None);
        let y = passes.inputs(&grads, values(s2, l2)?, Some(values(s3, l3)?));
        let shape = (l1.dims()[0], geometry.inputs, geometry.height, geometry.width);
        Ok((CpuStorage::F32(y), shape.into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let geometry = self.geometry(x.shape(), weight.shape(), bias.shape())?;
        let passes = Passes::new(geometry)?;
        let grad = grad.contiguous()?;
        let (mut x_grad, mut weight_grad) = (None, None);
        if x.track_op() {
            let none = vec![0.0; geometry.outputs];
            let numbers = with_values(&grad, |grad| with_values(weight, |w| Ok(passes.results(grad, w, &none, 1.0))))?;
            x_grad = Some(Tensor::from_vec(numbers, x.shape(), x.device())?);
        }
        if weight.track_op() {
            let numbers = with_values(&grad, |grad| {
                let (laid_out, _) = with_values(x, |x| Ok(passes.lay_out_grads(x, None)))?;
                Ok(passes.weights(grad, &laid_out))
            })?;
            weight_grad = Some(Tensor::from_vec(numbers, weight.shape(), x.device())?);
        }
        let bias_grad = with_values(&grad, |grad| Ok(passes.channel_sums(grad)))?;
        Ok((x_grad, weight_grad, Some(Tensor::from_vec(bias_grad, bias.shape(), x.device())?)))
    }
}

#[cfg(test)]
#[path = "tests/conv_transpose.rs"]
mod tests;
