//! The configuration of a fit: everything that decides its result, in one TOML file.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use inkcast_generator::{Architecture, Screen};
use serde::{Deserialize, Serialize};

use crate::data::{Augment, Damage};
use crate::device::Floats;
use crate::eight_bits::EightBits;
use crate::gan::adversary::Adversarial;
use crate::looks::Look;
use crate::losses::LossWeights;
use crate::schedule::{self, Schedule};
use crate::step::LOSSES;
use crate::temporal::Temporal;

/// A fit, as written in `configs/*.toml`. Unknown keys are errors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The way of training: "paired", which is also meant if there is no such key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// What the exported package says of itself.
    pub model: Model,
    /// Sizes of the network.
    pub architecture: Architecture,
    /// The styles that one network learns, in the order they are shown.
    #[serde(rename = "style")]
    pub styles: Vec<Style>,
    /// How it is optimised.
    pub fit: Fit,
    /// How crops are turned; without it, they are only mirrored.
    #[serde(default)]
    pub augment: Augment,
    /// How inputs are damaged.
    pub damage: Damage,
    /// How much each error counts.
    pub losses: LossWeights,
    /// Training on sequences of frames; without it, on single frames.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temporal: Option<Temporal>,
    /// Training against a discriminator of looks; without it, on differences alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adversarial: Option<Adversarial>,
    /// Training for the 8-bit engine; without it, in floats from the first step to the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eight_bits: Option<EightBits>,
}

/// What the exported package says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Model {
    /// Name of the model.
    pub name: String,
    /// Its version.
    pub version: String,
    /// One sentence for people who choose a model.
    pub description: String,
    /// Licence of the weights, as an SPDX expression.
    pub licence: String,
    /// Style that is used when none is asked for.
    pub default_style: String,
    /// One sentence on the training data and its licences.
    pub data: String,
}

/// One style.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Style {
    /// Name, as users type it.
    pub name: String,
    /// One sentence on what it looks like.
    pub description: String,
    /// The look it learns from.
    pub look: Look,
    /// How its layers are printed.
    pub screen: Screen,
    /// Colour of unprinted paper, gamma-coded RGB in 0..1.
    pub paper: [f32; 3],
}

/// How a network is optimised: AdamW with a linear warm-up and a cosine decay, and a moving average of the weights,
/// which is what is measured and exported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Fit {
    /// Decides on initial weights, crops and damage.
    pub seed: u64,
    /// Optimiser steps; each sees crops of every style.
    pub steps: u64,
    /// Crops of each style in a step.
    pub crops: usize,
    /// Side of a crop in pixels, a multiple of 4.
    pub crop_size: usize,
    /// Learning rate after the warm-up.
    pub learning_rate: f64,
    /// Learning rate at the end, as a share of the highest.
    pub final_share: f64,
    /// Steps of the warm-up.
    pub warm_up: u64,
    /// Decay of convolution weights towards zero, relative to the learning rate.
    pub weight_decay: f64,
    /// Gradients longer than this are shortened to it.
    pub largest_gradient: f64,
    /// Floats that the network computes with: "f32", or "bf16" on CUDA.
    #[serde(default)]
    pub floats: Floats,
    /// Share of itself that the moving average keeps in a step.
    pub average: f64,
    /// Held-out pictures in the measurements at checkpoints.
    pub checkpoint_pictures: usize,
    /// Steps between two lines of progress.
    pub log_every: u64,
    /// Steps between two checkpoints, each with a measurement.
    pub checkpoint_every: u64,
    /// Checkpoints that are kept besides the best.
    #[serde(default = "schedule::keep")]
    pub keep: usize,
    /// The fit ends after this many checkpoints in a row that are no better than the best. 0: never.
    #[serde(default)]
    pub patience: u64,
    /// The fit fails when its loss stays above this many times its running median. 0: never.
    #[serde(default = "schedule::divergence")]
    pub divergence: f32,
}

impl Config {
    /// Reads and checks a configuration; errors name the file and the key.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the configuration {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("in the configuration {}", path.display()))
    }

    /// Parses and checks the text of a configuration; errors name the key.
    pub fn parse(text: &str) -> Result<Self> {
        let config: Config = toml::from_str(text)?;
        config.architecture.validate()?;
        Schedule::parse(text)?;
        let Fit { crops, crop_size, learning_rate, final_share, average, .. } = config.fit;
        let method = config.method.as_deref().unwrap_or("paired");
        ensure!(method == "paired", "method is \"{method}\", but this needs a configuration of \"paired\"");
        ensure!(!config.styles.is_empty(), "there is no [[style]]");
        for (index, style) in config.styles.iter().enumerate() {
            let is_first = config.styles[..index].iter().all(|earlier| earlier.name != style.name);
            ensure!(is_first, "style \"{}\" is there twice", style.name);
            let is_colour = style.paper.iter().all(|value| (0.0..=1.0).contains(value));
            ensure!(is_colour, "paper of style \"{}\" must lie in 0..1", style.name);
        }
        let default = &config.model.default_style;
        ensure!(config.styles.iter().any(|s| s.name == *default), "default-style \"{default}\" is none of the styles");
        ensure!(crops > 0, "fit.crops must be at least 1");
        ensure!(
            crop_size >= 8 && crop_size % 4 == 0,
            "fit.crop-size is {crop_size}, it must be a multiple of 4 from 8"
        );
        ensure!(config.fit.checkpoint_pictures > 0, "fit.checkpoint-pictures must be at least 1");
        let positive = [("largest-gradient", config.fit.largest_gradient), ("learning-rate", learning_rate)];
        for (key, value) in positive {
            ensure!(value > 0.0, "fit.{key} is {value}, it must be positive");
        }
        let decay = config.fit.weight_decay;
        ensure!(decay >= 0.0 && decay.is_finite(), "fit.weight-decay is {decay}, it must be 0 or more");
        config.damage.validate()?;
        config.losses.validate()?;
        ensure!((0.0..=1.0).contains(&final_share), "fit.final-share is {final_share}, it must lie in 0..1");
        ensure!((0.0..1.0).contains(&average), "fit.average is {average}, it must lie in 0..1, without 1");
        if let Some(temporal) = &config.temporal {
            temporal.sequences.validate()?;
            for (key, weight) in [("output", temporal.output), ("features", temporal.features)] {
                ensure!(weight >= 0.0 && weight.is_finite(), "temporal.{key} is {weight}, it must be 0 or more");
            }
            let carried = config.architecture.carried_input;
            ensure!(carried, "[temporal] needs a network with architecture.carried-input = true");
        }
        config.augment.validate_for_layers()?;
        config.adversarial.as_ref().map_or(Ok(()), Adversarial::validate)?;
        config.eight_bits.as_ref().map_or(Ok(()), EightBits::validate)?;
        Ok(config)
    }

    /// How much each term of a style's loss counts, in the order that [`crate::step::StyleLosses`] has them.
    pub fn loss_weights(&self) -> [f32; LOSSES] {
        let terms = self.losses.to_array();
        let (output, features) = self.temporal.as_ref().map_or((0.0, 0.0), |t| (t.output, t.features));
        let (fooling, matching) =
            self.adversarial.as_ref().map_or((0.0, 0.0), |a| (a.weight as f32, a.feature_matching as f32));
        let weights = [&terms[..], &[output, features], &[fooling, matching, 0.0, 0.0, 0.0]].concat();
        weights.try_into().expect("each loss has a weight")
    }

    /// The looks that are learned.
    pub fn looks(&self) -> Vec<Look> {
        self.styles.iter().map(|style| style.look).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../configs/debug.toml");
    const EIGHT_BITS_NEVER: &str =
        "[eight-bits]\nfrom-step = 5\nrange-every = 0\nrange-crops = 8\npercentile = 99.9\n[damage]";
    const EIGHT_BITS_ON_NOTHING: &str =
        "[eight-bits]\nfrom-step = 5\nrange-every = 9\nrange-crops = 0\npercentile = 99.9\n[damage]";
    const EIGHT_BITS_CUT_OFF: &str =
        "[eight-bits]\nfrom-step = 5\nrange-every = 9\nrange-crops = 8\npercentile = 9\n[damage]";

    #[test]
    fn every_shipped_configuration_is_valid() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
        let paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(paths.len() >= 2);
        for path in paths {
            // Other methods have configurations of their own, which they test.
            let text = std::fs::read_to_string(&path).unwrap();
            if crate::methods::name(&text).unwrap() == "paired" {
                Config::read(&path).unwrap_or_else(|error| panic!("{error:#}"));
            }
        }
    }

    #[test]
    fn mistakes_are_named_with_their_key() {
        let cases = [
            ("learning-rate = ", "learning-rte = ", "learning-rte"),
            ("crop-size = 32", "crop-size = 30", "fit.crop-size is 30"),
            ("steps = ", "steps = -", "steps"),
            ("default-style = \"ink\"", "default-style = \"inc\"", "default-style \"inc\""),
            ("look = \"ink\"", "look = \"inky\"", "inky"),
            ("[damage]", "[augment]\nturn = 0.5\n[damage]", "turn"),
            ("[damage]", "[augment]\nrotation = 50\n[damage]", "augment.rotation is 50"),
            ("[damage]", "[augment]\nscale = [0.8, 1.25]\n[damage]", "width of lines"),
            ("half-channels = 4", "half-channels = 0", "half-channels is 0"),
            ("checkpoint-pictures = ", "checkpoint-pictures = 0 #", "fit.checkpoint-pictures must be"),
            ("largest-gradient = ", "largest-gradient = -", "fit.largest-gradient is -"),
            ("weight-decay = ", "weight-decay = -", "fit.weight-decay is -"),
            ("noise = ", "noise = 2", "damage.noise is 20.04"),
            ("ink-edges = ", "ink-edges = -", "losses.ink-edges is -"),
            ("half-channels = 4", "half-channels = 512\nexperts = 64", "experts"),
            ("[damage]", "[eight-bits]\nfrom = 5\n[damage]", "from"),
            ("[damage]", EIGHT_BITS_NEVER, "eight-bits.range-every"),
            ("[damage]", EIGHT_BITS_ON_NOTHING, "eight-bits.range-crops is 0"),
            ("[damage]", EIGHT_BITS_CUT_OFF, "eight-bits.percentile is 9"),
        ];
        for (right, wrong, expected) in cases {
            assert!(SHIPPED.contains(right), "{right}");
            let error = Config::parse(&SHIPPED.replacen(right, wrong, 1)).unwrap_err();
            assert!(format!("{error:#}").contains(expected), "{error:#}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Config::read(Path::new("nowhere.toml")).unwrap_err();
        assert!(format!("{error:#}").contains("nowhere.toml"));
    }
}
