use anyhow::{Result, bail, ensure};
use inkcast_generator::{Architecture, Screen};
use serde::Deserialize;

use crate::config::Model;
use crate::data::Augment;
use crate::gan::condition::{self, Condition, Named};
use crate::gan::from_noise::FromNoise;
use crate::gan::settings::{Discriminator, Fit, within};

/// Its configuration, as written in `configs/conditional-*.toml` and `configs/double.toml`. Unknown keys are errors.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// "conditional" or "double".
    pub method: String,
    /// What the exported package says of itself, if there is one.
    #[serde(default)]
    pub model: Option<Model>,
    /// What is imitated.
    pub data: Data,
    /// How crops of it are turned and scaled.
    #[serde(default)]
    pub augment: Augment,
    /// The styles, in the order they are shown.
    #[serde(rename = "style")]
    pub styles: Vec<Style>,
    /// How the style is given.
    pub condition: condition::Settings,
    /// Sizes of the generator from picture to picture, which the player can run.
    #[serde(default)]
    pub architecture: Option<Architecture>,
    /// Sizes of a generator from noise, in its place.
    #[serde(default)]
    pub generator: Option<FromNoise>,
    /// What the discriminator is.
    pub discriminator: Discriminator,
    /// How both are optimised.
    pub fit: Fit,
}

/// Where pictures come from.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Data {
    /// Folder of photos below `train` and `test` of the data, or "real_images" of prepared data; a generator from noise
    /// needs none.
    #[serde(default)]
    pub photos: Option<String>,
    /// Side of the crops, a multiple of 4.
    pub size: usize,
    /// Shorter side that pictures are scaled down to.
    pub short_side: usize,
    /// Weight of the difference between the content of a photo and of what is made of it.
    #[serde(default)]
    pub content: f64,
    /// Length of a style vector, for a generator from noise.
    #[serde(default)]
    pub style_dims: Option<usize>,
}

/// One style.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Style {
    /// Name, as users type it.
    pub name: String,
    /// What it looks like: the words that it can be asked for with.
    pub description: String,
    /// Folder of pictures in this style below `train` and `test` of the data, or "generated_images" of prepared data.
    pub pictures: String,
    /// How its layers are printed.
    #[serde(default)]
    pub screen: Screen,
    /// Colour of unprinted paper, gamma-coded RGB in 0..1.
    #[serde(default = "inkcast_generator::white_paper")]
    pub paper: [f32; 3],
}

impl Config {
    /// Parses and checks the text of a configuration; errors name the key.
    pub fn parse(text: &str) -> Result<Self> {
        let config: Config = toml::from_str(text)?;
        let method = config.method.as_str();
        ensure!(
            ["conditional", "double"].contains(&method),
            "method is \"{method}\", not \"conditional\" or \"double\""
        );
        config.fit.validate()?;
        config.discriminator.validate()?;
        config.augment.validate()?;
        ensure!(!config.styles.is_empty(), "there is no [[style]]");
        for (index, Style { name, paper, .. }) in config.styles.iter().enumerate() {
            let is_first = config.styles[..index].iter().all(|earlier| earlier.name != *name);
            ensure!(is_first, "style \"{name}\" is there twice");
            let is_colour = paper.iter().all(|value| (0.0..=1.0).contains(value));
            ensure!(is_colour, "paper of style \"{name}\" must lie in 0..1");
        }
        let Data { size, short_side, content, .. } = config.data;
        ensure!(size >= 8 && size.is_multiple_of(4), "data.size is {size}, it must be a multiple of 4 from 8");
        ensure!(short_side >= size, "data.short-side is {short_side}, less than data.size");
        ensure!(content >= 0.0 && content.is_finite(), "data.content is {content}, it must be 0 or more");
        match (&config.architecture, &config.generator) {
            (Some(architecture), None) => {
                architecture.validate()?;
                ensure!(config.data.photos.is_some(), "data.photos is missing");
                ensure!(config.data.style_dims.is_none(), "data.style-dims goes with [generator]");
                let Some(model) = &config.model else { bail!("there is no [model]") };
                let default = &model.default_style;
                let is_there = config.styles.iter().any(|style| style.name == *default);
                ensure!(is_there, "model.default-style \"{default}\" is none of the styles");
            }
            (None, Some(generator)) => {
                generator.validate(size)?;
                ensure!(method == "conditional", "the method \"double\" needs a network from picture to picture");
                ensure!(config.fit.batch > 1, "fit.batch must be at least 2");
                within("data.style-dims", config.data.style_dims.unwrap_or_default(), 1, 512)?;
            }
            _ => bail!("there must be either [architecture] or [generator]"),
        }
        config.condition()?;
        Ok(config)
    }

    /// Who turns a style's name, a picture or words into its vector.
    pub(super) fn condition(&self) -> Result<Condition> {
        let named = |style: &Style| Named {
            name: style.name.clone(),
            description: format!("{} {}", style.name, style.description),
        };
        let dims = self.architecture.map(|architecture| architecture.style_dims);
        let dims = dims.or(self.data.style_dims).unwrap_or_default();
        Condition::new(&self.condition, self.styles.iter().map(named).collect(), dims, self.data.size)
    }
}
