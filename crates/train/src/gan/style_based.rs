//! The method "style-based": pictures of noise by way of a style (Karras et al. 2019, 2020).

use std::collections::HashMap;

use anyhow::{Result, ensure};
use candle_core::Tensor;
use image::RgbImage;
use rand::{SeedableRng, rngs::StdRng};
use serde::Deserialize;

use super::distance::distance;
use super::folder::{Folder, to_pictures};
use super::judge::{self, Judge};
use super::noise::Data;
use super::parameters::Parameters;
use super::picture_discriminator::Verdict;
use super::randomness::{noise, of_samples, of_step};
use super::settings::{Discriminator, Fit, doublings};
use super::synthesis::{StyleBased, Way};
use super::view::{Mode, View};
use crate::data::Augment;
use crate::methods::Opening;
use crate::pictures;
use crate::training::{Scalars, Training};

/// Rows of a sample, one style each, and columns, each with other noise in the layers.
const SHOWN: (usize, usize) = (4, 3);

/// Its configuration, as written in `configs/style-based.toml`. Unknown keys are errors.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// "style-based".
    pub method: String,
    /// What is imitated.
    pub data: Data,
    /// How crops of it are turned and scaled.
    #[serde(default)]
    pub augment: Augment,
    /// Sizes of the generator.
    pub generator: StyleBased,
    /// What the discriminator is.
    pub discriminator: Discriminator,
    /// How both are optimised.
    pub fit: Fit,
}

impl Config {
    /// Parses and checks the text of a configuration; errors name the key.
    pub fn parse(text: &str) -> Result<Self> {
        let config: Config = toml::from_str(text)?;
        ensure!(config.method == "style-based", "method is \"{}\", not \"style-based\"", config.method);
        config.fit.validate()?;
        config.discriminator.validate()?;
        config.augment.validate()?;
        config.generator.validate(config.data.size)?;
        Ok(config)
    }
}

/// A style-based generator in training.
pub struct StyleBasedTraining {
    config: Config,
    levels: usize,
    generator: Parameters,
    judge: Judge,
    train: Folder,
    held_out: Folder,
}

impl StyleBasedTraining {
    /// Reads the pictures and draws the weights.
    pub fn open(opening: &Opening) -> Result<Self> {
        let config = opening.parsed(Config::parse)?;
        let is_fresh = opening.base.is_none();
        ensure!(is_fresh, "the method \"style-based\" has no weights in common with a package: leave out --base");
        let (train, held_out) = config.data.open(opening.data, &config.augment)?;
        Self::new(config, train, held_out)
    }

    fn new(config: Config, train: Folder, held_out: Folder) -> Result<Self> {
        let mut rng = StdRng::seed_from_u64(config.fit.seed);
        let levels = doublings("data.size", config.data.size)?;
        let generator = Parameters::new(config.generator.plan(levels), &mut rng)?;
        let judge = Judge::new(&config.discriminator, levels, Verdict::Whole, 0, &mut rng)?;
        Ok(StyleBasedTraining { config, levels, generator, judge, train, held_out })
    }

    /// A batch of the network as it is now.
    fn make(&self, view: &View, rng: &mut StdRng) -> Result<Tensor> {
        let (network, batch) = (&self.config.generator, self.config.fit.batch);
        let styles = network.styles(view, &noise(&[batch, network.noise], rng)?)?;
        let noises = network.draw_noise(self.levels, batch, rng)?;
        Ok(network.synthesise(view, self.levels, &styles, &noises, Way::Unfolded)?)
    }

    /// What the averaged network makes of `styles` draws of noise, each with `variants` draws of noise in the layers. The
    /// same ones every time.
    fn examples(&self, styles: usize, variants: usize) -> Result<Tensor> {
        let (network, view, mut rng) = (&self.config.generator, self.generator.averaged()?, of_samples());
        let mut made = Vec::new();
        for _ in 0..styles {
            let style = network.styles(&view, &noise(&[1, network.noise], &mut rng)?)?;
            for _ in 0..variants {
                let noises = network.draw_noise(self.levels, 1, &mut rng)?;
                made.push(network.synthesise(&view, self.levels, &style, &noises, Way::Folded)?);
            }
        }
        Ok(Tensor::cat(&made, 0)?)
    }
}

impl Training for StyleBasedTraining {
    fn summary(&self) -> String {
        let (generator, judge) = (self.generator.count(), self.judge.count());
        format!("{} pictures, {generator} parameters, {judge} of the discriminator", self.train.len())
    }

    fn pictures_per_step(&self) -> f64 {
        self.config.fit.batch as f64
    }

    fn step(&mut self, number: u64) -> Result<Scalars> {
        let fit = &self.config.fit;
        let mut rng = of_step(fit.seed, number);
        let mut of_judge = Scalars::new();
        for turn in 0..fit.discriminator_steps {
            let fake = self.make(&self.generator.live(Mode::Training).frozen(), &mut rng)?;
            let real = self.train.draw(fit.batch, &mut rng)?;
            let count = number * fit.discriminator_steps + turn;
            of_judge = self.judge.step(&real, &fake, None, &fit.discriminator(number), count)?;
        }
        let fake = self.make(&self.generator.live(Mode::Training), &mut rng)?;
        let loss = self.judge.generator_loss(&fake, None, number)?;
        let adam = fit.generator(number);
        self.generator.update(&adam, &loss.backward()?, number)?;

        let mut scalars = vec![("loss".to_string(), loss.to_scalar()?)];
        scalars.extend(of_judge);
        scalars.push(("learning-rate".to_string(), adam.rate as f32));
        Ok(scalars)
    }

    fn measure(&self) -> Result<Scalars> {
        let count = self.config.fit.checkpoint_pictures;
        let made = self.examples(count, 1)?;
        let to = |folder: &Folder| distance(&made, &folder.middles(count)?);
        Ok(vec![("distance".to_string(), to(&self.held_out)?), ("train/distance".to_string(), to(&self.train)?)])
    }

    fn sample(&self) -> Result<RgbImage> {
        let (rows, columns) = SHOWN;
        let rows: Vec<Vec<RgbImage>> =
            to_pictures(&self.examples(rows, columns)?)?.chunks(columns).map(<[RgbImage]>::to_vec).collect();
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

    const SHIPPED: &str = include_str!("../../configs/style-based.toml");

    fn training() -> StyleBasedTraining {
        let text = SHIPPED
            .replace("size = 64", "size = 16")
            .replace("channels = 16", "channels = 4")
            .replace("batch = 8", "batch = 4")
            .replace("style-dims = 64", "style-dims = 8")
            .replace("r1-every = 16", "r1-every = 2");
        let config = Config::parse(&text).unwrap();
        let cold = || trial::pictures(16, |x, _| [0.1, if x % 6 < 3 { 0.3 } else { 0.5 }, 0.9]);
        StyleBasedTraining::new(config, cold(), cold()).unwrap()
    }

    #[test]
    fn the_shipped_configuration_is_valid_and_mistakes_are_named() {
        let config = Config::parse(SHIPPED).unwrap();
        assert!(config.discriminator.r1 > 0.0 && config.fit.average > 0.9);
        for (right, wrong, expected) in [
            ("size = 64", "size = 63", "data.size is 63"),
            ("mapping = ", "mapping = 0 # ", "generator.mapping is 0"),
            ("style-dims = ", "style-dim = ", "style-dim"),
            ("r1 = 10.0", "r1 = -1.0", "discriminator.r1 is -1"),
        ] {
            assert!(SHIPPED.contains(right), "{right}");
            let error = format!("{:#}", Config::parse(&SHIPPED.replacen(right, wrong, 1)).unwrap_err());
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }

    #[test]
    fn pictures_take_on_the_colours_of_real_ones() {
        let mut training = training();
        let before = training.measure().unwrap();
        for number in 0..60 {
            training.step(number).unwrap();
        }
        let after = training.measure().unwrap();
        assert!(after[0].1 < 0.8 * before[0].1, "{before:?} {after:?}");
        trial::shows_something(&training);
    }

    #[test]
    fn a_restored_training_goes_on_to_the_bit() {
        trial::resumes(training);
    }
}
