//! Training for 8 bits: from some step on the network computes in the codes of the 8-bit engine and learns to draw well
//! with them (quantisation-aware training, Jacob et al. 2018).

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};
use inkcast_generator::{Folded, Generator};
use serde::{Deserialize, Serialize};

use crate::config::{Config, Style};
use crate::data::Example;
use crate::int8::{Codes, Histogram, observe, psnr, simulate};
use crate::supply::Supply;
use crate::validate::{Cut, compose, difference, to_layers, to_tensor};

/// When training runs in 8 bits, and how far the maps of the network then reach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EightBits {
    /// The first step in 8 bits, counted from zero.
    pub from_step: u64,
    /// Steps after which the ranges of the maps are taken anew: they move as the network learns.
    pub range_every: u64,
    /// Crops of each style that ranges are taken from.
    pub range_crops: usize,
    /// Of a hundred values in a map, so many lie within its range; what lies beyond is cut off.
    pub percentile: f64,
}

impl EightBits {
    /// Refuses numbers out of range by their key.
    pub fn validate(&self) -> Result<()> {
        let EightBits { range_every, range_crops, percentile, .. } = *self;
        ensure!(range_every > 0, "eight-bits.range-every must be at least 1");
        ensure!((1..=4096).contains(&range_crops), "eight-bits.range-crops is {range_crops}, it must be 1 to 4096");
        let is_possible = (50.0..=100.0).contains(&percentile);
        ensure!(is_possible, "eight-bits.percentile is {percentile}, it must lie in 50..100");
        Ok(())
    }

    /// Whether ranges are taken at a step, if there are some already.
    fn is_due(&self, step: u64) -> bool {
        step >= self.from_step && (step - self.from_step).is_multiple_of(self.range_every)
    }
}

/// The upper ends of the maps of each style, from the first step in 8 bits on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ranges(Vec<Vec<f32>>);

/// What the names of ranges in a checkpoint begin with.
const PREFIX: &str = "range.";

impl Ranges {
    /// Takes them from a network as it is before `step`, if that is due. They depend on the network, the configuration, the
    /// pictures and the number of the step alone.
    pub fn renew(&mut self, network: &Generator, config: &Config, supply: &Supply, step: u64) -> Result<()> {
        let Some(settings) = &config.eight_bits else { return Ok(()) };
        if settings.is_due(step) || (step >= settings.from_step && self.0.is_empty()) {
            *self = Ranges::of(network, config, settings, supply, step)?;
        }
        Ok(())
    }

    /// Those of a network on crops that are drawn for `step`.
    pub fn of(network: &Generator, config: &Config, settings: &EightBits, supply: &Supply, step: u64) -> Result<Self> {
        // Nothing flows back from here.
        let tensors = network.tensors().iter().map(|(name, tensor)| (name.clone(), tensor.detach())).collect();
        let network = Generator::from_tensors(*network.architecture(), tensors)?;
        let ends = |(index, style): (usize, &Style)| {
            let vector = network.style(&style.name).expect("every style of the configuration has a vector");
            let crops = supply.crops(index, settings.range_crops, step)?;
            let maps = observed(&network.fold(vector)?, &crops, config.fit.crops)?;
            // A map that is zero everywhere is exact whatever its end.
            Ok(maps.iter().map(|map| map.percentile(settings.percentile).unwrap_or(1.0)).collect())
        };
        Ok(Ranges(config.styles.iter().enumerate().map(ends).collect::<Result<_>>()?))
    }

    /// Those of the style with this index; nothing before the first step in 8 bits.
    pub fn ends(&self, style: usize) -> Option<&[f32]> {
        self.0.get(style).map(Vec::as_slice)
    }

    /// For a checkpoint.
    pub fn state(&self, config: &Config) -> Result<HashMap<String, Tensor>> {
        let entry = |(style, ends): (&Style, &Vec<f32>)| {
            Ok((format!("{PREFIX}{}", style.name), Tensor::new(&ends[..], &Device::Cpu)?))
        };
        config.styles.iter().zip(&self.0).map(entry).collect()
    }

    /// Whether a tensor of a checkpoint belongs here.
    pub fn owns(name: &str) -> bool {
        name.starts_with(PREFIX)
    }

    /// What [`Ranges::state`] gave, out of everything that a checkpoint holds; nothing if there is none.
    pub fn from_state(config: &Config, state: &HashMap<String, Tensor>) -> Result<Self> {
        if config.eight_bits.is_none() || !state.keys().any(|name| Self::owns(name)) {
            return Ok(Ranges::default());
        }
        let maps = config.architecture.activation_names().len();
        let ends = |style: &Style| {
            let name = format!("{PREFIX}{}", style.name);
            let tensor = state.get(&name).with_context(|| format!("tensor {name} is missing"))?;
            ensure!(tensor.dims() == [maps], "tensor {name} has shape {:?}, expected [{maps}]", tensor.dims());
            let ends = tensor.to_vec1::<f32>().with_context(|| format!("tensor {name} has other numbers"))?;
            let are_ends = ends.iter().all(|end| end.is_finite() && *end > 0.0);
            ensure!(are_ends, "tensor {name} holds numbers that are no upper ends");
            Ok(ends)
        };
        Ok(Ranges(config.styles.iter().map(ends).collect::<Result<_>>()?))
    }
}

/// A style in 8 bits, means over pictures.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cost {
    /// Mean absolute difference from the look, in 0..255.
    pub difference: f64,
    /// Signal-to-noise ratio of layers against those in `f32`, in dB; layers that do not differ count as 100 dB.
    pub decibels: f64,
}

/// What the 8-bit engine makes of each style with these ranges, in the order of the configuration. Pictures are cut to at
/// most `largest` pixels a side.
pub fn costs(
    network: &Generator,
    ranges: &Ranges,
    styles: &[Style],
    examples: &[Example],
    largest: usize,
) -> Result<Vec<Cost>> {
    let cost = |(style, ends): (&Style, &Vec<f32>)| {
        let vector = network.style(&style.name).with_context(|| format!("there is no style \"{}\"", style.name))?;
        let folded = network.fold(vector)?;
        let mut cost = Cost::default();
        for example in examples {
            let cut = Cut::new(example, largest);
            let source = to_tensor(&cut.source(example))?;
            let (exact, coded) =
                (simulate(&folded, ends, Codes::None, &source)?, simulate(&folded, ends, Codes::All, &source)?);
            let wanted = compose(&cut.layers(example, style.look));
            cost.difference += difference(&compose(&to_layers(&coded)?), &wanted) / examples.len() as f64;
            cost.decibels += psnr(&coded, &exact)?.min(100.0) / examples.len() as f64;
        }
        Ok(cost)
    };
    styles.iter().zip(&ranges.0).map(cost).collect()
}

/// Counts over pictures `[N, 3, H, W]`, some of them at a time.
fn observed(folded: &Folded, pictures: &Tensor, at_a_time: usize) -> Result<Vec<Histogram>> {
    let count = pictures.dim(0)?;
    let mut maps: Option<Vec<Histogram>> = None;
    for start in (0..count).step_by(at_a_time) {
        let more = observe(folded, &pictures.narrow(0, start, at_a_time.min(count - start))?)?;
        maps = Some(match maps {
            Some(maps) => maps.into_iter().zip(more).map(|(a, b)| a.merge(b)).collect(),
            None => more,
        });
    }
    maps.context("there are no crops to take ranges from")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        let table = "[eight-bits]\nfrom-step = 3\nrange-every = 4\nrange-crops = 5\npercentile = 99.5\n";
        Config::parse(&format!("{}{table}", include_str!("../configs/debug.toml"))).unwrap()
    }

    fn supply(config: &Config) -> Supply {
        let looks = config.looks();
        Supply::new(config, vec![Example::synthetic(64, 48, &looks), Example::synthetic(48, 40, &looks)], &Device::Cpu)
    }

    #[test]
    fn ranges_are_taken_when_they_are_due() {
        let config = config();
        let (weights, supply) = (crate::weights::Weights::new(&config, None, &Device::Cpu).unwrap(), supply(&config));
        let (network, mut ranges) = (weights.generator().unwrap(), Ranges::default());
        let mut taken = Vec::new();
        for step in 0..12 {
            let before = ranges.clone();
            ranges.renew(&network, &config, &supply, step).unwrap();
            if ranges != before {
                taken.push(step);
            }
        }
        assert_eq!(taken, [3, 7, 11]);
        // A checkpoint that has none, because it was written without [eight-bits].
        let mut late = Ranges::default();
        late.renew(&network, &config, &supply, 5).unwrap();
        assert_eq!(late.ends(1).unwrap().len(), config.architecture.activation_names().len());
    }

    #[test]
    fn they_are_those_of_all_crops() {
        let config = config();
        let (weights, supply) = (crate::weights::Weights::new(&config, None, &Device::Cpu).unwrap(), supply(&config));
        let network = weights.generator().unwrap();
        let ranges = Ranges::of(&network, &config, config.eight_bits.as_ref().unwrap(), &supply, 3).unwrap();
        // All five at once, where two at a time were looked at.
        let crops = supply.crops(1, 5, 3).unwrap();
        let maps = observe(&network.fold(network.style("manga").unwrap()).unwrap(), &crops).unwrap();
        let expected: Vec<f32> = maps.iter().map(|map| map.percentile(99.5).unwrap_or(1.0)).collect();
        assert_eq!(ranges.ends(1), Some(&expected[..]));
        assert_ne!(ranges.ends(0), ranges.ends(1));
    }

    #[test]
    fn a_checkpoint_holds_them() {
        let config = config();
        let (weights, supply) = (crate::weights::Weights::new(&config, None, &Device::Cpu).unwrap(), supply(&config));
        let mut ranges = Ranges::default();
        ranges.renew(&weights.generator().unwrap(), &config, &supply, 3).unwrap();
        let state = ranges.state(&config).unwrap();
        assert_eq!(Ranges::from_state(&config, &state).unwrap(), ranges);
        assert_eq!(Ranges::from_state(&config, &HashMap::new()).unwrap(), Ranges::default());
        for (numbers, expected) in [
            (None, "range.manga is missing"),
            (Some(vec![1.0f32; 3]), "range.manga has shape [3]"),
            (Some(vec![0.0f32; 6]), "range.manga holds numbers that are no upper ends"),
        ] {
            let mut broken = state.clone();
            match numbers {
                Some(numbers) => broken.insert("range.manga".to_string(), Tensor::new(numbers, &Device::Cpu).unwrap()),
                None => broken.remove("range.manga"),
            };
            let error = Ranges::from_state(&config, &broken).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
