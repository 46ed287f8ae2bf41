//! Picture -> layers: the network.

use inkcast_frame::{Layers, Picture};
use inkcast_generator::{Carried, Engine, Folded, GeneratorError, Package, Precision};

use crate::{DeviceChoice, StylizeError};

/// The network on its device, folded for one style at a time.
#[derive(Debug)]
pub(crate) struct GenerateStage {
    engine: Engine,
    /// Index of the folded style in the package.
    style: usize,
    device: String,
}

impl GenerateStage {
    pub fn new(package: &Package, device: DeviceChoice) -> Result<Self, StylizeError> {
        let style = 0;
        let folded = fold(package, style)?;
        let cuda = |index| {
            let engine = Engine::cuda(&folded, index)?;
            Ok(GenerateStage { engine, style, device: format!("cuda:{index}") })
        };
        let cpu =
            || Ok(GenerateStage { engine: Engine::cpu(&folded, Precision::Auto)?, style, device: "cpu".to_string() });
        match device {
            DeviceChoice::Cuda(index) => cuda(index),
            DeviceChoice::Cpu => cpu(),
            DeviceChoice::Auto => cuda(0).or_else(|_: StylizeError| cpu()),
        }
    }

    /// `cpu` or `cuda:N`.
    pub fn device(&self) -> &str {
        &self.device
    }

    /// Folds another style in, and tells whether it is another one.
    pub fn set_style(&mut self, package: &Package, style: usize) -> Result<bool, StylizeError> {
        if style == self.style {
            return Ok(false);
        }
        self.engine.set_style(&fold(package, style)?)?;
        self.style = style;
        Ok(true)
    }

    pub fn run(
        &mut self,
        picture: &Picture,
        carried: Option<Carried<'_>>,
        layers: &mut Layers,
    ) -> Result<(), StylizeError> {
        Ok(self.engine.run(picture, carried, layers)?)
    }
}

fn fold(package: &Package, style: usize) -> Result<Folded, GeneratorError> {
    package.fold(&package.manifest().styles[style].name)
}
