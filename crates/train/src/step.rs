//! One optimiser step.

use anyhow::Result;
use candle_core::Tensor;
use inkcast_generator::ConvOps;

use crate::config::Config;
use crate::gan::adversary::{Adversary, FIGURES};
use crate::int8::{Codes, Simulation};
use crate::losses::{TERMS, loss_terms};
use crate::ops::TrainingOps;
use crate::supply::{Draft, Supply};
use crate::temporal::{TEMPORAL_TERMS, Unrolled, unroll};
use crate::weights::Weights;

/// Number of the terms of a style's loss: those of [`TERMS`], then those of [`TEMPORAL_TERMS`], then those of [`FIGURES`],
/// of which the discriminator's do not count.
pub const LOSSES: usize = TERMS.len() + TEMPORAL_TERMS.len() + FIGURES.len();

/// The terms of the loss of each style, in the order of the configuration.
pub type StyleLosses = Vec<[f32; LOSSES]>;

/// Adds up the gradients of every style on the crops of step `step` and changes the weights once. What it does depends on
/// the configuration, the data and `step` alone.
pub fn step(weights: &mut Weights, config: &Config, supply: &mut Supply, step: u64) -> Result<StyleLosses> {
    let device = weights.device().clone();
    let factors = Tensor::new(&config.loss_weights()[..LOSSES - FIGURES.len()], &device)?;
    let mut round = weights.adversary_mut().map(|adversary| adversary.begin(step)).transpose()?.flatten();
    weights.renew_ranges(supply, step)?;
    let mut gradient = weights.no_gradient();
    let mut losses = Vec::new();
    let drafts = supply.step(step)?;
    for (index, (style, Draft { batch, is_sequence, seed })) in config.styles.iter().zip(drafts).enumerate() {
        let batch = batch.to_device(&device)?;
        let temporal = config.temporal.as_ref().filter(|_| is_sequence);
        let generator = weights.generator()?;
        let vector = generator.style(&style.name).expect("every style of the configuration has a vector");
        let folded = generator.fold(vector)?;
        let simulation = weights.ranges().ends(index).map(|ends| Simulation::new(ends, Codes::All));
        let ops: &dyn ConvOps = match &simulation {
            Some(simulation) => simulation,
            None => &TrainingOps,
        };
        let Unrolled { output, terms } = unroll(&folded, ops, temporal, &batch.frames, &batch.links)?;
        let [output_loss, feature_loss] = terms.map(|term| term.reshape(1));
        let terms = Tensor::cat(&[loss_terms(&output, &batch.target)?, output_loss?, feature_loss?], 0)?;
        let mut loss = (&terms * &factors)?.sum_all()?;
        let mut figures = weights.adversary().map_or([0.0; FIGURES.len()], Adversary::waiting);
        if let Some(round) = &mut round {
            let opposed = round.oppose(&output, &batch.target, index, seed)?;
            (loss, figures) = ((loss + opposed.pull)?, opposed.figures);
        }
        weights.add(&mut gradient, &loss.backward()?)?;
        let terms = [terms.to_vec1()?, figures.to_vec()].concat();
        losses.push(terms.try_into().expect("the loss has a value for each term"));
    }
    weights.update(gradient, step)?;
    if let Some((adversary, round)) = weights.adversary_mut().zip(round) {
        adversary.finish(round)?;
    }
    Ok(losses)
}
