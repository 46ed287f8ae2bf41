//! Differentiable operations for training. Each has kernels of its own for the CPU and runs on other devices as Candle's
//! operations, or as matrix products where those differentiate badly; the tests run both on the CPU and compare them.
//!
//! Candle's own convolution runs there at a tenth of what the processor can do, and training spends nearly all of its
//! time in convolutions. [`TrainingOps`] gives the generator the ones of this module; [`inkcast_generator::CandleOps`]
//! is the slow form that the tests compare them with.

mod add_relu;
mod conv;
mod conv_transpose;
mod geometry;
mod leaky_relu;
mod max_pool;
mod passes;
mod products;
mod resample;
mod scratch;
mod stretches;
mod warp;

use candle_core::{Result, Tensor};
use inkcast_generator::{Activation, ConvOps};

pub use add_relu::add_relu;
pub use conv::{Convolution, conv2d, convolve};
pub use conv_transpose::{Transposed, conv_transpose2d};
pub use leaky_relu::bias_leaky_relu;
pub use max_pool::max_pool2d;
pub use resample::{avg_pool2d, reflection_pad2d, resize_bilinear, resize_nearest};
pub use warp::{Kernel, warp};

/// Convolutions for training, on the CPU by own kernels, on every other device by Candle's and by matrix products.
#[derive(Debug, Clone, Copy, Default)]
pub struct TrainingOps;

impl ConvOps for TrainingOps {
    fn conv2d(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        addend: Option<&Tensor>,
        stride: usize,
        activation: Activation,
    ) -> Result<Tensor> {
        match (addend, activation) {
            (None, _) => conv2d(x, weight, bias, stride, activation),
            (Some(addend), Activation::Relu) => add_relu(&conv2d(x, weight, bias, stride, Activation::None)?, addend),
            (Some(addend), Activation::None) => conv2d(x, weight, bias, stride, Activation::None)? + addend,
        }
    }
}

/// The numbers of a contiguous `f32` tensor on the CPU, handed to `use_them`.
pub(crate) fn with_values<R>(tensor: &Tensor, use_them: impl FnOnce(&[f32]) -> Result<R>) -> Result<R> {
    let (storage, layout) = tensor.storage_and_layout();
    let candle_core::Storage::Cpu(storage) = &*storage else {
        candle_core::bail!("this operation runs on the CPU only");
    };
    use_them(values(storage, layout)?)
}

/// The same for what a custom operation is given.
pub(crate) fn values<'a>(storage: &'a candle_core::CpuStorage, layout: &candle_core::Layout) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => candle_core::bail!("this operation takes contiguous tensors only"),
    }
}

#[cfg(test)]
mod tests;
