//! Folded weights on the CPU.

mod network;
mod numbers;
mod ring;
mod weights;

use inkcast_frame::{Layers, Picture};
use inkcast_kernels::Level;
use inkcast_kernels::shuffle::Carried;

use crate::{Folded, GeneratorError};
use network::Network;

/// The numbers that the network runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// 8-bit integers where the style's activations are known and the instructions at hand gain from them, else `f32`.
    #[default]
    Auto,
    /// 32-bit floats.
    F32,
    /// 8-bit integers: maps are bytes, sums are exact, the residual from the source keeps its full precision.
    Int8,
}

/// Runs folded weights on the CPU, channels last, in buffers that are made once per picture size.
///
/// It computes what [`Folded::forward`] defines, clamped, for pictures of any size: in `f32` to within rounding, in
/// 8-bit integers to within what quantisation costs.
#[derive(Debug)]
pub struct CpuEngine {
    level: Level,
    precision: Precision,
    network: Kind,
}

#[derive(Debug)]
enum Kind {
    F32(Box<Network<f32>>),
    Int8(Box<Network<u8>>),
}

impl CpuEngine {
    /// Packs `folded` for the kernels of `level`.
    ///
    /// # Errors
    /// [`GeneratorError::NotCalibrated`] for [`Precision::Int8`] if `folded` has no activations.
    pub fn new(folded: &Folded, level: Level, precision: Precision) -> Result<Self, GeneratorError> {
        let network = match choose(folded, level, precision)? {
            Precision::Int8 => Kind::Int8(Box::new(Network::new(folded)?)),
            _ => Kind::F32(Box::new(Network::new(folded)?)),
        };
        Ok(CpuEngine { level, precision, network })
    }

    /// Takes the weights of another style; buffers stay, unless the style needs other numbers.
    ///
    /// # Errors
    /// As [`CpuEngine::new`]; the engine then stays as it is.
    pub fn set_style(&mut self, folded: &Folded) -> Result<(), GeneratorError> {
        match (choose(folded, self.level, self.precision)?, &mut self.network) {
            (Precision::Int8, Kind::Int8(network)) => network.set_weights(folded)?,
            (Precision::F32, Kind::F32(network)) => network.set_weights(folded)?,
            _ => *self = CpuEngine::new(folded, self.level, self.precision)?,
        }
        Ok(())
    }

    /// The instructions in use.
    pub fn level(&self) -> Level {
        self.level
    }

    /// The numbers in use: [`Precision::F32`] or [`Precision::Int8`].
    pub fn precision(&self) -> Precision {
        match self.network {
            Kind::F32(_) => Precision::F32,
            Kind::Int8(_) => Precision::Int8,
        }
    }

    /// The layers of one picture, on the current thread pool; the result does not depend on its size. What is carried
    /// from the previous frame is used by networks that take it, and is nothing to others.
    pub fn run(&mut self, picture: &Picture, carried: Option<Carried<'_>>, layers: &mut Layers) {
        match &mut self.network {
            Kind::F32(network) => network.run(self.level, picture, carried, layers),
            Kind::Int8(network) => network.run(self.level, picture, carried, layers),
        }
    }
}

/// F32 or Int8.
fn choose(folded: &Folded, level: Level, precision: Precision) -> Result<Precision, GeneratorError> {
    // Without dot products of bytes, exact sums cost as much as floats: AVX-512's floats are faster than what it could do
    // with words, and so are plain ones.
    let gains = !matches!(level, Level::Plain | Level::Avx512);
    match (precision, folded.activations().is_empty()) {
        (Precision::Int8, true) => Err(GeneratorError::NotCalibrated),
        (Precision::Int8, false) => Ok(Precision::Int8),
        (Precision::Auto, false) if gains => Ok(Precision::Int8),
        (Precision::Auto | Precision::F32, _) => Ok(Precision::F32),
    }
}
