//! What the configurations of all adversarial methods have in common.

use anyhow::{Result, ensure};
use serde::Deserialize;

use super::losses::Objective;
use super::parameters::Adam;
use crate::schedule;

/// How the networks are optimised.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Fit {
    /// Decides on initial weights, crops and noise.
    pub seed: u64,
    /// Steps of the generator.
    pub steps: u64,
    /// Steps of the discriminator before each one of the generator.
    pub discriminator_steps: u64,
    /// Pictures of a batch.
    pub batch: usize,
    /// Learning rate of the generator.
    pub generator_rate: f64,
    /// Learning rate of the discriminator (two of them: Heusel et al. 2017).
    pub discriminator_rate: f64,
    /// Share of the steps after which both rates fall linearly to zero at the end; 1 for never.
    #[serde(default = "one")]
    pub decay_from: f64,
    /// Share of itself that Adam's running mean of the gradient keeps: beta1.
    pub first_moment: f64,
    /// The same for that of its square: beta2.
    pub second_moment: f64,
    /// Gradients longer than this are shortened to it. Without it, they are left alone.
    #[serde(default = "infinity")]
    pub largest_gradient: f64,
    /// Share of itself that the moving average of the generator keeps in a step; it is what is measured and shown.
    pub average: f64,
    /// Pictures in the measurements at checkpoints.
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
    /// The fit fails when a total loss stays above this many times its running median. 0: never.
    #[serde(default = "schedule::divergence")]
    pub divergence: f32,
}

fn one() -> f64 {
    1.0
}

fn infinity() -> f64 {
    f64::INFINITY
}

impl Fit {
    /// Refuses what cannot be run; errors name the key.
    pub fn validate(&self) -> Result<()> {
        ensure!(self.steps > 0, "fit.steps must be at least 1");
        ensure!(self.discriminator_steps > 0, "fit.discriminator-steps must be at least 1");
        ensure!(self.batch > 0, "fit.batch must be at least 1");
        ensure!(self.checkpoint_pictures > 0, "fit.checkpoint-pictures must be at least 1");
        for (key, value) in [
            ("generator-rate", self.generator_rate),
            ("discriminator-rate", self.discriminator_rate),
            ("largest-gradient", self.largest_gradient),
        ] {
            ensure!(value > 0.0, "fit.{key} is {value}, it must be positive");
        }
        for (key, value) in
            [("first-moment", self.first_moment), ("second-moment", self.second_moment), ("average", self.average)]
        {
            ensure!((0.0..1.0).contains(&value), "fit.{key} is {value}, it must lie in 0..1, without 1");
        }
        ensure!((0.0..=1.0).contains(&self.decay_from), "fit.decay-from is {}, it must lie in 0..1", self.decay_from);
        Ok(())
    }

    /// Optimiser of the generator in step `number`.
    pub fn generator(&self, number: u64) -> Adam {
        self.adam(self.generator_rate, number)
    }

    /// Optimiser of the discriminator in step `number`.
    pub fn discriminator(&self, number: u64) -> Adam {
        self.adam(self.discriminator_rate, number)
    }

    fn adam(&self, rate: f64, number: u64) -> Adam {
        let from = self.decay_from * self.steps as f64;
        let share = match number as f64 - from {
            passed if passed > 0.0 && self.decay_from < 1.0 => 1.0 - passed / (self.steps as f64 - from),
            _ => 1.0,
        };
        Adam {
            rate: rate * share.max(0.0),
            first: self.first_moment,
            second: self.second_moment,
            largest_gradient: self.largest_gradient,
            average: self.average,
        }
    }
}

/// What a discriminator is and how it is kept in bounds.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Discriminator {
    /// Channels after the first convolution; each further one doubles them, up to eight times as many.
    pub channels: usize,
    /// Convolutions of stride 2 before the verdict on each place, for those that judge pictures place by place.
    #[serde(default = "levels")]
    pub levels: usize,
    /// What follows its convolutions but the first.
    pub normalisation: Normalisation,
    /// What is minimised.
    pub objective: Objective,
    /// Divides each weight by its largest singular value (Miyato et al. 2018).
    #[serde(default)]
    pub spectral_norm: bool,
    /// Weight of the gradient penalty R1 (Mescheder et al. 2018); 0 for none.
    #[serde(default)]
    pub r1: f64,
    /// Changes real and generated pictures alike before it sees them, the more often the surer it is of real ones: the mean
    /// sign of its verdicts on them that is aimed at, 0.6 in the paper (Karras et al. 2020). For few pictures.
    #[serde(default)]
    pub adaptive: Option<f64>,
    /// Steps from one penalty to the next; it counts as many times more (Karras et al. 2020).
    #[serde(default = "every")]
    pub r1_every: u64,
}

fn levels() -> usize {
    3
}

fn every() -> u64 {
    1
}

/// What follows the convolutions of a discriminator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normalisation {
    /// Nothing.
    None,
    /// Batch normalisation (Radford et al. 2015).
    Batch,
    /// Each picture by itself (Zhu et al. 2017).
    Instance,
}

impl Discriminator {
    /// Refuses what cannot be run; errors name the key.
    pub fn validate(&self) -> Result<()> {
        within("discriminator.channels", self.channels, 1, 512)?;
        within("discriminator.levels", self.levels, 1, 6)?;
        ensure!(self.r1 >= 0.0 && self.r1.is_finite(), "discriminator.r1 is {}, it must be 0 or more", self.r1);
        if let Some(target) = self.adaptive {
            ensure!((0.0..1.0).contains(&target), "discriminator.adaptive is {target}, it must lie in 0..1, without 1");
        }
        ensure!(self.r1_every > 0, "discriminator.r1-every must be at least 1");
        Ok(())
    }
}

/// Refuses a number outside of its limits.
pub fn within(key: &str, value: usize, least: usize, most: usize) -> Result<()> {
    ensure!((least..=most).contains(&value), "{key} is {value}, allowed is {least} to {most}");
    Ok(())
}

/// Refuses sides that are not 4, 8, 16 and so on, and returns how often 4 doubles up to them.
pub fn doublings(key: &str, size: usize) -> Result<usize> {
    let is_possible = size.is_power_of_two() && (8..=1024).contains(&size);
    ensure!(is_possible, "{key} is {size}, it must be a power of two from 8 to 1024");
    Ok(size.trailing_zeros() as usize - 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_fall_linearly_from_their_share_of_the_steps() {
        let text = "seed = 1\nsteps = 100\ndiscriminator-steps = 1\nbatch = 1\ngenerator-rate = 0.5\n\
            discriminator-rate = 0.25\ndecay-from = 0.5\nfirst-moment = 0.5\nsecond-moment = 0.999\naverage = 0.9\n\
            checkpoint-pictures = 1\nlog-every = 1\ncheckpoint-every = 1\n";
        let fit: Fit = toml::from_str(text).unwrap();
        fit.validate().unwrap();
        assert_eq!(fit.generator(0).rate, 0.5);
        assert_eq!(fit.generator(50).rate, 0.5);
        // Half of the way from step 50 to 100.
        assert_eq!((fit.generator(75).rate, fit.discriminator(75).rate), (0.25, 0.125));
        let constant = Fit { decay_from: 1.0, ..fit.clone() };
        assert_eq!((constant.generator(99).rate, constant.generator(200).rate), (0.5, 0.5));
        let error = Fit { average: 1.0, ..fit }.validate().unwrap_err().to_string();
        assert!(error.contains("fit.average is 1"), "{error}");
    }
}
