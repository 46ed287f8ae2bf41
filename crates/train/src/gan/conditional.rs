//! The methods "conditional" (Mirza and Osindero 2014) and "double": pictures under a condition.

mod config;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use anyhow::{Result, bail};
use candle_core::{Device, Tensor};
use image::RgbImage;
use inkcast_generator::Generator;
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::condition::Condition;
use super::distance::distance;
use super::folder::{Folder, to_pictures};
use super::judge::{self, Judge};
use super::parameters::Parameters;
use super::picture_discriminator::Verdict;
use super::randomness::{noise, of_samples, of_step};
use super::settings::doublings;
use super::translator::{base_tensors, content_difference, plan, translate};
use super::view::{Mode, View};
use crate::data::Split;
use crate::methods::Opening;
use crate::pictures;
use crate::training::{Content, Scalars, Training, with_train};
pub use config::{Config, Data, Style};

/// Pictures of a sample, one a row.
const SHOWN: usize = 4;
/// Parts of the generator's tensors that are not of the network itself.
const PARTS: [&str; 2] = ["encoder", "words"];

/// The pictures to train on, or those that are held out.
struct Pictures {
    photos: Option<Folder>,
    /// In the order of the styles.
    styles: Vec<Folder>,
}

impl Pictures {
    fn open(data: &std::path::Path, split: Split, config: &Config) -> Result<Self> {
        let Data { size, short_side, .. } = config.data;
        let open = |folder: &String| {
            let pictures = Folder::open(data, split, folder, short_side, size)?;
            Ok::<_, anyhow::Error>(if split == Split::Train { pictures.varied(&config.augment) } else { pictures })
        };
        Ok(Pictures {
            photos: config.data.photos.as_ref().map(open).transpose()?,
            styles: config.styles.iter().map(|style| open(&style.pictures)).collect::<Result<_>>()?,
        })
    }
}

/// A conditional generator in training.
pub struct Conditional {
    config: Config,
    condition: Condition,
    generator: Parameters,
    judge: Judge,
    train: Pictures,
    held_out: Pictures,
}

impl Conditional {
    /// Reads the pictures and draws the weights, or takes those of a base.
    pub fn open(opening: &Opening) -> Result<Self> {
        let config = opening.parsed(Config::parse)?;
        let [train, held_out] =
            [Split::Train, Split::HeldOut].map(|split| Pictures::open(opening.data, split, &config));
        let mut training = Self::new(config, train?, held_out?)?;
        if let Some(base) = opening.base {
            let Some(architecture) = &training.config.architecture else {
                bail!("a generator from noise has no weights in common with a package: leave out --base");
            };
            training.generator.start_from(&base_tensors(base, architecture)?)?;
        }
        Ok(training)
    }

    fn new(config: Config, train: Pictures, held_out: Pictures) -> Result<Self> {
        let mut rng = StdRng::seed_from_u64(config.fit.seed);
        let condition = config.condition()?;
        let (mut tensors, levels, verdict) = match (&config.architecture, &config.generator) {
            (Some(architecture), _) => (plan(architecture), config.discriminator.levels, Verdict::Places),
            (None, Some(generator)) => {
                let levels = doublings("data.size", config.data.size)?;
                (generator.plan(levels, config.data.style_dims.unwrap_or_default()), levels, Verdict::Whole)
            }
            (None, None) => bail!("there must be either [architecture] or [generator]"),
        };
        let more = condition.plan();
        tensors.parameters.extend(more.parameters);
        let generator = Parameters::new(tensors, &mut rng)?;
        let judge = Judge::new(&config.discriminator, levels, verdict, config.styles.len(), &mut rng)?;
        Ok(Conditional { config, condition, generator, judge, train, held_out })
    }

    fn is_double(&self) -> bool {
        self.config.method == "double"
    }

    /// What the generator starts from: photos, or noise where it needs none.
    fn inputs(&self, rng: &mut StdRng) -> Result<Tensor> {
        let batch = self.config.fit.batch;
        match (&self.train.photos, &self.config.generator) {
            (Some(photos), None) => photos.draw(batch, rng),
            (_, generator) => noise(&[batch, generator.map_or(1, |generator| generator.noise)], rng),
        }
    }

    /// Pictures `[N, 3, H, W]` of inputs under style vectors `[N, style_dims]`.
    fn make(&self, view: &View, inputs: &Tensor, styles: &Tensor) -> Result<Tensor> {
        if let Some(network) = &self.config.generator {
            let levels = doublings("data.size", self.config.data.size)?;
            return Ok(network.forward(view, levels, &Tensor::cat(&[inputs, styles], 1)?)?);
        }
        let generator = self.network(view)?;
        let one = |index: usize| translate(&generator, &styles.get(index)?, &inputs.narrow(0, index, 1)?);
        let made = (0..inputs.dim(0)?).map(one).collect::<candle_core::Result<Vec<_>>>()?;
        Ok(Tensor::cat(&made, 0)?)
    }

    /// What the discriminator judges: `G(x, c)`, or with the method "double" `G(G(x, c), c)`, so that a picture that is in
    /// the style already has to stay in it.
    fn judged(&self, view: &View, inputs: &Tensor, styles: &Tensor) -> Result<Tensor> {
        let once = self.make(view, inputs, styles)?;
        if self.is_double() { self.make(view, &once, styles) } else { Ok(once) }
    }

    fn network(&self, view: &View) -> Result<Generator> {
        let Some(architecture) = self.config.architecture else { bail!("this generator makes pictures of noise") };
        Ok(Generator::from_tensors(architecture, view.without(&PARTS))?)
    }

    /// What the averaged network makes of the same inputs every time, for each style and prompt.
    fn examples(&self, pictures: &Pictures, count: usize) -> Result<(Tensor, Vec<(Tensor, Tensor)>)> {
        let view = self.generator.averaged()?;
        let inputs = match (&pictures.photos, &self.config.generator) {
            (Some(photos), None) => photos.middles(count)?,
            (_, generator) => noise(&[count, generator.map_or(1, |generator| generator.noise)], &mut of_samples())?,
        };
        let mut made = Vec::new();
        for (_, vector) in self.condition.vectors(&view, &self.train.styles)? {
            let styles = vector.unsqueeze(0)?.broadcast_as((inputs.dim(0)?, vector.dim(0)?))?.contiguous()?;
            let once = self.make(&view, &inputs, &styles)?;
            made.push((once, styles));
        }
        Ok((inputs, made))
    }

    /// Means over the styles.
    fn figures(&self, pictures: &Pictures) -> Result<Scalars> {
        let count = self.config.fit.checkpoint_pictures;
        let (_, made) = self.examples(pictures, count)?;
        let view = self.generator.averaged()?;
        let (mut mean, mut moved, mut details) = (0.0, 0.0, Scalars::new());
        for ((style, folder), (once, vectors)) in self.config.styles.iter().zip(&pictures.styles).zip(&made) {
            let far = distance(once, &folder.middles(count)?)?;
            mean += far / self.config.styles.len() as f32;
            details.push((format!("{}/distance", style.name), far));
            if self.is_double() {
                let twice = self.make(&view, once, vectors)?;
                moved += (twice - once)?.abs()?.mean_all()?.to_scalar::<f32>()? / self.config.styles.len() as f32;
            }
        }
        let mut figures = vec![("distance".to_string(), mean)];
        if self.is_double() {
            // How much a second pass changes: nothing, once the style is an end of its own.
            figures.push(("second-pass".to_string(), moved));
        }
        figures.extend(details);
        Ok(figures)
    }
}

impl Training for Conditional {
    fn summary(&self) -> String {
        let counts = (self.config.styles.iter().zip(&self.train.styles))
            .map(|(style, folder)| format!("{} of {}", folder.len(), style.name));
        let photos = self.train.photos.iter().map(|photos| format!("{} photos", photos.len()));
        let counts: Vec<String> = photos.chain(counts).collect();
        let (generator, judge) = (self.generator.count(), self.judge.count());
        format!("{}; {generator} parameters, {judge} of the discriminator", counts.join(", "))
    }

    fn pictures_per_step(&self) -> f64 {
        self.config.fit.batch as f64
    }

    fn step(&mut self, number: u64) -> Result<Scalars> {
        let fit = &self.config.fit;
        let mut rng = of_step(fit.seed, number);
        let draw_labels = |rng: &mut StdRng| -> Vec<usize> {
            (0..fit.batch).map(|_| rng.random_range(0..self.config.styles.len())).collect()
        };
        let to_tensor =
            |labels: &[usize]| Tensor::new(labels.iter().map(|&label| label as u32).collect::<Vec<_>>(), &Device::Cpu);

        let mut of_judge = Scalars::new();
        for turn in 0..fit.discriminator_steps {
            let labels = draw_labels(&mut rng);
            let view = self.generator.live(Mode::Training).frozen();
            let (styles, _) = self.condition.draw(&view, &labels, &self.train.styles, &mut rng)?;
            let fake = self.judged(&view, &self.inputs(&mut rng)?, &styles)?;
            let real = labels.iter().map(|&label| self.train.styles[label].draw_one(&mut rng));
            let real = Tensor::cat(&real.collect::<Result<Vec<_>>>()?, 0)?;
            let count = number * fit.discriminator_steps + turn;
            of_judge = self.judge.step(&real, &fake, Some(&to_tensor(&labels)?), &fit.discriminator(number), count)?;
        }

        let labels = draw_labels(&mut rng);
        let view = self.generator.live(Mode::Training);
        let (styles, told) = self.condition.draw(&view, &labels, &self.train.styles, &mut rng)?;
        let inputs = self.inputs(&mut rng)?;
        let fake = self.judged(&view, &inputs, &styles)?;
        let fooling = self.judge.generator_loss(&fake, Some(&to_tensor(&labels)?), number)?;
        let mut parts = vec![("adversarial", fooling)];
        if let Some(told) = told {
            parts.push(("words", told));
        }
        if let Some(found) = self.condition.found_again(&view, &fake, &styles)? {
            parts.push(("style", found));
        }
        if self.config.architecture.is_some() && self.config.data.content > 0.0 {
            parts.push(("content", (content_difference(&fake, &inputs)? * self.config.data.content)?));
        }
        let losses: Vec<Tensor> = parts.iter().map(|(_, loss)| loss.clone()).collect();
        let total = Tensor::stack(&losses, 0)?.sum_all()?;
        let adam = fit.generator(number);
        self.generator.update(&adam, &total.backward()?, number)?;
        self.generator.take_in(view)?;

        let mut scalars = vec![("loss".to_string(), total.to_scalar()?)];
        for (name, loss) in parts {
            scalars.push((name.to_string(), loss.to_scalar()?));
        }
        scalars.extend(of_judge);
        scalars.push(("learning-rate".to_string(), adam.rate as f32));
        Ok(scalars)
    }

    fn measure(&self) -> Result<Scalars> {
        Ok(with_train(self.figures(&self.held_out)?, self.figures(&self.train)?))
    }

    /// One row an input: the photo, if there is one, then what is made of it for each style and prompt.
    fn sample(&self) -> Result<RgbImage> {
        let (inputs, made) = self.examples(&self.held_out, SHOWN)?;
        let mut columns = Vec::new();
        if self.config.architecture.is_some() {
            columns.push(to_pictures(&inputs)?);
        }
        for (once, _) in &made {
            columns.push(to_pictures(once)?);
        }
        let row = |index: usize| columns.iter().map(|column| column[index].clone()).collect();
        let rows: Vec<Vec<RgbImage>> = (0..inputs.dim(0)?).map(row).collect();
        Ok(pictures::sheet(&rows, self.config.data.size as u32))
    }

    fn state(&self) -> Result<HashMap<String, Tensor>> {
        judge::state(&self.generator, &self.judge)
    }

    fn restore(&mut self, state: &HashMap<String, Tensor>) -> Result<()> {
        judge::restore(&mut self.generator, &mut self.judge, state)
    }

    /// The averaged network with the vector of every style and prompt. Prompts are printed as the first style is.
    fn package(&self) -> Result<Content> {
        let (Some(model), Some(architecture)) = (&self.config.model, self.config.architecture) else {
            bail!("this generator makes pictures of noise; the player runs those that make them of pictures");
        };
        let view = self.generator.averaged()?;
        let mut tensors = self.network(&view)?.tensors().clone();
        tensors.retain(|name, _| !name.starts_with("style."));
        let mut styles = Vec::new();
        for (index, (named, vector)) in self.condition.vectors(&view, &self.train.styles)?.into_iter().enumerate() {
            tensors.insert(format!("style.{}", named.name), vector.detach());
            let known = self.config.styles.get(index);
            let Style { screen, paper, .. } = known.unwrap_or(&self.config.styles[0]);
            styles.push(inkcast_generator::Style {
                name: named.name,
                description: known.map_or(named.description, |style| style.description.clone()),
                screen: *screen,
                paper: *paper,
                activations: Vec::new(),
            });
        }
        Ok(Content { model: model.clone(), generator: Generator::from_tensors(architecture, tensors)?, styles })
    }
}
