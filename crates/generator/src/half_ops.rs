use candle_core::{CpuStorage, CustomOp1, CustomOp2, DType, Layout, Result, Shape, Tensor};
use half::f16;
use half::slice::HalfFloatSliceExt;
use inkcast_kernels::conv_f16::{CHANNEL_STEP, Finish, MapSize, PackedConvF16, conv};
#[cfg(feature = "cuda")]
use inkcast_kernels::device::DeviceContext;

use crate::plain_conv::PlainConv;
use crate::{Activation, Conv, ConvOps};

/// Convolutions in 16-bit floats with sums in 32: on a CUDA device by Inkcast's kernels for tensor cores, on the CPU by
/// their plain definition.
///
/// Each call packs its weights and turns its tensors to channels last and back, so this is for comparing the kernels with
/// [`crate::CandleOps`]; frames go through [`crate::HalfNetwork`].
#[derive(Debug, Clone, Default)]
pub struct HalfOps {
    #[cfg(feature = "cuda")]
    device: Option<DeviceContext>,
}

#[cfg(feature = "cuda")]
impl HalfOps {
    /// For tensors on a CUDA device.
    pub fn cuda(device: DeviceContext) -> Self {
        HalfOps { device: Some(device) }
    }
}

impl ConvOps for HalfOps {
    fn conv2d(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        addend: Option<&Tensor>,
        stride: usize,
        activation: Activation,
    ) -> Result<Tensor> {
        let (outputs, inputs, ..) = weight.dims4()?;
        let folded = Conv { weight: weight.clone(), bias: bias.clone(), stride };
        let plain = PlainConv::new(&folded).map_err(candle_core::Error::wrap)?;
        let padded = |channels: usize| channels.next_multiple_of(CHANNEL_STEP);
        let plain = plain.with_inputs(padded(inputs), |at| (at < inputs).then_some(at));
        let plain = plain.with_outputs(padded(outputs), |at| (at < outputs).then_some(at));
        let finish = Finish { add: addend.is_some(), relu: activation == Activation::Relu, ..Finish::default() };
        let PlainConv { weights, bias, inputs, kernel, stride } = &plain;
        let op = HalfConv {
            packed: PackedConvF16::new(weights, bias, *inputs, *kernel, *stride, finish),
            #[cfg(feature = "cuda")]
            device: self.device.clone(),
        };
        let run = |index: usize| -> Result<Tensor> {
            let map = channels_last(&x.get(index)?)?;
            let result = match addend {
                None => map.apply_op1_no_bwd(&op)?,
                Some(addend) => map.apply_op2_no_bwd(&channels_last(&addend.get(index)?)?, &op)?,
            };
            result.narrow(2, 0, outputs)?.permute((2, 0, 1))?.to_dtype(DType::F32)
        };
        let results: Vec<Tensor> = (0..x.dim(0)?).map(run).collect::<Result<_>>()?;
        Tensor::stack(&results, 0)
    }
}

/// `[C, H, W]` -> `[H, W, C]` in 16-bit floats, channels filled up with zeros.
fn channels_last(x: &Tensor) -> Result<Tensor> {
    let channels = x.dim(0)?;
    let missing = channels.next_multiple_of(CHANNEL_STEP) - channels;
    x.permute((1, 2, 0))?.pad_with_zeros(2, 0, missing)?.to_dtype(DType::F16)?.contiguous()
}

/// A convolution of a tensor `[H, W, C]`, and of one on top of another.
struct HalfConv {
    packed: PackedConvF16,
    #[cfg(feature = "cuda")]
    device: Option<DeviceContext>,
}

impl HalfConv {
    fn size(&self, layout: &Layout) -> Result<(MapSize, Shape)> {
        let (height, width, channels) = layout.shape().dims3()?;
        let size = MapSize { width, height, channels };
        let output = self.packed.output(size);
        Ok((size, (output.height, output.width, output.channels).into()))
    }

    fn on_cpu(&self, map: &CpuStorage, layout: &Layout, before: Option<(&CpuStorage, &Layout)>) -> Result<CpuStorage> {
        let (size, _) = self.size(layout)?;
        let mut output = match before {
            None => vec![f16::ZERO; self.packed.output(size).values()],
            Some((before, layout)) => contiguous(before, layout)?.to_vec(),
        };
        conv(&self.packed, size, contiguous(map, layout)?.reinterpret_cast(), output.reinterpret_cast_mut());
        Ok(CpuStorage::F16(output))
    }
}

fn contiguous<'a>(map: &'a CpuStorage, layout: &Layout) -> Result<&'a [f16]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&map.as_slice::<f16>()?[start..end]),
        None => candle_core::bail!("a map of 16-bit floats has to be contiguous"),
    }
}

impl CustomOp1 for HalfConv {
    fn name(&self) -> &'static str {
        "conv-f16"
    }

    fn cpu_fwd(&self, map: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok((self.on_cpu(map, layout, None)?, self.size(layout)?.1))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, map: &candle_core::CudaStorage, layout: &Layout) -> Result<(candle_core::CudaStorage, Shape)> {
        Ok((self.on_cuda(map, layout, None)?, self.size(layout)?.1))
    }
}

impl CustomOp2 for HalfConv {
    fn name(&self) -> &'static str {
        "conv-f16-onto"
    }

    fn cpu_fwd(
        &self,
        map: &CpuStorage,
        layout: &Layout,
        before: &CpuStorage,
        before_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        Ok((self.on_cpu(map, layout, Some((before, before_layout)))?, self.size(layout)?.1))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        map: &candle_core::CudaStorage,
        layout: &Layout,
        before: &candle_core::CudaStorage,
        before_layout: &Layout,
    ) -> Result<(candle_core::CudaStorage, Shape)> {
        Ok((self.on_cuda(map, layout, Some((before, before_layout)))?, self.size(layout)?.1))
    }
}

#[cfg(feature = "cuda")]
mod on_cuda {
    use candle_core::CudaStorage;
    use candle_core::backend::BackendStorage;
    use candle_core::cuda_backend::CudaDType;
    use candle_core::cuda_backend::cudarc::driver::CudaSlice;
    use inkcast_kernels::conv_f16::cuda::{DeviceConv, conv_tensor};
    use inkcast_kernels::device::DeviceError;

    use super::*;

    impl HalfConv {
        pub(super) fn on_cuda(
            &self,
            map: &CudaStorage,
            layout: &Layout,
            before: Option<(&CudaStorage, &Layout)>,
        ) -> Result<CudaStorage> {
            let Some(device) = &self.device else {
                candle_core::bail!("convolutions in 16-bit floats were not given the CUDA device of their tensors");
            };
            let failed = |error: DeviceError| candle_core::Error::Cuda(error.into());
            let (size, _) = self.size(layout)?;
            let mut output = match before {
                None => map.device().alloc_zeros::<f16>(self.packed.output(size).values())?,
                Some((before, layout)) => whole(before, layout)?.try_clone().map_err(candle_core::Error::wrap)?,
            };
            let conv = DeviceConv::new(device, self.packed.clone()).map_err(failed)?;
            conv_tensor(device, &conv, size, whole(map, layout)?, &mut output).map_err(failed)?;
            Ok(f16::wrap_cuda_slice(output, map.device().clone()))
        }
    }

    fn whole<'a>(map: &'a CudaStorage, layout: &Layout) -> Result<&'a CudaSlice<f16>> {
        let slice = map.as_cuda_slice::<f16>()?;
        match layout.contiguous_offsets() {
            Some((0, end)) if end == slice.len() => Ok(slice),
            _ => candle_core::bail!("a map of 16-bit floats has to be a contiguous tensor of its own"),
        }
    }
}
