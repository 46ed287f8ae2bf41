//! The method "paired": a network is fitted to pictures whose layers are known.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};
use image::RgbImage;
use inkcast_generator::{Generator, Package};

use crate::config::Config;
use crate::data::{ClipSequence, Example, Sequences, Split, load, load_clip_sequences};
use crate::eight_bits::{Cost, Ranges, costs};
use crate::gan::adversary::FIGURES;
use crate::losses::TERMS;
use crate::methods::Opening;
use crate::step::{LOSSES, step};
use crate::supply::Supply;
use crate::temporal::TEMPORAL_TERMS;
use crate::training::{Scalars, Training, with_train};
use crate::validate::{score, tell};
use crate::weights::{Weights, learning_rate};
use crate::{pictures, sheet};

/// Largest side of the pictures that a checkpoint is measured on.
const MEASURED_SIDE: usize = 384;
/// Pictures on a sample, their largest side, and the height of a row.
const SHOWN: usize = 4;
const SHOWN_SIDE: usize = 320;
const SHOWN_HEIGHT: u32 = 128;

/// A network in training with its data.
pub struct Paired {
    config: Config,
    weights: Weights,
    train: Supply,
    device: Device,
    /// To measure on.
    held_out: Vec<Example>,
}

impl Paired {
    /// Reads the data and draws the weights, or takes those of a base.
    pub fn open(opening: &Opening) -> Result<Self> {
        let config = Config::parse(opening.config)
            .with_context(|| format!("in the configuration {}", opening.file.display()))?;
        let weights = Weights::new(&config, opening.base.map(Package::generator), opening.device)?;
        let looks = config.looks();
        let mut train = load(opening.data, Split::Train, &looks)?;
        let size = config.fit.crop_size;
        train.retain(|example| example.width.min(example.height) >= size);
        ensure!(!train.is_empty(), "no picture has {size} pixels in both directions: lower fit.crop-size");
        let mut held_out = load(opening.data, Split::HeldOut, &looks)?;
        held_out.truncate(config.fit.checkpoint_pictures);
        let train = Supply::new(&config, train, opening.device).with_clips(clips(&config, opening)?);
        Ok(Paired { config, weights, train, device: opening.device.clone(), held_out })
    }

    /// Mean scores over the styles, and those of each style under its name.
    fn scores<'a>(
        &self,
        generator: &Generator,
        examples: impl Iterator<Item = &'a Example> + Clone,
    ) -> Result<Scalars> {
        let (mut means, mut details) = ([0.0; 2], Scalars::new());
        for style in &self.config.styles {
            let score = score(generator, &style.name, style.look, examples.clone(), MEASURED_SIDE)?;
            for ((mean, name), value) in
                means.iter_mut().zip(["difference", "similarity"]).zip([score.difference, score.similarity])
            {
                *mean += value / self.config.styles.len() as f64;
                details.push((format!("{}/{name}", style.name), value as f32));
            }
        }
        let mut scores = vec![("difference".to_string(), means[0] as f32), ("similarity".to_string(), means[1] as f32)];
        if let Some(adversary) = self.weights.adversary() {
            let mut means = [0.0; 3];
            for (index, style) in self.config.styles.iter().enumerate() {
                let told = tell(adversary, generator, (index, style), examples.clone(), MEASURED_SIDE)?;
                for (mean, value) in means.iter_mut().zip([told.right, told.real, told.fake]) {
                    *mean += value / self.config.styles.len() as f32;
                }
                details.push((format!("{}/d-right", style.name), told.right));
            }
            scores.extend(["d-right", "d-real", "d-fake"].map(String::from).into_iter().zip(means));
        }
        scores.extend(details);
        Ok(scores)
    }

    /// What the 8-bit engine makes of held-out pictures, in the mean and for each style, with ranges from crops that are the
    /// same every time; nothing if the configuration does not train for it.
    fn in_eight_bits(&self, generator: &Generator) -> Result<Scalars> {
        let Config { eight_bits: Some(settings), styles, .. } = &self.config else { return Ok(Scalars::new()) };
        let ranges = Ranges::of(generator, &self.config, settings, &self.train, 0)?;
        let costs = costs(generator, &ranges, styles, &self.held_out, MEASURED_SIDE)?;
        let names = ["eight-bits-difference", "eight-bits-psnr"].map(String::from);
        let mean = |value: fn(&Cost) -> f64| (costs.iter().map(value).sum::<f64>() / costs.len() as f64) as f32;
        let means = [mean(|cost| cost.difference), mean(|cost| cost.decibels)];
        let mut scalars: Scalars = names.iter().cloned().zip(means).collect();
        for (style, cost) in styles.iter().zip(&costs) {
            let figures = [cost.difference, cost.decibels].map(|figure| figure as f32);
            scalars.extend(names.iter().map(|name| format!("{}/{name}", style.name)).zip(figures));
        }
        Ok(scalars)
    }
}

/// The sequences of clips, if the configuration trains on such.
fn clips(config: &Config, opening: &Opening) -> Result<Vec<ClipSequence>> {
    let share = config.temporal.as_ref().map_or(0.0, |temporal| temporal.sequences.clips);
    if share == 0.0 {
        return Ok(Vec::new());
    }
    let (mut clips, size) = (load_clip_sequences(opening.data, &config.looks())?, config.fit.crop_size);
    clips.retain(|clip| clip.newest.width.min(clip.newest.height) >= size);
    ensure!(
        !clips.is_empty(),
        "temporal.sequences.clips is {share}, but {} has no sequences of clips of {size} pixels in both directions: run \
         inkcast-train prepare with --clips and --clip-sequences",
        opening.data.display()
    );
    Ok(clips)
}

impl Training for Paired {
    fn summary(&self) -> String {
        let Config { architecture, styles, .. } = &self.config;
        format!("{} pictures, {} parameters", self.train.examples().len(), architecture.parameter_count(styles.len()))
    }

    fn pictures_per_step(&self) -> f64 {
        let crops = (self.config.fit.crops * self.config.styles.len()) as f64;
        let more = |sequences: &Sequences| f64::from(sequences.share) * (sequences.frames - 1) as f64;
        crops * (1.0 + self.config.temporal.as_ref().map_or(0.0, |temporal| more(&temporal.sequences)))
    }

    fn step(&mut self, number: u64) -> Result<Scalars> {
        let losses = step(&mut self.weights, &self.config, &mut self.train, number)?;
        let factors = self.config.loss_weights();
        let shown = if self.config.adversarial.is_some() { &FIGURES[..] } else { &[] };
        let (mut total, mut details, mut means) = (0.0, Scalars::new(), vec![0.0; shown.len()]);
        for (style, terms) in self.config.styles.iter().zip(losses) {
            let loss: f32 = terms.iter().zip(factors).map(|(term, factor)| term * factor).sum();
            total += loss / self.config.styles.len() as f32;
            details.push((format!("{}/loss", style.name), loss));
            let names = TERMS.iter().chain(&TEMPORAL_TERMS).chain(shown);
            for (mean, figure) in means.iter_mut().zip(&terms[LOSSES - FIGURES.len()..]) {
                *mean += figure / self.config.styles.len() as f32;
            }
            details.extend(names.zip(terms).map(|(name, term)| (format!("{}/{name}", style.name), term)));
        }
        let mut scalars = vec![("loss".to_string(), total)];
        scalars.extend(shown.iter().map(|name| name.to_string()).zip(means));
        scalars.extend(details);
        scalars.push(("learning-rate".to_string(), learning_rate(&self.config.fit, number) as f32));
        Ok(scalars)
    }

    fn measure(&self) -> Result<Scalars> {
        let generator = self.weights.averaged()?;
        // What is trained for the 8-bit engine is best where that draws best.
        let mut held_out = self.in_eight_bits(&generator)?;
        held_out.extend(self.scores(&generator, self.held_out.iter())?);
        // As many of the pictures that it trains on, evenly spread.
        let train = self.train.examples();
        let (count, all) = (self.held_out.len().clamp(1, train.len()), train.len());
        let seen = (0..count).map(|index| &train[index * all / count]);
        Ok(with_train(held_out, self.scores(&generator, seen)?))
    }

    fn sample(&self) -> Result<RgbImage> {
        let shown = &self.held_out[..self.held_out.len().min(SHOWN)];
        let rows = sheet::rows(&self.weights.averaged()?, &self.config.styles, shown, SHOWN_SIDE, false)?;
        Ok(pictures::sheet(&rows, SHOWN_HEIGHT))
    }

    fn state(&self) -> Result<HashMap<String, Tensor>> {
        self.weights.state()
    }

    fn restore(&mut self, state: &HashMap<String, Tensor>) -> Result<()> {
        self.weights = Weights::from_state(&self.config, state, &self.device)?;
        Ok(())
    }
}
