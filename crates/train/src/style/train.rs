use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use candle_core::{Device, Tensor};
use inkcast_generator::{Folded, Package};
use rayon::prelude::*;

use super::Job;
use super::adapters::Adapters;
use super::scenes::Scene;
use crate::data::{Augment, Batch, Damage, Drawing, Example, draw};
use crate::looks::{Hand, Look};
use crate::losses::{LossWeights, loss_terms};
use crate::ops::TrainingOps;

/// Crops of a step, and their side in pixels.
const CROPS: usize = 2;
const CROP_SIZE: usize = 160;
/// Highest learning rate.
const RATE: f64 = 6e-3;
/// Batches that decide which style of the base to start from.
const TRIED: u64 = 4;
/// Steps between two lines of the log.
const LOG_EVERY: u64 = 100;
/// Examples keep layers by look; a hand is none of them, and takes this one's place.
const SLOT: Look = Look::Ink;

/// As the shipped styles are fitted, so that the new one is as steady as they are.
const DAMAGE: Damage = Damage { noise: 0.025, jpeg: 0.2, blur: 0.1, exposure: 0.015, colour: 0.01 };
const LOSSES: LossWeights =
    LossWeights { ink: 1.0, colour: 1.5, composite: 1.0, ink_edges: 0.5, composite_edges: 1.0, dissimilarity: 0.6 };

/// Adapters that draw `scenes` as `hand` does, from the style of the base that comes nearest to it.
pub(super) fn train(base: &Package, scenes: &[Scene], hand: &Hand, job: &Job) -> Result<Adapters> {
    let example = |(index, scene): (usize, &Scene)| {
        Example::new(&format!("scene-{index}"), &scene.source, &[(SLOT, scene.analysis.drawn_by(hand))])
    };
    let examples: Vec<Example> = scenes.par_iter().enumerate().map(example).collect();
    let side = examples.iter().map(|example| example.width.min(example.height)).min().unwrap_or(CROP_SIZE);
    let size = CROP_SIZE.min(side / 4 * 4);
    let batch = |number: u64| {
        let seed = job.seed ^ (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let augment = &Augment::default();
        let drawing = Drawing { look: SLOT, count: CROPS, size, augment, damage: &DAMAGE, sequences: None, clips: &[] };
        draw(&examples, &drawing, seed, &Device::Cpu)
    };
    let start = nearest_style(base, &batch)?;
    let vector = base.style_vector(&start)?;
    let mut adapters = Adapters::new(base.generator(), vector)?;
    println!("{} numbers to learn, from the style \"{start}\" on", adapters.count());
    let (mut sum, mut since) = (0.0, Instant::now());
    for step in 0..job.steps {
        let loss = loss(&adapters.fold()?, &batch(step)?, step)?;
        sum += loss.to_scalar::<f32>()?;
        adapters.update(&loss, step, job.steps, RATE)?;
        let done = step + 1;
        if done % LOG_EVERY == 0 || done == job.steps {
            let steps = (done - 1) % LOG_EVERY + 1;
            let left = since.elapsed().mul_f64((job.steps - done) as f64 / steps as f64);
            println!("step {done} of {}: loss {:.4}, {} left", job.steps, sum / steps as f32, clock(left));
            (sum, since) = (0.0, Instant::now());
        }
    }
    Ok(adapters)
}

/// The style of the base with the least loss before anything is learned.
fn nearest_style(base: &Package, batch: &dyn Fn(u64) -> Result<Batch>) -> Result<String> {
    let mut losses = Vec::new();
    for style in &base.manifest().styles {
        let folded = base.fold(&style.name)?;
        let total =
            (0..TRIED).map(|number| Ok(loss(&folded, &batch(number)?, 0)?.to_scalar::<f32>()?)).sum::<Result<f32>>()?;
        losses.push((total, &style.name));
    }
    let nearest = losses.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
    Ok(nearest.context("the base has no styles")?.1.clone())
}

/// How far the network is from the layers it should give. A network that takes carried layers sees every other batch as
/// a later frame of a still video, after its own layers: what it makes of them must not drift away.
fn loss(folded: &Folded, batch: &Batch, step: u64) -> Result<Tensor> {
    let (input, mut carried) = (&batch.frames[0], None);
    if folded.architecture().carried_input && step % 2 == 1 {
        let layers = folded.forward(&TrainingOps, input, None)?.detach().clamp(0.0, 1.0)?;
        let trust = layers.narrow(1, 0, 1)?.ones_like()?;
        carried = Some(Tensor::cat(&[&layers, &trust], 1)?);
    }
    let output = folded.forward(&TrainingOps, input, carried.as_ref())?;
    let factors = Tensor::new(&LOSSES.to_array(), &Device::Cpu)?;
    Ok((loss_terms(&output, &batch.target)? * factors)?.sum_all()?)
}

fn clock(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}
