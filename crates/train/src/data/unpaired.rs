use anyhow::{Result, ensure};
use candle_core::{Device, Tensor};
use rand::{Rng, SeedableRng, rngs::StdRng};
use rayon::prelude::*;

use super::window::Window;
use super::{Augment, Example};

/// Crops without layers, of photos or of comic pictures.
pub struct Unpaired<'a> {
    /// How many crops.
    pub count: usize,
    /// Their side in pixels.
    pub size: usize,
    /// How they are turned and scaled.
    pub augment: &'a Augment,
}

/// Draws random crops `[N, 3, size, size]` of 0..1, half of them mirrored. The same seed draws the same crops. Every
/// example must have `size` pixels in both directions.
pub fn draw_unpaired(examples: &[Example], drawing: &Unpaired<'_>, seed: u64, device: &Device) -> Result<Tensor> {
    ensure!(!examples.is_empty(), "there are no examples to draw crops from");
    let mut rng = StdRng::seed_from_u64(seed);
    let seeds: Vec<u64> = (0..drawing.count).map(|_| rng.random()).collect();
    let size = drawing.size;
    let crops: Vec<Vec<f32>> = seeds
        .into_par_iter()
        .map(|seed| {
            let mut rng = StdRng::seed_from_u64(seed);
            let example = &examples[rng.random_range(0..examples.len())];
            Window::draw(example, size, drawing.augment, &mut rng).planes::<3>(&example.source)
        })
        .collect();
    Ok(Tensor::from_vec(crops.concat(), (drawing.count, 3, size, size), device)?)
}
