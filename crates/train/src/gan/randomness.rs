//! Random numbers that depend on a seed and the number of a step alone.

use anyhow::Result;
use candle_core::{Device, Tensor};
use rand::{SeedableRng, rngs::StdRng};

use crate::weights::normal;

/// The random numbers of step `number`.
pub fn of_step(seed: u64, number: u64) -> StdRng {
    // Multiplied so that neighbouring steps draw from unrelated seeds.
    StdRng::seed_from_u64(seed ^ (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// Those of samples and measurements: the same every time.
pub fn of_samples() -> StdRng {
    StdRng::seed_from_u64(0x5a3b_1e02)
}

/// Normal numbers `shape` of standard deviation 1.
pub fn noise(shape: &[usize], rng: &mut StdRng) -> Result<Tensor> {
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| normal(rng, 1.0)).collect();
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
}
