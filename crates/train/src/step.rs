//! One optimiser step.

use anyhow::Result;
use candle_core::{Device, Tensor};

use crate::config::Config;
use crate::data::{Example, draw};
use crate::losses::{TERMS, loss_terms};
use crate::ops::TrainingOps;
use crate::weights::Weights;

/// The terms of the loss of each style, in the order of the configuration and of [`TERMS`].
pub type StyleLosses = Vec<[f32; TERMS.len()]>;

/// Draws crops for every style, adds up the gradients and changes the weights once. What it does depends on the
/// configuration, the data and `step` alone.
pub fn step(weights: &mut Weights, config: &Config, examples: &[Example], step: u64) -> Result<StyleLosses> {
    let factors = Tensor::new(&config.losses.to_array(), &Device::Cpu)?;
    let mut gradient = weights.no_gradient();
    let mut losses = Vec::new();
    for (index, style) in config.styles.iter().enumerate() {
        // Multiplied so that neighbouring steps and styles draw from unrelated seeds.
        let number = step * config.styles.len() as u64 + index as u64 + 1;
        let seed = config.fit.seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let (crops, size) = (config.fit.crops, config.fit.crop_size);
        let batch = draw(examples, style.look, crops, size, &config.damage, seed, &Device::Cpu)?;

        let generator = weights.generator();
        let vector = generator.style(&style.name).expect("every style of the configuration has a vector");
        let output = generator.fold(vector)?.forward(&TrainingOps, &batch.input, None)?;
        let terms = loss_terms(&output, &batch.target)?;
        weights.add(&mut gradient, &(&terms * &factors)?.sum_all()?.backward()?)?;
        losses.push(terms.to_vec1()?.try_into().expect("the loss has a value for each term"));
    }
    weights.update(gradient, step)?;
    Ok(losses)
}
