//! The method "noise": pictures of noise (Goodfellow et al. 2014, in the shape of Radford et al. 2015).

use std::collections::HashMap;

use anyhow::{Result, ensure};
use candle_core::Tensor;
use image::RgbImage;
use rand::{SeedableRng, rngs::StdRng};
use serde::Deserialize;

use super::distance::distance;
use super::folder::{Folder, to_pictures};
use super::from_noise::FromNoise;
use super::judge::{self, Judge};
use super::parameters::Parameters;
use super::picture_discriminator::Verdict;
use super::randomness::{noise, of_samples, of_step};
use super::settings::{Discriminator, Fit, doublings};
use super::view::Mode;
use crate::data::{Augment, Split};
use crate::methods::Opening;
use crate::pictures;
use crate::training::{Scalars, Training};

/// Rows and columns of a sample.
const SHOWN: usize = 4;

/// Its configuration, as written in `configs/noise.toml`. Unknown keys are errors.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// "noise".
    pub method: String,
    /// What is imitated.
    pub data: Data,
    /// How crops of it are turned and scaled.
    #[serde(default)]
    pub augment: Augment,
    /// Sizes of the generator.
    pub generator: FromNoise,
    /// What the discriminator is.
    pub discriminator: Discriminator,
    /// How both are optimised.
    pub fit: Fit,
}

/// Pictures of one kind.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Data {
    /// Folder below `train` and `test` of the data, or of prepared data "real_images" or "generated_images".
    pub pictures: String,
    /// Side of the pictures that are made, a power of two from 8. Others are scaled to this shorter side and cropped.
    pub size: usize,
}

impl Data {
    /// The pictures to train on, varied, and those that are held out.
    pub fn open(&self, data: &std::path::Path, augment: &Augment) -> Result<(Folder, Folder)> {
        let open = |split| Folder::open(data, split, &self.pictures, self.size, self.size);
        Ok((open(Split::Train)?.varied(augment), open(Split::HeldOut)?))
    }
}

impl Config {
    /// Parses and checks the text of a configuration; errors name the key.
    pub fn parse(text: &str) -> Result<Self> {
        let config: Config = toml::from_str(text)?;
        ensure!(config.method == "noise", "method is \"{}\", not \"noise\"", config.method);
        config.fit.validate()?;
        config.discriminator.validate()?;
        config.augment.validate()?;
        config.generator.validate(config.data.size)?;
        // Batch normalisation of one number gives zero.
        ensure!(config.fit.batch > 1, "fit.batch must be at least 2");
        Ok(config)
    }
}

/// A generator from noise in training.
pub struct Noise {
    config: Config,
    levels: usize,
    generator: Parameters,
    judge: Judge,
    train: Folder,
    held_out: Folder,
}

impl Noise {
    /// Reads the pictures and draws the weights.
    pub fn open(opening: &Opening) -> Result<Self> {
        let config = opening.parsed(Config::parse)?;
        ensure!(
            opening.base.is_none(),
            "the method \"noise\" has no weights in common with a package: leave out --base"
        );
        let (train, held_out) = config.data.open(opening.data, &config.augment)?;
        Self::new(config, train, held_out)
    }

    fn new(config: Config, train: Folder, held_out: Folder) -> Result<Self> {
        let mut rng = StdRng::seed_from_u64(config.fit.seed);
        let levels = doublings("data.size", config.data.size)?;
        let generator = Parameters::new(config.generator.plan(levels, 0), &mut rng)?;
        let judge = Judge::new(&config.discriminator, levels, Verdict::Whole, 0, &mut rng)?;
        Ok(Noise { config, levels, generator, judge, train, held_out })
    }

    /// What the averaged network makes of `count` draws of noise, the same ones every time.
    fn examples(&self, count: usize) -> Result<Tensor> {
        let noise = noise(&[count, self.config.generator.noise], &mut of_samples())?;
        Ok(self.config.generator.forward(&self.generator.averaged()?, self.levels, &noise)?)
    }
}

impl Training for Noise {
    fn summary(&self) -> String {
        let (generator, judge) = (self.generator.count(), self.judge.count());
        format!("{} pictures, {generator} parameters, {judge} of the discriminator", self.train.len())
    }

    fn pictures_per_step(&self) -> f64 {
        self.config.fit.batch as f64
    }

    fn step(&mut self, number: u64) -> Result<Scalars> {
        let Config { generator: network, fit, .. } = &self.config;
        let mut rng = of_step(fit.seed, number);
        let shape = [fit.batch, network.noise];
        let mut of_judge = Scalars::new();
        for turn in 0..fit.discriminator_steps {
            let view = self.generator.live(Mode::Training);
            let fake = network.forward(&view.frozen(), self.levels, &noise(&shape, &mut rng)?)?;
            let real = self.train.draw(fit.batch, &mut rng)?;
            let count = number * fit.discriminator_steps + turn;
            of_judge = self.judge.step(&real, &fake, None, &fit.discriminator(number), count)?;
        }
        let view = self.generator.live(Mode::Training);
        let fake = network.forward(&view, self.levels, &noise(&shape, &mut rng)?)?;
        let loss = self.judge.generator_loss(&fake, None, number)?;
        let adam = fit.generator(number);
        self.generator.update(&adam, &loss.backward()?, number)?;
        self.generator.take_in(view)?;

        let mut scalars = vec![("loss".to_string(), loss.to_scalar()?)];
        scalars.extend(of_judge);
        scalars.push(("learning-rate".to_string(), adam.rate as f32));
        Ok(scalars)
    }

    fn measure(&self) -> Result<Scalars> {
        let count = self.config.fit.checkpoint_pictures;
        let made = self.examples(count)?;
        let to = |folder: &Folder| distance(&made, &folder.middles(count)?);
        Ok(vec![("distance".to_string(), to(&self.held_out)?), ("train/distance".to_string(), to(&self.train)?)])
    }

    fn sample(&self) -> Result<RgbImage> {
        let rows: Vec<Vec<RgbImage>> =
            to_pictures(&self.examples(SHOWN * SHOWN)?)?.chunks(SHOWN).map(<[RgbImage]>::to_vec).collect();
        Ok(pictures::sheet(&rows, self.config.data.size as u32))
    }

    fn state(&self) -> Result<HashMap<String, Tensor>> {
        judge::state(&self.generator, &self.judge)
    }

    fn restore(&mut self, state: &HashMap<String, Tensor>) -> Result<()> {
        judge::restore(&mut self.generator, &mut self.judge, state)
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial;
    use super::*;

    const SHIPPED: &str = include_str!("../../configs/noise.toml");

    fn config() -> Config {
        let text = SHIPPED
            .replace("size = 64", "size = 16")
            .replace("channels = 32", "channels = 4")
            .replace("batch = 16", "batch = 4")
            .replace("generator-rate = 2e-4", "generator-rate = 5e-3")
            .replace("discriminator-rate = 2e-4", "discriminator-rate = 2e-3");
        Config::parse(&text).unwrap()
    }

    fn training() -> Noise {
        let warm = || trial::pictures(16, |x, y| [0.9, if (x + y) % 8 < 4 { 0.6 } else { 0.4 }, 0.1]);
        Noise::new(config(), warm(), warm()).unwrap()
    }

    #[test]
    fn the_shipped_configuration_is_that_of_the_paper() {
        let config = Config::parse(SHIPPED).unwrap();
        assert_eq!((config.generator.noise, config.fit.discriminator_steps), (100, 5));
        assert_eq!((config.fit.generator_rate, config.fit.first_moment), (2e-4, 0.5));
        for (right, wrong, expected) in [
            ("size = 64", "size = 60", "data.size is 60"),
            ("batch = 16", "batch = 1", "fit.batch"),
            ("noise = 100", "nois = 100", "nois"),
            ("\"minimax\"", "\"minmax\"", "minmax"),
        ] {
            assert!(SHIPPED.contains(right), "{right}");
            let error = format!("{:#}", Config::parse(&SHIPPED.replacen(right, wrong, 1)).unwrap_err());
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }

    #[test]
    fn pictures_of_noise_take_on_the_colours_of_real_ones() {
        let mut training = training();
        let before = training.measure().unwrap();
        // An untrained discriminator says one half: the losses start at log 2 and 2 log 2.
        training.config.fit.discriminator_steps = 1;
        let first = training.step(0).unwrap();
        training.config.fit.discriminator_steps = 5;
        assert!((first[0].1 - 0.693).abs() < 0.2 && (first[1].1 - 1.386).abs() < 0.2, "{first:?}");
        for number in 1..60 {
            training.step(number).unwrap();
        }
        let after = training.measure().unwrap();
        assert_eq!(after[0].0, "distance");
        assert!(after[0].1 < 0.7 * before[0].1, "{before:?} {after:?}");
        trial::shows_something(&training);
    }

    #[test]
    fn a_restored_training_goes_on_to_the_bit() {
        trial::resumes(training);
    }
}
