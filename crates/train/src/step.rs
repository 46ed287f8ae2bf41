//! One optimiser step.

use anyhow::Result;
use candle_core::{Device, Tensor};
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::config::Config;
use crate::data::{Drawing, Example, draw};
use crate::gan::adversary::{Adversary, FIGURES};
use crate::losses::{TERMS, loss_terms};
use crate::temporal::{TEMPORAL_TERMS, Unrolled, unroll};
use crate::weights::Weights;

/// Number of the terms of a style's loss: those of [`TERMS`], then those of [`TEMPORAL_TERMS`], then those of [`FIGURES`],
/// of which the discriminator's do not count.
pub const LOSSES: usize = TERMS.len() + TEMPORAL_TERMS.len() + FIGURES.len();

/// The terms of the loss of each style, in the order of the configuration.
pub type StyleLosses = Vec<[f32; LOSSES]>;

/// Draws crops for every style, adds up the gradients and changes the weights once. What it does depends on the
/// configuration, the data and `step` alone.
pub fn step(weights: &mut Weights, config: &Config, examples: &[Example], step: u64) -> Result<StyleLosses> {
    let factors = Tensor::new(&config.loss_weights()[..LOSSES - FIGURES.len()], &Device::Cpu)?;
    let mut round = weights.adversary_mut().map(|adversary| adversary.begin(step)).transpose()?.flatten();
    let mut gradient = weights.no_gradient();
    let mut losses = Vec::new();
    for (index, style) in config.styles.iter().enumerate() {
        // Multiplied so that neighbouring steps and styles draw from unrelated seeds.
        let number = step * config.styles.len() as u64 + index as u64 + 1;
        let seed = config.fit.seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let chance = StdRng::seed_from_u64(!seed).random::<f32>();
        let temporal = config.temporal.as_ref().filter(|temporal| chance < temporal.sequences.share);
        let drawing = Drawing {
            look: style.look,
            count: config.fit.crops,
            size: config.fit.crop_size,
            augment: &config.augment,
            damage: &config.damage,
            sequences: temporal.map(|temporal| &temporal.sequences),
        };
        let batch = draw(examples, &drawing, seed, &Device::Cpu)?;

        let generator = weights.generator();
        let vector = generator.style(&style.name).expect("every style of the configuration has a vector");
        let folded = generator.fold(vector)?;
        let Unrolled { output, terms } = unroll(&folded, temporal, &batch.frames, &batch.links)?;
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
