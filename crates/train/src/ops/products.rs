//! Convolutions for devices other than the CPU: forward by Candle, whose kernels are fast in this direction, and backward by
//! forward convolutions and matrix products, because Candle's own gradients run in naive kernels there.

use candle_core::{CpuStorage, CustomOp3, DType, Layout, Result, Shape, Tensor};

/// `conv(x)` with `padding` zeros around, differentiable in both tensors: `x` `[N, I, H, W]`, `weight` `[O, I, K, K]`, of any
/// kind of float that the device computes with.
pub(super) fn convolve(x: &Tensor, weight: &Tensor, stride: usize, padding: usize) -> Result<Tensor> {
    let y = x.detach().conv2d(&weight.detach(), padding, stride, 1, 1)?;
    x.apply_op3(weight, &y, KnownResult { stride, padding })
}

/// A convolution whose result is known already: it is the third argument. What is left to say is the way back.
struct KnownResult {
    stride: usize,
    padding: usize,
}

impl CustomOp3 for KnownResult {
    fn name(&self) -> &'static str {
        "convolution"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        result: &CpuStorage,
        layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        Ok((result.clone(), layout.shape().clone()))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        _: &candle_core::CudaStorage,
        _: &Layout,
        _: &candle_core::CudaStorage,
        _: &Layout,
        result: &candle_core::CudaStorage,
        layout: &Layout,
    ) -> Result<(candle_core::CudaStorage, Shape)> {
        use candle_core::backend::BackendStorage;
        Ok((result.try_clone(layout)?, layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let to_x = x.track_op().then(|| self.inputs(x, weight, &grad)).transpose()?;
        let to_weight = weight.track_op().then(|| self.weights(x, weight, &grad)).transpose()?;
        Ok((to_x, to_weight, None))
    }
}

impl KnownResult {
    /// The gradient in `x`: that in the result, its values `stride` apart with zeros between them, convolved with the kernel
    /// turned by half a turn, inputs and outputs changed places.
    fn inputs(&self, x: &Tensor, weight: &Tensor, grad: &Tensor) -> Result<Tensor> {
        let (batch, outputs, rows, columns) = grad.dims4()?;
        let (_, _, height, width) = x.dims4()?;
        let (kernel, stride) = (weight.dim(2)?, self.stride);
        let between = grad.reshape((batch, outputs, rows, 1, columns, 1))?;
        let between = between.pad_with_zeros(3, 0, stride - 1)?.pad_with_zeros(5, 0, stride - 1)?;
        let mut spread = between.reshape((batch, outputs, rows * stride, columns * stride))?;
        for (dim, length) in [(2, height), (3, width)] {
            let (before, wanted) = (kernel - 1 - self.padding, length + kernel - 1);
            spread = spread.pad_with_zeros(dim, before, wanted.saturating_sub(spread.dim(dim)? + before))?;
            // Zeros behind the last value may be more than there are pixels.
            spread = spread.narrow(dim, 0, wanted)?;
        }
        let turned = weight.detach().transpose(0, 1)?.contiguous()?.flip(&[2, 3])?;
        spread.contiguous()?.conv2d(&turned, 0, 1, 1, 1)
    }

    /// The gradient in `weight`: for each place of the kernel, the product of the gradient with what that place saw.
    fn weights(&self, x: &Tensor, weight: &Tensor, grad: &Tensor) -> Result<Tensor> {
        let (batch, outputs, rows, columns) = grad.dims4()?;
        let (_, inputs, _, _) = x.dims4()?;
        let (kernel, stride) = (weight.dim(2)?, self.stride);
        // Rows and columns in groups of a stride, so that every stride-th one is a slice.
        let mut groups = x.detach();
        for (dim, count) in [(2, rows), (3, columns)] {
            let length = groups.dim(dim)? + self.padding;
            let whole = (length.div_ceil(stride)).max((kernel - 1) / stride + count) * stride;
            groups = groups.pad_with_zeros(dim, self.padding, whole - length)?;
        }
        let (_, _, height, width) = groups.dims4()?;
        let groups = groups.reshape((batch, inputs, height / stride, stride, width / stride, stride))?;
        let grad = grad.reshape((batch, outputs, rows * columns))?;
        let mut products = Vec::with_capacity(kernel * kernel);
        for ky in 0..kernel {
            let lines = groups.narrow(2, ky / stride, rows)?.narrow(3, ky % stride, 1)?;
            for kx in 0..kernel {
                let seen = lines.narrow(4, kx / stride, columns)?.narrow(5, kx % stride, 1)?;
                let seen = seen.contiguous()?.reshape((batch, inputs, rows * columns))?;
                // Summed over the pictures in full precision, whatever the kind of float.
                let product = grad.matmul(&seen.transpose(1, 2)?.contiguous()?)?.to_dtype(DType::F32)?.sum(0)?;
                products.push(product);
            }
        }
        let products = Tensor::stack(&products, 2)?.reshape((outputs, inputs, kernel, kernel))?;
        products.to_dtype(weight.dtype())
    }
}

#[cfg(test)]
#[path = "tests/products.rs"]
mod tests;
