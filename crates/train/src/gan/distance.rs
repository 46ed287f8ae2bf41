//! How far a set of pictures is from another set.

use anyhow::Result;
use candle_core::Tensor;
use rand::{Rng, SeedableRng, rngs::StdRng};
use rayon::prelude::*;

use crate::weights::normal;

/// Side of the patches that are compared.
const PATCH: usize = 5;
/// Patches taken of each set.
const PATCHES: usize = 2048;
/// Directions that they are projected on.
const DIRECTIONS: usize = 128;

/// The sliced Wasserstein distance between the patches of two sets of pictures (Rabin et al. 2011; Karras et al. 2018
/// measure generators with it), `[N, 3, H, W]` each with sides from [`PATCH`] on: the mean over random directions of unit
/// length of the mean difference between the sorted projections. Pictures in 0..1; 0 is equal. The same patches and
/// directions every time.
pub fn distance(a: &Tensor, b: &Tensor) -> Result<f32> {
    let mut rng = StdRng::seed_from_u64(1);
    let directions: Vec<Vec<f32>> = (0..DIRECTIONS).map(|_| direction(&mut rng)).collect();
    let (a, b) = (patches(a, &mut rng)?, patches(b, &mut rng)?);
    let along = |direction: &Vec<f32>| difference(projected(&a, direction), projected(&b, direction));
    let distances: Vec<f64> = directions.par_iter().map(along).collect();
    Ok((distances.iter().sum::<f64>() / DIRECTIONS as f64) as f32)
}

fn direction(rng: &mut StdRng) -> Vec<f32> {
    let values: Vec<f32> = (0..3 * PATCH * PATCH).map(|_| normal(rng, 1.0)).collect();
    let length = values.iter().map(|value| value * value).sum::<f32>().sqrt();
    values.into_iter().map(|value| value / length).collect()
}

/// Random patches, one after the other.
fn patches(pictures: &Tensor, rng: &mut StdRng) -> Result<Vec<f32>> {
    let (count, channels, height, width) = pictures.dims4()?;
    let values = pictures.flatten_all()?.to_vec1::<f32>()?;
    let mut patches = Vec::with_capacity(PATCHES * channels * PATCH * PATCH);
    for _ in 0..PATCHES {
        let picture = rng.random_range(0..count);
        let (x, y) = (rng.random_range(0..=width - PATCH), rng.random_range(0..=height - PATCH));
        for channel in 0..channels {
            for row in y..y + PATCH {
                let start = ((picture * channels + channel) * height + row) * width + x;
                patches.extend_from_slice(&values[start..start + PATCH]);
            }
        }
    }
    Ok(patches)
}

fn projected(patches: &[f32], direction: &[f32]) -> Vec<f32> {
    let product = |patch: &[f32]| patch.iter().zip(direction).map(|(a, b)| a * b).sum();
    patches.chunks_exact(direction.len()).map(product).collect()
}

/// The Wasserstein distance of equally many numbers: the mean difference once both are sorted.
fn difference(mut a: Vec<f32>, mut b: Vec<f32>) -> f64 {
    a.sort_by(f32::total_cmp);
    b.sort_by(f32::total_cmp);
    a.iter().zip(&b).map(|(a, b)| f64::from((a - b).abs())).sum::<f64>() / a.len() as f64
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn sorted_numbers_are_compared_in_pairs() {
        // 0 with 1 and 2 with 5.
        assert_eq!(difference(vec![2.0, 0.0], vec![1.0, 5.0]), 2.0);
        assert_eq!(difference(vec![3.0, 1.0, 2.0], vec![1.0, 2.0, 3.0]), 0.0);
    }

    #[test]
    fn flat_pictures_are_as_far_apart_as_their_greys_along_each_direction() {
        let flat = |value: f32| Tensor::full(value, (2, 3, 8, 8), &Device::Cpu).unwrap();
        let mut rng = StdRng::seed_from_u64(1);
        let sums = (0..DIRECTIONS).map(|_| direction(&mut rng).iter().sum::<f32>().abs());
        let expected = 0.25 * sums.sum::<f32>() / DIRECTIONS as f32;
        assert!((distance(&flat(0.5), &flat(0.75)).unwrap() - expected).abs() < 1e-4);
        assert_eq!(distance(&flat(0.5), &flat(0.5)).unwrap(), 0.0);
    }

    #[test]
    fn other_textures_are_farther_than_other_pictures_of_the_same() {
        let stripes = |period: usize, phase: usize| {
            let value = |i: usize| if ((i % 32 + phase) / period).is_multiple_of(2) { 0.0f32 } else { 1.0 };
            Tensor::from_vec((0..3 * 32 * 32).map(value).collect(), (1, 3, 32, 32), &Device::Cpu).unwrap()
        };
        let (same, other) = (distance(&stripes(2, 0), &stripes(2, 2)), distance(&stripes(2, 0), &stripes(8, 0)));
        let (same, other) = (same.unwrap(), other.unwrap());
        assert!(same < 0.3 * other, "{same} {other}");
    }
}
