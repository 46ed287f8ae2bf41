//! What every way of training has in common.

use std::collections::HashMap;

use anyhow::{Result, bail};
use candle_core::Tensor;
use image::RgbImage;
use inkcast_generator::{Generator, Style};

use crate::config::Model;

/// Named numbers in the order they are shown, such as the terms of a loss. A name with a slash, such as "ink/edges", is
/// a detail: it is recorded, but not printed.
pub type Scalars = Vec<(String, f32)>;

/// Figures on held-out data and after them those on training data, with "train/" in front of their names.
pub(crate) fn with_train(mut held_out: Scalars, train: Scalars) -> Scalars {
    held_out.extend(train.into_iter().map(|(name, value)| (format!("train/{name}"), value)));
    held_out
}

/// One way of training: what a step does, what a checkpoint holds, what is measured and shown.
pub trait Training {
    /// One line on what is trained and on what, such as "392 pictures, 60000 parameters".
    fn summary(&self) -> String;

    /// Pictures that a step trains on, on average, for the speed.
    fn pictures_per_step(&self) -> f64;

    /// One step, counted from zero. What it does depends on the configuration, the data and `number` alone, so that a
    /// resumed run goes on bit by bit. Returns the losses, the total first, those of the discriminator under names that
    /// begin with "d-", also the total first; and the rate of the step as "learning-rate". The names are the same at
    /// every step.
    fn step(&mut self, number: u64) -> Result<Scalars>;

    /// Figures on held-out data, and the same on a fixed part of the training data, their names with "train/" in front.
    /// The first decides which checkpoint is the best: lower is better. The names are the same every time.
    fn measure(&self) -> Result<Scalars>;

    /// A picture of what the network does now, the same inputs every time.
    fn sample(&self) -> Result<RgbImage>;

    /// Everything that a resumed run needs, by name.
    fn state(&self) -> Result<HashMap<String, Tensor>>;

    /// Goes back to what [`Training::state`] held. Missing, superfluous and wrongly shaped tensors are errors that name
    /// the tensor; on an error nothing has changed.
    fn restore(&mut self, state: &HashMap<String, Tensor>) -> Result<()>;

    /// What the player can run of it; an error where there is nothing.
    fn package(&self) -> Result<Content> {
        bail!("this method trains no network that the player runs")
    }
}

/// A network that the player runs, and what is to be said of it.
pub struct Content {
    /// What the package says of itself.
    pub model: Model,
    /// The network with a vector for each style.
    pub generator: Generator,
    /// The styles, in the order they are shown.
    pub styles: Vec<Style>,
}
