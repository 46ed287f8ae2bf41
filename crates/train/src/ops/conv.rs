use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use inkcast_generator::Activation;

use super::geometry::Geometry;
use super::leaky_relu::leaky;
use super::passes::Passes;
use super::products;
use super::{values, with_values};

/// What a convolution is besides its weights.
#[derive(Debug, Clone, Copy)]
pub struct Convolution {
    /// Step in both directions.
    pub stride: usize,
    /// Pixels of zeros around the picture, fewer than the kernel is wide.
    pub padding: usize,
    /// Slope below zero of the leaky ReLU that follows: 1 is none, 0 a plain ReLU, others lie between.
    pub slope: f32,
}

/// `activation(conv(x) + bias)` with zero padding of half a kernel, differentiable in all three tensors.
///
/// `x` is `[N, I, H, W]`, `weight` `[O, I, K, K]` with odd `K`, `bias` `[O]`; the result is
/// `[N, O, ceil(H / stride), ceil(W / stride)]`.
pub fn conv2d(x: &Tensor, weight: &Tensor, bias: &Tensor, stride: usize, activation: Activation) -> Result<Tensor> {
    let (_, _, kernel, _) = weight.dims4()?;
    if kernel % 2 == 0 {
        candle_core::bail!("a padding of half a kernel needs an odd one, not {kernel}");
    }
    let slope = if activation == Activation::Relu { 0.0 } else { 1.0 };
    convolve(x, weight, bias, Convolution { stride, padding: kernel / 2, slope })
}

/// `leaky_relu(conv(x) + bias)` for any square kernel and any padding, differentiable in all three tensors.
///
/// `x` is `[N, I, H, W]`, `weight` `[O, I, K, K]`, `bias` `[O]`; the result is `[N, O, (H + 2 padding - K) / stride + 1,
/// ..]`, rounded down. Gradients of tensors that no variable is behind are not computed, so detaching saves their time.
pub fn convolve(x: &Tensor, weight: &Tensor, bias: &Tensor, convolution: Convolution) -> Result<Tensor> {
    let slope = convolution.slope;
    if !(0.0..=1.0).contains(&slope) {
        candle_core::bail!("the slope of a leaky ReLU lies in 0..1, not at {slope}");
    }
    if x.device().is_cpu() {
        return x.contiguous()?.apply_op3(&weight.contiguous()?, &bias.contiguous()?, convolution);
    }
    on_devices(x, weight, bias, convolution)
}

/// The same for devices that are not the CPU.
fn on_devices(x: &Tensor, weight: &Tensor, bias: &Tensor, convolution: Convolution) -> Result<Tensor> {
    let Convolution { stride, padding, slope } = convolution;
    let y = products::convolve(&x.contiguous()?, &weight.contiguous()?, stride, padding)?;
    leaky(&y.broadcast_add(&bias.reshape((1, (), 1, 1))?)?, slope)
}

impl Convolution {
    fn geometry(&self, x: &Shape, weight: &Shape, bias: &Shape) -> Result<Geometry> {
        let (_, inputs, height, width) = x.dims4()?;
        let (outputs, weight_inputs, kernel, kernel_width) = weight.dims4()?;
        if inputs != weight_inputs || kernel != kernel_width || bias.dims() != [outputs] {
            candle_core::bail!("no convolution of {x:?} with {weight:?} and a bias {bias:?}");
        }
        let Convolution { stride, padding, .. } = *self;
        Ok(Geometry { inputs, outputs, kernel, stride, padding, height, width })
    }
}

impl CustomOp3 for Convolution {
    fn name(&self) -> &'static str {
        "conv-bias-leaky-relu"
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
        let y = Passes::new(geometry)?.results(values(s1, l1)?, values(s2, l2)?, values(s3, l3)?, self.slope);
        let shape = (l1.dims()[0], geometry.outputs, geometry.out_height(), geometry.out_width());
        Ok((CpuStorage::F32(y), shape.into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let passes = Passes::new(self.geometry(x.shape(), weight.shape(), bias.shape())?)?;
        let (grads, bias_grad) = with_values(y, |y| {
            let result = if self.slope == 1.0 { None } else { Some((y, self.slope)) };
            with_values(&grad.contiguous()?, |grad| Ok(passes.lay_out_grads(grad, result)))
        })?;
        let mut x_grad = None;
        if x.track_op() {
            let numbers = with_values(weight, |weight| Ok(passes.inputs(&grads, weight, None)))?;
            x_grad = Some(Tensor::from_vec(numbers, x.shape(), x.device())?);
        }
        let mut weight_grad = None;
        if weight.track_op() {
            let numbers = with_values(x, |x| Ok(passes.weights(x, &grads)))?;
            weight_grad = Some(Tensor::from_vec(numbers, weight.shape(), x.device())?);
        }
        Ok((x_grad, weight_grad, Some(Tensor::from_vec(bias_grad, bias.shape(), x.device())?)))
    }
}
