use anyhow::{Result, ensure};
use inkcast_generator::{Architecture, Screen};
use serde::Deserialize;

use crate::config::Model;
use crate::data::Augment;
use crate::gan::settings::{Discriminator, Fit, within};

/// Its configuration, as written in `configs/cycle.toml`. Unknown keys are errors.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// "cycle".
    pub method: String,
    /// What the exported package says of itself.
    pub model: Model,
    /// What is imitated.
    pub data: Data,
    /// How crops of it are turned and scaled.
    #[serde(default)]
    pub augment: Augment,
    /// What photos become.
    pub style: Style,
    /// Sizes of both generators.
    pub architecture: Architecture,
    /// What the generators minimise.
    pub cycle: Weights,
    /// What both discriminators are.
    pub discriminator: Discriminator,
    /// How all are optimised.
    pub fit: Fit,
}

/// Where pictures come from.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Data {
    /// Folder of photos below `train` and `test` of the data, or "real_images" of prepared data.
    pub photos: String,
    /// Folder of comics there, or "generated_images". No picture of one needs a counterpart in the other.
    pub comics: String,
    /// Side of the crops, a multiple of 4.
    pub size: usize,
    /// Shorter side that pictures are scaled down to.
    pub short_side: usize,
}

/// The style that the generator to comics learns.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Style {
    /// Name, as users type it.
    pub name: String,
    /// One sentence on what it looks like.
    pub description: String,
    /// How its layers are printed.
    #[serde(default)]
    pub screen: Screen,
    /// Colour of unprinted paper, gamma-coded RGB in 0..1.
    #[serde(default = "inkcast_generator::white_paper")]
    pub paper: [f32; 3],
}

/// What the generators minimise.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Weights {
    /// Weight of the adversarial losses.
    pub adversarial: f64,
    /// Weight of the mean absolute difference between a picture and what comes back of it, lambda in the paper.
    pub weight: f64,
    /// Weight, relative to the one above, of the difference that a generator makes to a picture that is already of the
    /// kind it makes.
    pub identity: f64,
    /// Generated pictures of each kind that are kept to show to the discriminators again.
    pub replay: usize,
}

impl Config {
    /// Parses and checks the text of a configuration; errors name the key.
    pub fn parse(text: &str) -> Result<Self> {
        let config: Config = toml::from_str(text)?;
        ensure!(config.method == "cycle", "method is \"{}\", not \"cycle\"", config.method);
        config.fit.validate()?;
        config.discriminator.validate()?;
        config.augment.validate()?;
        config.architecture.validate()?;
        let Data { size, short_side, .. } = config.data;
        ensure!(size >= 8 && size.is_multiple_of(4), "data.size is {size}, it must be a multiple of 4 from 8");
        ensure!(short_side >= size, "data.short-side is {short_side}, less than data.size");
        let Weights { adversarial, weight, identity, replay } = config.cycle;
        for (key, value) in [("adversarial", adversarial), ("weight", weight), ("identity", identity)] {
            ensure!(value >= 0.0 && value.is_finite(), "cycle.{key} is {value}, it must be 0 or more");
        }
        within("cycle.replay", replay, 0, 10_000)?;
        let Style { name, paper, .. } = &config.style;
        ensure!(config.model.default_style == *name, "model.default-style must be \"{name}\", the style there is");
        ensure!(paper.iter().all(|value| (0.0..=1.0).contains(value)), "style.paper must lie in 0..1");
        Ok(config)
    }
}
