use candle_core::Device;
use inkcast_frame::{Layers, Picture};
use inkcast_kernels::Level;
#[cfg(feature = "cuda")]
use inkcast_kernels::device::{DeviceContext, DeviceError};
use inkcast_kernels::shuffle::Carried;

use crate::{CpuEngine, Folded, GeneratorError, Precision, TensorEngine};

/// A generator ready to run, wherever it runs.
#[derive(Debug)]
pub enum Engine {
    /// On the CPU.
    Cpu(Box<CpuEngine>),
    /// On a Candle device.
    Tensor(TensorEngine),
}

impl Engine {
    /// `folded` on the CPU, with the best instructions that it has and that `INKCAST_CPU_LEVEL` allows.
    ///
    /// # Errors
    /// If that variable names no level, or `precision` asks for what the style is not prepared for.
    pub fn cpu(folded: &Folded, precision: Precision) -> Result<Self, GeneratorError> {
        Ok(Engine::Cpu(Box::new(CpuEngine::new(folded, Level::choose()?, precision)?)))
    }

    /// Whether the CUDA device with this index can be opened, and if not, why.
    pub fn check_cuda(index: usize) -> Result<(), GeneratorError> {
        cuda_device(index).map(drop)
    }

    /// `folded` on the CUDA device with this index.
    pub fn cuda(folded: &Folded, index: usize) -> Result<Self, GeneratorError> {
        Ok(Engine::Tensor(TensorEngine::new(folded, cuda_device(index)?)?))
    }

    /// The numbers in use: [`Precision::F32`] or [`Precision::Int8`].
    pub fn precision(&self) -> Precision {
        match self {
            Engine::Cpu(engine) => engine.precision(),
            Engine::Tensor(_) => Precision::F32,
        }
    }

    /// Takes the weights of another style.
    pub fn set_style(&mut self, folded: &Folded) -> Result<(), GeneratorError> {
        match self {
            Engine::Cpu(engine) => engine.set_style(folded)?,
            Engine::Tensor(engine) => engine.set_style(folded)?,
        }
        Ok(())
    }

    /// The layers of one picture; on the CPU by the current thread pool. What is carried from the previous frame is
    /// used by networks that take it, and is nothing to others.
    pub fn run(
        &mut self,
        picture: &Picture,
        carried: Option<Carried<'_>>,
        layers: &mut Layers,
    ) -> Result<(), GeneratorError> {
        match self {
            Engine::Cpu(engine) => engine.run(picture, carried, layers),
            Engine::Tensor(engine) => engine.run(picture, carried, layers)?,
        }
        Ok(())
    }
}

/// Opens the CUDA device with this index.
///
/// # Errors
/// If there is none, with the reason: the build, the driver, a library or the index.
#[cfg(feature = "cuda")]
pub fn cuda_device(index: usize) -> Result<Device, GeneratorError> {
    match DeviceContext::open(index) {
        Ok(context) => Ok(context.candle().clone()),
        Err(DeviceError::Open { index, reason }) => Err(GeneratorError::Cuda { index, reason }),
        Err(error) => Err(GeneratorError::Cuda { index, reason: error.to_string() }),
    }
}

/// Opens the CUDA device with this index, which this build cannot.
#[cfg(not(feature = "cuda"))]
pub fn cuda_device(index: usize) -> Result<Device, GeneratorError> {
    let reason = "this build has no CUDA support; build with `--features cuda` or use device=cpu".to_string();
    Err(GeneratorError::Cuda { index, reason })
}
