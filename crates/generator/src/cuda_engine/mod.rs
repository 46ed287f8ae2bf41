//! The network on a CUDA device, from the device's memory to the device's memory.

mod halves;
mod tensors;

use std::fmt;
use std::time::Duration;

use inkcast_kernels::conv_f16::cuda::{DeviceCarried, DeviceInput};
use inkcast_kernels::device::{DeviceContext, DevicePlane};

use crate::{Convolutions, Folded, GeneratorError, HalfNetwork};
use halves::SharedHalves;
use tensors::TensorNetwork;

/// Runs folded weights on a CUDA device; nothing of a frame crosses the bus.
///
/// It has not run on a GPU yet: `docs/gpu.md` says what was checked.
pub struct CudaEngine(Network);

enum Network {
    Tensors(TensorNetwork),
    Own(HalfNetwork<DeviceContext>),
    SharedOwn(SharedHalves),
}

impl CudaEngine {
    /// Brings `folded` to the device, which has to be one that was opened, not a branch of it: Candle's tensors use its
    /// stream. Who computes convolutions is chosen by [`Convolutions::choose`].
    ///
    /// # Errors
    /// If that fails, or the device does not take the weights.
    pub fn new(device: &DeviceContext, folded: &Folded) -> Result<Self, GeneratorError> {
        CudaEngine::with(device, folded, Convolutions::choose()?)
    }

    /// The same, with the network shared with all others of the same weights on this very device: what they run within
    /// `window` runs as one batch ([`SharedNetwork`](crate::SharedNetwork), [`HalfBatch`](crate::HalfBatch)).
    pub fn batching(device: &DeviceContext, folded: &Folded, window: Duration) -> Result<Self, GeneratorError> {
        CudaEngine::batching_with(device, folded, window, Convolutions::choose()?)
    }

    /// The same with `convolutions`.
    pub fn batching_with(
        device: &DeviceContext,
        folded: &Folded,
        window: Duration,
        convolutions: Convolutions,
    ) -> Result<Self, GeneratorError> {
        Ok(CudaEngine(match convolutions {
            Convolutions::Own => Network::SharedOwn(SharedHalves::new(device.clone(), folded, window)),
            _ => Network::Tensors(TensorNetwork::shared(device.clone(), folded, window)?),
        }))
    }

    /// The same with `convolutions`.
    pub fn with(device: &DeviceContext, folded: &Folded, convolutions: Convolutions) -> Result<Self, GeneratorError> {
        Ok(CudaEngine(match convolutions {
            Convolutions::Own => Network::Own(HalfNetwork::new(device.clone(), folded)?),
            _ => Network::Tensors(TensorNetwork::new(device.clone(), folded)?),
        }))
    }

    /// Takes the weights of another style. Recorded launches use them from then on, unless the network is of another
    /// shape; then they have to be recorded anew.
    pub fn set_style(&mut self, folded: &Folded) -> Result<(), GeneratorError> {
        match &mut self.0 {
            Network::Tensors(network) => network.set_style(folded),
            Network::Own(network) => network.set_style(folded),
            Network::SharedOwn(network) => {
                network.set_style(folded);
                Ok(())
            }
        }
    }

    /// Whether [`CudaEngine::run`] can be recorded once it has run for a size: with Inkcast's own kernels it takes the
    /// same launches each time and allocates nothing. Candle allocates for every operation, and who shares a network does
    /// not know with how many.
    pub fn can_be_recorded(&self) -> bool {
        matches!(self.0, Network::Own(_))
    }

    /// Starts the computation of the layers of one picture, in the order of the device's stream. What is carried from the
    /// previous frame is used by networks that take it, and is nothing to others. Memory is allocated when the size
    /// changes.
    ///
    /// # Panics
    /// If planes differ in size.
    pub fn run(
        &mut self,
        picture: &DevicePlane<[u8; 4]>,
        carried: Option<DeviceCarried<'_>>,
        layers: &mut DevicePlane<[i16; 4]>,
    ) -> Result<(), GeneratorError> {
        assert_eq!(layers.size(), picture.size(), "size of the layers");
        if picture.width() == 0 || picture.height() == 0 {
            return Ok(());
        }
        match &mut self.0 {
            Network::Tensors(network) => network.run(picture, carried, layers),
            Network::Own(network) => {
                network.fit(picture.size(), 1)?;
                network.run(&[DeviceInput { picture, carried }], &mut [layers])
            }
            Network::SharedOwn(network) => network.run(DeviceInput { picture, carried }, layers),
        }
    }
}

impl fmt::Debug for CudaEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let network = match self.0 {
            Network::Tensors(_) => "tensors",
            Network::Own(_) | Network::SharedOwn(_) => "own",
        };
        f.debug_tuple("CudaEngine").field(&network).finish()
    }
}
