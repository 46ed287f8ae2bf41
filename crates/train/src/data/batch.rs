use anyhow::{Result, ensure};
use candle_core::{Device, Tensor};
use rand::{Rng, SeedableRng, rngs::StdRng};
use rayon::prelude::*;

use super::{Damage, Example};
use crate::looks::Look;

/// Crops to train on.
pub struct Batch {
    /// Damaged pictures `[N, 3, size, size]`.
    pub input: Tensor,
    /// Layers of the clean pictures `[N, 4, size, size]`.
    pub target: Tensor,
}

/// Draws `count` random crops of `size` pixels with the layers of `look`, half of them mirrored. The same seed draws
/// the same crops. Every example must have `size` pixels in both directions.
pub fn draw(
    examples: &[Example],
    look: Look,
    count: usize,
    size: usize,
    damage: &Damage,
    seed: u64,
    device: &Device,
) -> Result<Batch> {
    ensure!(!examples.is_empty(), "there are no examples to draw crops from");
    let mut rng = StdRng::seed_from_u64(seed);
    let seeds: Vec<u64> = (0..count).map(|_| rng.random()).collect();
    let crops: Vec<(Vec<f32>, Vec<f32>)> =
        seeds.into_par_iter().map(|seed| crop(examples, look, size, damage, seed)).collect();
    let (inputs, targets): (Vec<_>, Vec<_>) = crops.into_iter().unzip();
    Ok(Batch {
        input: Tensor::from_vec(inputs.concat(), (count, 3, size, size), device)?,
        target: Tensor::from_vec(targets.concat(), (count, 4, size, size), device)?,
    })
}

fn crop(examples: &[Example], look: Look, size: usize, damage: &Damage, seed: u64) -> (Vec<f32>, Vec<f32>) {
    let mut rng = StdRng::seed_from_u64(seed);
    let example = &examples[rng.random_range(0..examples.len())];
    let left = rng.random_range(0..=example.width - size);
    let top = rng.random_range(0..=example.height - size);
    let mirrored = rng.random();
    let window = Window { width: example.width, left, top, size, mirrored };
    let mut input = window.planes(&example.source, 3);
    damage.apply(&mut input, size, &mut rng);
    (input, window.planes(&example.layers[&look], 4))
}

/// Where a crop lies.
struct Window {
    /// Width of the whole picture.
    width: usize,
    left: usize,
    top: usize,
    size: usize,
    mirrored: bool,
}

impl Window {
    /// Takes it out of interleaved bytes, as one plane of 0..1 for each channel.
    fn planes(&self, bytes: &[u8], channels: usize) -> Vec<f32> {
        let pixels = self.size * self.size;
        let mut planes = vec![0.0; channels * pixels];
        for y in 0..self.size {
            let start = ((self.top + y) * self.width + self.left) * channels;
            let row = &bytes[start..start + self.size * channels];
            for (x, pixel) in row.chunks_exact(channels).enumerate() {
                let x = if self.mirrored { self.size - 1 - x } else { x };
                for (channel, &value) in pixel.iter().enumerate() {
                    planes[channel * pixels + y * self.size + x] = f32::from(value) / 255.0;
                }
            }
        }
        planes
    }
}
