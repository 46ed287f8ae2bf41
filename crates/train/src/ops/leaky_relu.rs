use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::{values, with_values};

/// `v` where it is positive and `slope * v` elsewhere, for `v = x + bias`, in one pass; `x` is `[N, C, H, W]`, `bias`
/// `[C]`. A slope of 1 only adds the bias, 0 is a ReLU; others lie between. Differentiable in both.
pub fn bias_leaky_relu(x: &Tensor, bias: &Tensor, slope: f32) -> Result<Tensor> {
    let (_, channels, ..) = x.dims4()?;
    if bias.dims() != [channels] || !(0.0..=1.0).contains(&slope) {
        candle_core::bail!("no leaky ReLU of {:?} with a bias {:?} and a slope of {slope}", x.dims(), bias.dims());
    }
    if x.device().is_cpu() {
        return x.contiguous()?.apply_op2(&bias.contiguous()?, BiasLeakyRelu(slope));
    }
    leaky(&x.broadcast_add(&bias.reshape((1, (), 1, 1))?)?, slope)
}

/// A leaky ReLU of Candle's operations, for other devices.
pub(super) fn leaky(x: &Tensor, slope: f32) -> Result<Tensor> {
    match slope {
        1.0 => Ok(x.clone()),
        0.0 => x.relu(),
        _ => x.relu()? - (x.neg()?.relu()? * f64::from(slope))?,
    }
}

struct BiasLeakyRelu(f32);

impl CustomOp2 for BiasLeakyRelu {
    fn name(&self) -> &'static str {
        "bias-leaky-relu"
    }

    fn cpu_fwd(&self, s1: &CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> Result<(CpuStorage, Shape)> {
        let (_, channels, height, width) = l1.shape().dims4()?;
        let (x, bias) = (values(s1, l1)?, values(s2, l2)?);
        let mut y = vec![0.0; x.len()];
        let planes = x.par_chunks(height * width).enumerate();
        y.par_chunks_mut(height * width).zip(planes).for_each(|(y, (index, x))| {
            let bias = bias[index % channels];
            y.iter_mut().zip(x).for_each(|(y, x)| *y = activated(x + bias, self.0));
        });
        Ok((CpuStorage::F32(y), l1.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, bias: &Tensor, y: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (_, channels, height, width) = x.dims4()?;
        let mut x_grad = vec![0.0; x.elem_count()];
        let mut sums = vec![0.0; x.elem_count() / (height * width)];
        with_values(y, |y| {
            with_values(&grad.contiguous()?, |grad| {
                let given = y.par_chunks(height * width).zip(grad.par_chunks(height * width));
                let planes = x_grad.par_chunks_mut(height * width).zip(sums.par_iter_mut());
                planes.zip(given).for_each(|((x_grad, sum), (y, grad))| {
                    pass_back(grad, y, self.0, x_grad);
                    *sum = total(x_grad);
                });
                Ok(())
            })
        })?;
        let bias_grad: Vec<f32> =
            (0..channels).map(|channel| sums.iter().skip(channel).step_by(channels).sum::<f64>() as f32).collect();
        Ok((
            Some(Tensor::from_vec(x_grad, x.shape(), x.device())?),
            Some(Tensor::from_vec(bias_grad, bias.shape(), bias.device())?),
        ))
    }
}

/// A leaky ReLU; what is not a number stays so.
pub(super) fn activated(value: f32, slope: f32) -> f32 {
    if value > 0.0 { value } else { slope * value }
}

/// The gradient before a leaky ReLU whose result was `y`: with a slope of 0..1 the result has the sign of its argument.
pub(super) fn pass_back(grad: &[f32], y: &[f32], slope: f32, result: &mut [f32]) {
    for ((result, &grad), &y) in result.iter_mut().zip(grad).zip(y) {
        *result = if y > 0.0 { grad } else { slope * grad };
    }
}

/// The sum of many numbers, in an order that allows vectors: this is the gradient of a bias, which Candle's `sum` over
/// pictures and pixels takes many times as long for.
pub(super) fn total(values: &[f32]) -> f64 {
    const LANES: usize = 32;
    // Few enough summands each for 24 bits.
    const BLOCK: usize = LANES * 64;
    let block = |block: &[f32]| {
        let mut lanes = [0f32; LANES];
        let chunks = block.chunks_exact(LANES);
        let rest: f32 = chunks.remainder().iter().sum();
        for chunk in chunks {
            lanes.iter_mut().zip(chunk).for_each(|(lane, value)| *lane += value);
        }
        lanes.iter().map(|&lane| f64::from(lane)).sum::<f64>() + f64::from(rest)
    };
    values.chunks(BLOCK).map(block).sum()
}

#[cfg(test)]
#[path = "tests/leaky_relu.rs"]
mod tests;
