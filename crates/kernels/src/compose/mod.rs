//! Settles the new layers with those carried over from the previous frame: the temporal term.

#[cfg(test)]
mod tests;

use inkcast_frame::{Layers, Plane};
use rayon::prelude::*;

use crate::warp::Warped;

/// Radius of the neighbourhood that carried layers must agree with, in pixels.
const RADIUS: usize = 2;
/// How far beyond the neighbourhood's range they may lie: less than a visible step of 1.5 %.
const MARGIN: f32 = 6.0 / 255.0;
/// Age beyond which a pixel counts no older: the mean then runs over so many frames.
const OLDEST: f32 = 15.0;

/// Least and greatest value of each layer.
type Range = ([f32; 4], [f32; 4]);

/// Blends `fresh` with what `carried` holds, and writes the age of each pixel.
///
/// Per pixel: the carried layers are clamped to the range of `fresh` in a 5x5 neighbourhood, widened by a margin, so
/// that nothing which has left the picture can stay (the history rectification of temporal anti-aliasing, Karis 2014).
/// Then `settled = fresh + w (carried - fresh)` with `w = confidence * n / (n + 1)`, so that a still pixel is the mean
/// of its past. `n` is its age, at most `steadiness^2` of the oldest: a mean over fewer frames for less steadiness, down
/// to none. Age grows by one and shrinks with confidence.
///
/// Returns the mean of `w`. The result does not depend on the number of threads.
pub fn compose(fresh: &Layers, carried: &Warped, steadiness: f32, settled: &mut Layers, age: &mut Plane) -> f32 {
    let (width, height) = fresh.size();
    assert_eq!(carried.layers.size(), (width, height), "size of the carried layers");
    settled.resize(width, height);
    age.resize(width, height);

    let most = OLDEST * steadiness * steadiness;
    let rows = settled.data_mut().par_chunks_mut(width).zip(age.data_mut().par_chunks_mut(width));
    let weights: Vec<f32> = rows
        .enumerate()
        .map_init(
            || vec![([0.0; 4], [0.0; 4]); width],
            |range, (y, (out, out_age))| {
                column_range(fresh, y, range);
                let carried_rows = (carried.layers.row(y), carried.confidence.row(y), carried.age.row(y));
                let mut total = 0.0;
                for x in 0..width {
                    let (layers, confidence, old) = (carried_rows.0[x], carried_rows.1[x], carried_rows.2[x]);
                    let (low, high) = around(&range[x.saturating_sub(RADIUS)..(x + RADIUS + 1).min(width)]);
                    let counted = old.min(most);
                    let weight = confidence * counted / (counted + 1.0);
                    let new = fresh.row(y)[x];
                    for c in 0..4 {
                        let kept = least(greatest(layers[c], low[c] - MARGIN), high[c] + MARGIN);
                        out[x][c] = least(greatest(new[c] + weight * (kept - new[c]), 0.0), 1.0);
                    }
                    out_age[x] = (old * confidence + 1.0).min(OLDEST);
                    total += weight;
                }
                total
            },
        )
        .collect();
    // Rows are added in order, whichever thread did them.
    weights.iter().sum::<f32>() / (width * height) as f32
}

/// Least and greatest value of each layer over the rows around `y`, column by column.
fn column_range(layers: &Layers, y: usize, range: &mut [Range]) {
    let rows = y.saturating_sub(RADIUS)..(y + RADIUS + 1).min(layers.height());
    range.fill(([f32::INFINITY; 4], [f32::NEG_INFINITY; 4]));
    for row in rows {
        for ((low, high), value) in range.iter_mut().zip(layers.row(row)) {
            for c in 0..4 {
                low[c] = least(low[c], value[c]);
                high[c] = greatest(high[c], value[c]);
            }
        }
    }
}

/// The range of neighbouring columns together.
fn around(columns: &[Range]) -> Range {
    let mut range = ([f32::INFINITY; 4], [f32::NEG_INFINITY; 4]);
    for (low, high) in columns {
        for c in 0..4 {
            range.0[c] = least(range.0[c], low[c]);
            range.1[c] = greatest(range.1[c], high[c]);
        }
    }
    range
}

/// Unlike `f32::min`, one instruction: layers are never NaN.
fn least(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

fn greatest(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}
