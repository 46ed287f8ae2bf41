//! The method "cycle": from pictures of one kind to another and back without pairs (Zhu et al. 2017).

mod config;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use anyhow::Result;
use candle_core::Tensor;
use image::RgbImage;
use inkcast_generator::{Architecture, Generator};
use rand::{SeedableRng, rngs::StdRng};

use super::distance::distance;
use super::folder::{Folder, to_pictures};
use super::judge::Judge;
use super::parameters::{Parameters, check};
use super::picture_discriminator::Verdict;
use super::randomness::of_step;
use super::replay::Replay;
use super::translator::{STYLE_DEVIATION, base_tensors, plan, translate};
use super::view::{Mode, View};
use crate::data::Split;
use crate::methods::Opening;
use crate::pictures;
use crate::training::{Content, Scalars, Training, with_train};
pub use config::{Config, Data, Style, Weights};

/// Pictures of a sample, one a row.
const SHOWN: usize = 4;
/// Name of the style vector of the way back.
const BACK: &str = "photo";

/// A generator to one kind of pictures, with who judges them.
struct Side {
    generator: Parameters,
    /// Name of its style vector.
    style: String,
    judge: Judge,
    /// What it made a while ago.
    replay: Replay,
}

impl Side {
    fn new(config: &Config, style: &str, rng: &mut StdRng) -> Result<Self> {
        let mut tensors = plan(&config.architecture);
        tensors.normal(format!("style.{style}"), &[config.architecture.style_dims], STYLE_DEVIATION);
        let levels = config.discriminator.levels;
        Ok(Side {
            generator: Parameters::new(tensors, rng)?,
            style: style.to_string(),
            judge: Judge::new(&config.discriminator, levels, Verdict::Places, 0, rng)?,
            replay: Replay::new(config.cycle.replay, [3, config.data.size, config.data.size]),
        })
    }

    /// The network of a view of its generator.
    fn network(&self, architecture: Architecture, view: &View) -> Result<Network> {
        let generator = Generator::from_tensors(architecture, view.without(&[]))?;
        Ok(Network { style: view.part("style", &self.style)?.clone(), generator })
    }

    fn state(&self, prefix: &str) -> Result<HashMap<String, Tensor>> {
        let mut state = self.generator.state(&format!("{prefix}.generator"))?;
        state.extend(self.judge.state(&format!("{prefix}.discriminator"))?);
        state.extend(self.replay.state(&format!("{prefix}.replay"))?);
        Ok(state)
    }
}

/// A generator under its style.
struct Network {
    generator: Generator,
    style: Tensor,
}

impl Network {
    fn run(&self, pictures: &Tensor) -> Result<Tensor> {
        let run = |index| translate(&self.generator, &self.style, &pictures.narrow(0, index, 1)?);
        let made = (0..pictures.dim(0)?).map(run).collect::<candle_core::Result<Vec<_>>>()?;
        Ok(Tensor::cat(&made, 0)?)
    }
}

/// Two generators in training, to comics and back.
pub struct Cycle {
    config: Config,
    to_comics: Side,
    to_photos: Side,
    /// Photos and comics.
    train: [Folder; 2],
    held_out: [Folder; 2],
}

impl Cycle {
    /// Reads the pictures and draws the weights; with a base, the generator to comics starts from it.
    pub fn open(opening: &Opening) -> Result<Self> {
        let config = opening.parsed(Config::parse)?;
        let open = |split| -> Result<[Folder; 2]> {
            let Data { photos, comics, size, short_side } = &config.data;
            let open = |folder: &str| Folder::open(opening.data, split, folder, *short_side, *size);
            Ok([open(photos)?, open(comics)?])
        };
        let (train, held_out) = (open(Split::Train)?, open(Split::HeldOut)?);
        let train = train.map(|pictures| pictures.varied(&config.augment));
        let base = opening.base.map(|base| base_tensors(base, &config.architecture)).transpose()?;
        let mut training = Self::new(config, train, held_out)?;
        if let Some(base) = base {
            training.to_comics.generator.start_from(&base)?;
        }
        Ok(training)
    }

    fn new(config: Config, train: [Folder; 2], held_out: [Folder; 2]) -> Result<Self> {
        let mut rng = StdRng::seed_from_u64(config.fit.seed);
        let to_comics = Side::new(&config, &config.style.name, &mut rng)?;
        let to_photos = Side::new(&config, BACK, &mut rng)?;
        Ok(Cycle { config, to_comics, to_photos, train, held_out })
    }

    fn averaged(&self, side: &Side) -> Result<Network> {
        side.network(self.config.architecture, &side.generator.averaged()?)
    }

    fn figures(&self, [photos, comics]: &[Folder; 2]) -> Result<Scalars> {
        let count = self.config.fit.checkpoint_pictures;
        let (to_comics, to_photos) = (self.averaged(&self.to_comics)?, self.averaged(&self.to_photos)?);
        let (photos, comics) = (photos.middles(count)?, comics.middles(count)?);
        let made = to_comics.run(&photos)?;
        let back = mean_difference(&to_photos.run(&made)?, &photos)?.to_scalar::<f32>()?;
        Ok(vec![("distance".to_string(), distance(&made, &comics)?), ("back".to_string(), back)])
    }
}

/// The losses of the generators for photos and comics `[N, 3, H, W]`, before their sum: adversarial, cycle, identity; and
/// what they made, comics first. `number` is that of the step.
fn generator_losses(
    weights: &Weights,
    number: u64,
    [to_comics, to_photos]: [&Network; 2],
    [comic_judge, photo_judge]: [&Judge; 2],
    [photos, comics]: [&Tensor; 2],
) -> Result<([Tensor; 3], [Tensor; 2])> {
    let made = [to_comics.run(photos)?, to_photos.run(comics)?];
    let fooling = |judge: &Judge, made: &Tensor| judge.generator_loss(made, None, number);
    let fooling = (fooling(comic_judge, &made[0])? + fooling(photo_judge, &made[1])?)?;
    let back = [to_photos.run(&made[0])?, to_comics.run(&made[1])?];
    let cycle = (mean_difference(&back[0], photos)? + mean_difference(&back[1], comics)?)?;
    let same = [to_photos.run(photos)?, to_comics.run(comics)?];
    let identity = (mean_difference(&same[0], photos)? + mean_difference(&same[1], comics)?)?;
    let losses = [
        (fooling * weights.adversarial)?,
        (cycle * weights.weight)?,
        (identity * (weights.weight * weights.identity))?,
    ];
    Ok((losses, made))
}

fn mean_difference(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    Ok((a - b)?.abs()?.mean_all()?)
}

impl Training for Cycle {
    fn summary(&self) -> String {
        let [photos, comics] = [self.train[0].len(), self.train[1].len()];
        let (generator, judge) = (self.to_comics.generator.count(), self.to_comics.judge.count());
        format!("{photos} photos, {comics} comics; twice {generator} parameters and {judge} of a discriminator")
    }

    fn pictures_per_step(&self) -> f64 {
        2.0 * self.config.fit.batch as f64
    }

    fn step(&mut self, number: u64) -> Result<Scalars> {
        let Config { architecture, cycle, fit, .. } = &self.config;
        let mut rng = of_step(fit.seed, number);
        let [photos, comics] = [self.train[0].draw(fit.batch, &mut rng)?, self.train[1].draw(fit.batch, &mut rng)?];

        // As in the paper: the generators first, then the discriminators on what those made.
        let views = [&self.to_comics, &self.to_photos].map(|side| side.generator.live(Mode::Training));
        let networks =
            [self.to_comics.network(*architecture, &views[0])?, self.to_photos.network(*architecture, &views[1])?];
        let (parts, made) = generator_losses(
            cycle,
            number,
            [&networks[0], &networks[1]],
            [&self.to_comics.judge, &self.to_photos.judge],
            [&photos, &comics],
        )?;
        let total = Tensor::stack(&parts, 0)?.sum_all()?;
        let gradients = total.backward()?;
        let adam = fit.generator(number);
        self.to_comics.generator.update(&adam, &gradients, number)?;
        self.to_photos.generator.update(&adam, &gradients, number)?;

        let (mut of_judges, mut details) = (Scalars::new(), Scalars::new());
        let real = [&comics, &photos];
        for turn in 0..fit.discriminator_steps {
            let sides = [(&mut self.to_comics, "comics"), (&mut self.to_photos, "photos")];
            let count = number * fit.discriminator_steps + turn;
            details.clear();
            for (((side, name), made), real) in sides.into_iter().zip(&made).zip(real) {
                let fake = side.replay.exchange(made, &mut rng)?;
                let scalars = side.judge.step(real, &fake, None, &fit.discriminator(number), count)?;
                details.extend(scalars.into_iter().map(|(part, value)| (format!("{part}/{name}"), value)));
            }
            let sum = details.iter().filter(|(name, _)| name.starts_with("d-loss/")).map(|(_, value)| value).sum();
            of_judges = vec![("d-loss".to_string(), sum)];
        }

        let mut scalars = vec![("loss".to_string(), total.to_scalar()?)];
        for (name, part) in ["adversarial", "cycle", "identity"].iter().zip(&parts) {
            scalars.push((name.to_string(), part.to_scalar()?));
        }
        scalars.extend(of_judges);
        scalars.extend(details);
        scalars.push(("learning-rate".to_string(), adam.rate as f32));
        Ok(scalars)
    }

    fn measure(&self) -> Result<Scalars> {
        Ok(with_train(self.figures(&self.held_out)?, self.figures(&self.train)?))
    }

    /// One row a pair: a photo, its comic and what comes back; a comic, its photo and what comes back.
    fn sample(&self) -> Result<RgbImage> {
        let (to_comics, to_photos) = (self.averaged(&self.to_comics)?, self.averaged(&self.to_photos)?);
        let (photos, comics) = (self.held_out[0].middles(SHOWN)?, self.held_out[1].middles(SHOWN)?);
        let (made_comics, made_photos) = (to_comics.run(&photos)?, to_photos.run(&comics)?);
        let back = (to_photos.run(&made_comics)?, to_comics.run(&made_photos)?);
        let columns = [photos, made_comics, back.0, comics, made_photos, back.1];
        let columns = columns.iter().map(to_pictures).collect::<Result<Vec<_>>>()?;
        let row = |index: usize| columns.iter().filter_map(|column| column.get(index).cloned()).collect();
        let count = columns.iter().map(Vec::len).max().unwrap_or_default();
        let rows: Vec<Vec<RgbImage>> = (0..count).map(row).collect();
        Ok(pictures::sheet(&rows, self.config.data.size as u32))
    }

    fn state(&self) -> Result<HashMap<String, Tensor>> {
        let mut state = self.to_comics.state("to-comics")?;
        state.extend(self.to_photos.state("to-photos")?);
        Ok(state)
    }

    fn restore(&mut self, state: &HashMap<String, Tensor>) -> Result<()> {
        check(&self.state()?, state)?;
        // What can still be wrong comes first.
        let replays = (
            self.to_comics.replay.restored("to-comics.replay", state)?,
            self.to_photos.replay.restored("to-photos.replay", state)?,
        );
        (self.to_comics.replay, self.to_photos.replay) = replays;
        for (side, prefix) in [(&mut self.to_comics, "to-comics"), (&mut self.to_photos, "to-photos")] {
            side.generator.restore(&format!("{prefix}.generator"), state)?;
            side.judge.restore(&format!("{prefix}.discriminator"), state)?;
        }
        Ok(())
    }

    /// The averaged generator to comics.
    fn package(&self) -> Result<Content> {
        let Style { name, description, screen, paper } = self.config.style.clone();
        let style = inkcast_generator::Style { name, description, screen, paper, activations: Vec::new() };
        let generator = self.averaged(&self.to_comics)?.generator;
        Ok(Content { model: self.config.model.clone(), generator, styles: vec![style] })
    }
}
