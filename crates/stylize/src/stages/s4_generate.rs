//! Picture -> layers: the network.

use inkcast_frame::{Layers, Picture, Plane};
use inkcast_generator::{Carried, Engine, Folded, GeneratorError, Package};

use inkcast_kernels::Level;
use inkcast_kernels::resize::{enlarge, shrink, shrink_confidence};

use crate::{Compute, DeviceChoice, PrecisionChoice, StylizeError};

/// The network on its device, folded for one style at a time.
#[derive(Debug)]
pub(crate) struct GenerateStage {
    engine: Engine,
    /// Index of the folded style in the package.
    style: usize,
    device: String,
    /// Why `auto` did not take CUDA, in a build that has it.
    passed_over: Option<String>,
    /// Whether the network takes the carried layers as input; without, they only count when layers are composed.
    looks_back: bool,
    smaller: Smaller,
}

/// What the network sees and gives below the size of the picture.
#[derive(Debug, Default)]
struct Smaller {
    picture: Picture,
    layers: Layers,
    carried: Layers,
    confidence: Plane<u8>,
}

impl GenerateStage {
    pub fn new(package: &Package, compute: Compute) -> Result<Self, StylizeError> {
        let style = package.style("")?;
        let style = package.manifest().styles.iter().position(|other| other.name == style.name).unwrap_or(0);
        let looks_back = package.manifest().architecture.carried_input;
        let folded = fold(package, style)?;
        let cuda = |index| {
            let engine = Engine::cuda(&folded, index)?;
            Ok(GenerateStage {
                engine,
                style,
                device: format!("cuda:{index}"),
                passed_over: None,
                looks_back,
                smaller: Smaller::default(),
            })
        };
        let cpu = |passed_over| {
            let engine = Engine::cpu(&folded, compute.precision.0)?;
            let device = "cpu".to_string();
            Ok(GenerateStage { engine, style, device, passed_over, looks_back, smaller: Smaller::default() })
        };
        match compute.device {
            DeviceChoice::Cuda(index) => cuda(index),
            DeviceChoice::Cpu => cpu(None),
            DeviceChoice::Auto => {
                cuda(0).or_else(|error: StylizeError| cpu(cfg!(feature = "cuda").then(|| error.to_string())))
            }
        }
    }

    /// `cpu` or `cuda:N`.
    pub fn device(&self) -> &str {
        &self.device
    }

    /// Why `auto` did not take CUDA, in a build that has it.
    pub fn passed_over(&self) -> Option<&str> {
        self.passed_over.as_deref()
    }

    /// The numbers that the network runs in, and whether it is told what was drawn before.
    pub fn numbers(&self) -> String {
        let numbers = match &self.engine {
            Engine::Cpu(engine) => PrecisionChoice(engine.precision()).to_string(),
            Engine::Tensor(_) => "f32".to_string(),
        };
        if self.looks_back { format!("{numbers}, carried layers as input") } else { numbers }
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

    /// The layers of `picture`, by a network that runs at `size`, which is that of the picture or smaller.
    pub fn run(
        &mut self,
        level: Level,
        picture: &Picture,
        carried: Option<Carried<'_>>,
        size: (usize, usize),
        layers: &mut Layers,
    ) -> Result<(), StylizeError> {
        if size == picture.size() {
            return Ok(self.engine.run(picture, carried, layers)?);
        }
        let Smaller { picture: small, layers: small_layers, carried: carried_layers, confidence } = &mut self.smaller;
        small.resize(size.0, size.1);
        shrink(picture, small);
        let carried = carried.filter(|_| self.looks_back).map(|carried| {
            carried_layers.resize(size.0, size.1);
            shrink(carried.layers, carried_layers);
            confidence.resize(size.0, size.1);
            shrink_confidence(carried.confidence, confidence);
            Carried { layers: carried_layers, confidence }
        });
        self.engine.run(small, carried, small_layers)?;
        enlarge(level, small_layers, small, picture, layers);
        Ok(())
    }
}

fn fold(package: &Package, style: usize) -> Result<Folded, GeneratorError> {
    package.fold(&package.manifest().styles[style].name)
}
