use super::{BAND, Densify};
use crate::lanes::{Lanes, Plain};
use crate::search::scalar::{rows, sample};
use crate::search::{Match, PATCH, STEP};

/// Patches that are merged at a time; their sums stay in the innermost cache.
const TILE: usize = 32;
/// Pixels across a tile, with the half of the patch before it and up to a multiple of eight.
const ACROSS: usize = STEP + (TILE + 2) * STEP;

/// Sums over the patches that cover a pixel, for a row: weight, flow `x` and `y`, difference.
type Sums = [[f32; ACROSS]; 4];

pub(super) fn band(densify: &Densify<'_>, band: usize, flow: &mut [[f32; 2]], difference: &mut [f32]) {
    band_with(Plain, densify, band, flow, difference);
}

/// The definition: tiles from left to right; in each the patches of the row above, then those of this row.
#[inline(always)]
pub(super) fn band_with<L: Lanes>(
    l: L,
    densify: &Densify<'_>,
    band: usize,
    flow: &mut [[f32; 2]],
    difference: &mut [f32],
) {
    let Densify { current, matches, .. } = *densify;
    let (width, (columns, rows)) = (current.width(), matches.size());
    let lines = flow.len() / width;
    let mut sums: [Sums; BAND] = [[[0.0; ACROSS]; 4]; BAND];
    let mut first = 0;
    while first < columns {
        // Pixels from `left` on are finished in this tile; the patch before it covers them too.
        let left = first * STEP;
        let after = (first + TILE).min(columns);
        let right = if after == columns { width } else { after * STEP };
        if first > 0 {
            sums.as_flattened_mut().as_flattened_mut().fill(0.0);
        }
        for (row, half) in [(band.wrapping_sub(1), 1), (band, 0)] {
            if row >= rows {
                continue;
            }
            for i in first.saturating_sub(1)..after {
                // Sums start one step left of the tile.
                let place = (i + 1 - first) * STEP;
                add(l, densify, matches.at(i, row), i * STEP, row * STEP + half * BAND, &mut sums, place);
            }
        }
        for (j, sums) in sums.iter_mut().enumerate().take(lines) {
            let line = j * width;
            finish(l, sums, &mut flow[line + left..line + right], &mut difference[line + left..line + right]);
        }
        first = after;
    }
}

/// Adds half a patch, whose first row is row `y` of the picture, at `place` of the sums.
#[inline(always)]
fn add<L: Lanes>(l: L, densify: &Densify<'_>, found: Match, x: usize, y: usize, sums: &mut [Sums; BAND], place: usize) {
    let Densify { previous, current, noise, .. } = *densify;
    let [dx, dy] = found.flow;
    // A patch that does not explain itself, at an edge of motion most of all, knows less of its pixels.
    let trust = l.splat(noise * noise / (noise * noise + found.error));
    let noise = l.splat(noise);
    let values: [L::V; BAND] = sample::<L, BAND, { BAND + 1 }>(l, previous, x as f32 + dx, y as f32 + dy);
    let templates: [L::V; BAND] = rows(l, current, x as isize, y as isize);
    let (dx, dy) = (l.splat(dx), l.splat(dy));
    assert!(place + PATCH <= ACROSS, "a patch within the tile");
    for j in 0..BAND {
        let r = l.sub(values[j], templates[j]);
        let weight = l.div(trust, l.max(l.abs(r), noise));
        let values = [weight, l.mul(weight, dx), l.mul(weight, dy), l.mul(weight, r)];
        for (to, value) in sums[j].iter_mut().zip(values) {
            // SAFETY: a patch's width from `place` on lies within the sums, asserted above.
            unsafe {
                let to = to.as_mut_ptr().add(place);
                l.store(l.add(l.load(to), value), to);
            }
        }
    }
}

/// Writes means.
#[inline(always)]
fn finish<L: Lanes>(l: L, sums: &mut Sums, flow: &mut [[f32; 2]], difference: &mut [f32]) {
    assert!(STEP + flow.len() <= ACROSS && flow.len() == difference.len(), "pixels within the tile");
    let [weights, x, y, differences] = sums;
    let mut at = STEP;
    while at + PATCH <= ACROSS {
        // SAFETY: eight values from `at` on lie within the sums.
        unsafe {
            let scale = l.div(l.splat(1.0), l.load(weights.as_ptr().add(at)));
            for to in [&mut *x, &mut *y, &mut *differences] {
                let to = to.as_mut_ptr().add(at);
                l.store(l.mul(l.load(to), scale), to);
            }
        }
        at += PATCH;
    }
    for (flow, (&x, &y)) in flow.iter_mut().zip(x[STEP..].iter().zip(&y[STEP..])) {
        *flow = [x, y];
    }
    difference.copy_from_slice(&differences[STEP..STEP + difference.len()]);
}
