use inkcast_kernels::Level;
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::*;

fn noise(rng: &mut StdRng, count: usize) -> Vec<f32> {
    (0..count).map(|_| rng.random_range(-1.0..1.0)).collect()
}

/// Numbers of rows and taps around the sizes of blocks and chunks, and lengths around those of vectors and tiles.
const CASES: [[usize; 3]; 9] = [
    [1, 1, 1],
    [3, 2, 15],
    [4, 7, 16],
    [5, 6, 17],
    [8, 13, 47],
    [11, 127, 48],
    [16, 128, 49],
    [17, 129, 100],
    [7, 300, 1100],
];

#[test]
fn sums_of_every_level_equal_plain_ones() {
    let mut rng = StdRng::seed_from_u64(1);
    for [rows, taps, count] in CASES {
        let source = noise(&mut rng, 3 * count + TILE);
        let places: Vec<usize> = (0..taps).map(|_| rng.random_range(0..2 * count)).collect();
        let weight = noise(&mut rng, rows * taps);
        let weights = Weights::new(rows, taps, |row, tap| weight[row * taps + tap]);
        let step = count.next_multiple_of(TILE) + TILE;
        for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
            let mut results = vec![f32::NAN; rows * step];
            weighted_sums(level, &weights, &places, &source, count, &mut results, step);
            for row in 0..rows {
                for i in 0..count {
                    let terms = (0..taps).map(|tap| f64::from(weight[row * taps + tap] * source[places[tap] + i]));
                    let (found, expected) = (f64::from(results[row * step + i]), terms.sum::<f64>());
                    assert!((found - expected).abs() < 1e-4, "{level}, {rows} {taps} {count}: {found} {expected}");
                }
                assert!(results[row * step + step - TILE..(row + 1) * step].iter().all(|value| value.is_nan()));
            }
        }
    }
}

#[test]
fn sums_of_nothing_are_zero() {
    let mut results = vec![1.0; 3 * TILE];
    let weights = Weights::new(3, 0, |_, _| unreachable!());
    weighted_sums(Level::detect(), &weights, &[], &[], 5, &mut results, TILE);
    assert!((0..3).all(|row| results[row * TILE..row * TILE + 5] == [0.0; 5]));
}

#[test]
fn sums_of_products_of_every_level_equal_plain_ones() {
    let mut rng = StdRng::seed_from_u64(2);
    for [rows, taps, count] in CASES {
        let whole = count.next_multiple_of(MOST_LANES);
        let row_places: Vec<usize> = (0..rows).map(|row| row * whole).collect();
        let places: Vec<usize> = (0..taps).map(|_| rng.random_range(0..2 * count)).collect();
        let pairs: Vec<(Vec<f32>, Vec<f32>)> = (0..2)
            .map(|_| {
                let mut grads = noise(&mut rng, rows * whole);
                grads.chunks_exact_mut(whole).for_each(|row| row[count..].fill(0.0));
                (grads, noise(&mut rng, 2 * count + whole))
            })
            .collect();
        let slices: Vec<(&[f32], &[f32])> = pairs.iter().map(|(grads, source)| (&grads[..], &source[..])).collect();
        for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
            let mut results = vec![0.5; rows * taps];
            sums_of_products(level, &slices, &row_places, &places, count, &mut results);
            for (index, &found) in results.iter().enumerate() {
                let (row, place) = (row_places[index / taps], places[index % taps]);
                let sum = |(grads, source): &(Vec<f32>, Vec<f32>)| -> f64 {
                    (0..count).map(|i| f64::from(grads[row + i] * source[place + i])).sum()
                };
                let expected = 0.5 + pairs.iter().map(sum).sum::<f64>();
                let close = (f64::from(found) - expected).abs() < 2e-4;
                assert!(close, "{level}, {rows} {taps} {count}: {found} {expected}");
            }
        }
    }
}

#[test]
#[should_panic(expected = "beyond its source")]
fn a_stretch_beyond_its_source_is_refused() {
    let weights = Weights::new(1, 1, |_, _| 1.0);
    weighted_sums(Level::detect(), &weights, &[1], &[0.0; TILE], 1, &mut [0.0; TILE], TILE);
}

#[test]
#[should_panic(expected = "beyond its slice")]
fn a_product_beyond_its_slice_is_refused() {
    sums_of_products(Level::detect(), &[(&[0.0; 16], &[0.0; 16])], &[0], &[1], 1, &mut [0.0]);
}
