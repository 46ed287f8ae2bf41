//! Settles the new layers with those carried over from the previous frame: the temporal term.

#[cfg(test)]
mod tests;

use inkcast_frame::{LAYER_ONE, LAYER_STEP, Layers, Plane};
use rayon::prelude::*;

use crate::Level;
use crate::vectorised::vectorised;
use crate::warp::Warped;

/// Radius of the neighbourhood that carried layers must agree with, in pixels.
const RADIUS: usize = 2;
/// How far beyond the neighbourhood's range they may lie.
const MARGIN: i16 = 6 * LAYER_STEP;
/// Age beyond which a pixel counts no older: the mean then runs over so many frames.
const OLDEST: f32 = 15.0;
/// One frame of age, as ages are stored.
pub const AGE_STEP: u8 = 16;

/// Pixels of a row that are worked on together, and with their neighbours on both sides.
const CHUNK: usize = 64;
const WIDE: usize = CHUNK + 2 * RADIUS;
/// Rows of a neighbourhood.
const ROWS: usize = 2 * RADIUS + 1;

/// A chunk's pixels and their neighbours to both sides.
type WideChunk = [[i16; 4]; WIDE];

/// Blends `fresh` with what `carried` holds, and writes the age of each pixel.
///
/// Per pixel: the carried layers are clamped to the range of `fresh` in a 5x5 neighbourhood, widened by a margin, so
/// that nothing which has left the picture can stay (the history rectification of temporal anti-aliasing, Karis 2014).
/// Then `settled = fresh + w (carried - fresh)` with `w = confidence * n / (n + 1)`, so that a still pixel is the mean
/// of its past. `n` is its age, at most `steadiness^2` of the oldest: a mean over fewer frames for less steadiness, down
/// to none. Age grows by one and shrinks with confidence.
///
/// Returns the mean of `w`. The result does not depend on the number of threads.
pub fn compose(
    level: Level,
    fresh: &Layers,
    carried: &Warped,
    steadiness: f32,
    settled: &mut Layers,
    age: &mut Plane<u8>,
) -> f32 {
    let (width, height) = fresh.size();
    assert_eq!(carried.layers.size(), (width, height), "size of the carried layers");
    settled.resize(width, height);
    age.resize(width, height);
    let most = OLDEST * steadiness * steadiness;
    let rows = settled.data_mut().par_chunks_mut(width).zip(age.data_mut().par_chunks_mut(width));
    // Whole numbers add up to the same in every order.
    let total: u64 = rows
        .enumerate()
        .map(|(y, (out, out_age))| {
            let chunks = out.chunks_mut(CHUNK).zip(out_age.chunks_mut(CHUNK));
            let sums = chunks.enumerate().map(|(index, (out, out_age))| {
                u64::from(settle(level, fresh, carried, most, index * CHUNK, y, out, out_age))
            });
            sums.sum::<u64>()
        })
        .sum();
    total as f32 / WEIGHT_ONE / (width * height) as f32
}

/// One in the weights of a chunk.
const WEIGHT_ONE: f32 = (1 << 15) as f32;

/// Settles one chunk and returns the sum of its weights.
fn settle(
    level: Level,
    fresh: &Layers,
    carried: &Warped,
    most: f32,
    x: usize,
    y: usize,
    out: &mut [[i16; 4]],
    out_age: &mut [u8],
) -> u32 {
    let count = out.len();
    let mut history = Chunk { layers: [[0; 4]; CHUNK], confidence: [0; CHUNK], age: [0; CHUNK] };
    history.layers[..count].copy_from_slice(&carried.layers.row(y)[x..x + count]);
    history.confidence[..count].copy_from_slice(&carried.confidence.row(y)[x..x + count]);
    history.age[..count].copy_from_slice(&carried.age.row(y)[x..x + count]);

    let mut weights = [0; CHUNK];
    let sum = weigh(level, &mut history, most, &mut weights);
    out_age.copy_from_slice(&history.age[..count]);
    if sum == 0 {
        out.copy_from_slice(&fresh.row(y)[x..x + count]);
        return 0;
    }
    let mut rows = [[[0; 4]; WIDE]; ROWS];
    for (j, row) in rows.iter_mut().enumerate() {
        let y = (y + j).saturating_sub(RADIUS).min(fresh.height() - 1);
        widen(fresh.row(y), x, row);
    }
    let mut settled = [[0; 4]; CHUNK];
    blend(level, &rows, &history.layers, &weights, &mut settled);
    out.copy_from_slice(&settled[..count]);
    sum
}

/// What was carried to a chunk.
struct Chunk {
    layers: [[i16; 4]; CHUNK],
    confidence: [u8; CHUNK],
    age: [u8; CHUNK],
}

/// The pixels around columns `x..x + CHUNK`; at the ends of the row the last one is repeated.
fn widen(row: &[[i16; 4]], x: usize, out: &mut WideChunk) {
    if let Some(start) = x.checked_sub(RADIUS)
        && let Some(pixels) = row.get(start..start + WIDE)
    {
        out.copy_from_slice(pixels);
        return;
    }
    for (i, pixel) in out.iter_mut().enumerate() {
        *pixel = row[(x + i).saturating_sub(RADIUS).min(row.len() - 1)];
    }
}

vectorised! {
    /// Weights of the carried layers in 1 / [`WEIGHT_ONE`], and the new ages in place of the old; returns the sum of the
    /// weights.
    fn weigh(history: &mut Chunk, most: f32, weights: &mut [i32; CHUNK]) -> u32 {
        let mut sum = 0;
        for i in 0..CHUNK {
            let trust = f32::from(history.confidence[i]) * (1.0 / 255.0);
            let age = f32::from(history.age[i]) * (1.0 / AGE_STEP as f32);
            let counted = if age < most { age } else { most };
            let weight = trust * counted / (counted + 1.0);
            weights[i] = whole(weight * WEIGHT_ONE);
            sum += weights[i] as u32;
            let grown = age * trust + 1.0;
            let grown = if grown < OLDEST { grown } else { OLDEST };
            history.age[i] = whole(grown * AGE_STEP as f32) as u8;
        }
        sum
    }
}

/// The nearest whole number of a small positive value.
#[inline(always)]
fn whole(value: f32) -> i32 {
    // Adding so much that no fraction bits are left makes the sum round; its low bits are the number.
    (value + (1 << 23) as f32).to_bits() as i32 & 0x7f_ffff
}

vectorised! {
    fn blend(
        rows: &[WideChunk; ROWS],
        carried: &[[i16; 4]; CHUNK],
        weights: &[i32; CHUNK],
        settled: &mut [[i16; 4]; CHUNK],
    ) {
        let (mut low, mut high) = (rows[0], rows[0]);
        for row in &rows[1..] {
            for x in 0..WIDE {
                for c in 0..4 {
                    low[x][c] = low[x][c].min(row[x][c]);
                    high[x][c] = high[x][c].max(row[x][c]);
                }
            }
        }
        let fresh = &rows[RADIUS];
        for x in 0..CHUNK {
            for c in 0..4 {
                let (mut least, mut most) = (low[x][c], high[x][c]);
                for i in 1..ROWS {
                    least = least.min(low[x + i][c]);
                    most = most.max(high[x + i][c]);
                }
                let kept = carried[x][c].max(least.saturating_sub(MARGIN)).min(most.saturating_add(MARGIN));
                let new = fresh[x + RADIUS][c];
                let change = (i32::from(kept) - i32::from(new)) * weights[x];
                let value = new + ((change + (1 << 14)) >> 15) as i16;
                settled[x][c] = value.max(0).min(LAYER_ONE);
            }
        }
    }
}
