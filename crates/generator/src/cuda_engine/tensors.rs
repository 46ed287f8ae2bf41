use std::cell::RefCell;
use std::time::Duration;

use candle_core::cuda_backend::cudarc::driver::CudaSlice;
use candle_core::{CpuStorage, CudaStorage, DType, InplaceOp1, Layout, Storage, Tensor};
use inkcast_kernels::conv_f16::cuda::DeviceCarried;
use inkcast_kernels::device::{DeviceContext, DeviceError, DevicePlane};
use inkcast_kernels::planar::{self, CARRIED_PLANES, PICTURE_PLANES};

use crate::{CandleOps, Folded, GeneratorError, SharedNetwork};

/// The network by Candle's operations, with kernels between its tensors and the device's planes.
pub(super) struct TensorNetwork {
    device: DeviceContext,
    weights: Weights,
    /// Whether the network takes the carried layers.
    looks_back: bool,
    inputs: Option<Inputs>,
}

/// The network, its own or shared with others.
enum Weights {
    Own(Folded),
    Shared { network: SharedNetwork, window: Duration },
}

/// What the network reads, for pictures of one size.
struct Inputs {
    picture: (usize, usize),
    rgb: Tensor,
    carried: Tensor,
}

impl TensorNetwork {
    pub fn new(device: DeviceContext, folded: &Folded) -> Result<Self, GeneratorError> {
        let weights = Weights::Own(folded.to_device(device.candle())?);
        let looks_back = folded.architecture().carried_input;
        Ok(TensorNetwork { device, weights, looks_back, inputs: None })
    }

    /// Shared with others that run within `window`.
    pub fn shared(device: DeviceContext, folded: &Folded, window: Duration) -> Result<Self, GeneratorError> {
        let network = SharedNetwork::join(folded, device.candle(), window)?;
        let looks_back = folded.architecture().carried_input;
        Ok(TensorNetwork { device, weights: Weights::Shared { network, window }, looks_back, inputs: None })
    }

    pub fn set_style(&mut self, folded: &Folded) -> Result<(), GeneratorError> {
        self.looks_back = folded.architecture().carried_input;
        let device = self.device.candle();
        match &mut self.weights {
            Weights::Own(own) => *own = folded.to_device(device)?,
            Weights::Shared { network, window } => *network = SharedNetwork::join(folded, device, *window)?,
        }
        Ok(())
    }

    pub fn run(
        &mut self,
        picture: &DevicePlane<[u8; 4]>,
        carried: Option<DeviceCarried<'_>>,
        layers: &mut DevicePlane<[i16; 4]>,
    ) -> Result<(), GeneratorError> {
        self.fit(picture.size())?;
        let TensorNetwork { device, weights, looks_back, inputs } = self;
        let Some(inputs) = inputs else {
            return Err(GeneratorError::Architecture("the network has no tensors for this size yet".to_string()));
        };
        Fill::with(&inputs.rgb, |planes| planar::cuda::from_picture(device, picture, planes))?;
        let carried = match carried.filter(|_| *looks_back) {
            None => None,
            Some(carried) => {
                Fill::with(&inputs.carried, |planes| planar::cuda::from_carried(device, carried, planes))?;
                Some(&inputs.carried)
            }
        };
        let output = match weights {
            Weights::Own(folded) => folded.forward(&CandleOps, &inputs.rgb, carried)?.contiguous()?,
            Weights::Shared { network, .. } => network.forward(inputs.rgb.clone(), carried.cloned())?,
        };
        let (storage, _) = output.storage_and_layout();
        match &*storage {
            Storage::Cuda(storage) => Ok(planar::cuda::to_layers(device, storage.as_cuda_slice::<f32>()?, layers)?),
            _ => Err(candle_core::Error::Msg("the network's output is not on the CUDA device".to_string()).into()),
        }
    }

    fn fit(&mut self, picture: (usize, usize)) -> Result<(), GeneratorError> {
        if self.inputs.as_ref().is_none_or(|inputs| inputs.picture != picture) {
            let (width, height) = planar::padded(picture);
            let tensor = |planes| Tensor::zeros((1, planes, height, width), DType::F32, self.device.candle());
            self.inputs = Some(Inputs { picture, rgb: tensor(PICTURE_PLANES)?, carried: tensor(CARRIED_PLANES)? });
        }
        Ok(())
    }
}

/// Fills the memory of a tensor on the device.
struct Fill<F>(RefCell<Option<F>>);

impl<F: FnOnce(&mut CudaSlice<f32>) -> Result<(), DeviceError>> Fill<F> {
    fn with(tensor: &Tensor, fill: F) -> candle_core::Result<()> {
        tensor.inplace_op1(&Fill(RefCell::new(Some(fill))))
    }
}

impl<F: FnOnce(&mut CudaSlice<f32>) -> Result<(), DeviceError>> InplaceOp1 for Fill<F> {
    fn name(&self) -> &'static str {
        "fill"
    }

    fn cpu_fwd(&self, _: &mut CpuStorage, _: &Layout) -> candle_core::Result<()> {
        candle_core::bail!("planes of a CUDA device cannot fill a tensor on the CPU")
    }

    fn cuda_fwd(&self, storage: &mut CudaStorage, _: &Layout) -> candle_core::Result<()> {
        let planes = storage.as_cuda_slice_mut::<f32>()?;
        match self.0.take() {
            Some(fill) => fill(planes).map_err(|error| candle_core::Error::Cuda(error.into())),
            None => Ok(()),
        }
    }
}
