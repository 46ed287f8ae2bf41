//! Picture -> layers: the network.

use inkcast_frame::{Layers, Picture, Plane};
use inkcast_generator::{Carried, Engine, Folded, GeneratorError, Package};

use inkcast_kernels::Level;
use inkcast_kernels::resize::{enlarge, shrink, shrink_confidence};

use crate::{Compute, PrecisionChoice, StylizeError};

/// The network on the CPU, folded for one style at a time.
#[derive(Debug)]
pub(crate) struct GenerateStage {
    engine: Engine,
    /// Index of the folded style in the package.
    style: usize,
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
        let style = default_style(package)?;
        let engine = Engine::cpu(&fold(package, style)?, compute.precision.0)?;
        let looks_back = package.manifest().architecture.carried_input;
        Ok(GenerateStage { engine, style, looks_back, smaller: Smaller::default() })
    }

    /// The numbers that the network runs in, and whether it is told what was drawn before.
    pub fn numbers(&self) -> String {
        let numbers = PrecisionChoice(self.engine.precision()).to_string();
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

/// Index of the style that a package begins with.
pub(crate) fn default_style(package: &Package) -> Result<usize, GeneratorError> {
    let name = &package.style("")?.name;
    Ok(package.manifest().styles.iter().position(|style| style.name == *name).unwrap_or(0))
}

/// The network in the style of this index.
pub(crate) fn fold(package: &Package, style: usize) -> Result<Folded, GeneratorError> {
    package.fold(&package.manifest().styles[style].name)
}
