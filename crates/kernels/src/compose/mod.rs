//! Settles the new layers with those carried over from the previous frame: the temporal term.

#[cfg(feature = "cuda")]
pub mod cuda;
#[cfg(test)]
mod tests;

use inkcast_frame::{LAYER_ONE, LAYER_STEP, Layers};
use rayon::prelude::*;

use crate::Level;
use crate::vectorised::vectorised;
use crate::warp::Warped;

/// Radius of the neighbourhood that carried layers must agree with, in pixels.
const RADIUS: usize = 2;
/// How far beyond the neighbourhood's range they may lie, without trust in them and with full trust.
const MARGIN: f32 = 6.0 * LAYER_STEP as f32;
const TRUSTED_MARGIN: f32 = 46.0 * LAYER_STEP as f32;
/// Confidence, of 255, from which on motion is known beyond doubt.
const CERTAIN: u8 = 250;
/// Weight of doubt against confidence.
const DOUBT: f32 = 0.35;
/// Age beyond which a pixel counts no older: the mean then runs over so many frames.
const OLDEST: f32 = 15.0;
/// Least age of a pixel whose value is held.
const HOLDABLE: f32 = 1.5;
/// The mean of a held pixel runs over so many frames: a change that stays is taken over within seconds.
const HELD: f32 = 63.0;
/// Differences from which on nothing is held, 32 and 128 grey levels: two steps of tone; half of full ink. Powers of two.
const HOLD_COLOUR: i32 = 32 * LAYER_STEP as i32;
const HOLD_INK: i32 = 128 * LAYER_STEP as i32;
/// One frame of age, as ages are stored.
pub const AGE_STEP: u8 = 16;

/// Pixels of a row that are worked on together, and with their neighbours on both sides.
const CHUNK: usize = 64;
const WIDE: usize = CHUNK + 2 * RADIUS;
/// Rows of a neighbourhood.
const ROWS: usize = 2 * RADIUS + 1;

/// A chunk's pixels and their neighbours to both sides.
type WideChunk = [[i16; 4]; WIDE];

/// Settles `fresh` with what was carried: `carried` holds the settled layers and their ages afterwards.
///
/// - **Trust** is `c / (c + 0.35 (1 - c))` for a confidence `c`: the next step guards against what confidence misses, so
///   that half a doubt need not cost steadiness, while a strong one still does.
/// - **Rectification**: the carried layers are clamped to the range of `fresh` in a 5x5 neighbourhood, widened by a margin
///   that grows with trust, so that nothing which has left the picture can stay (the history rectification of temporal
///   anti-aliasing, Karis 2014).
/// - **Mean**: `settled = fresh + w (carried - fresh)` with `w = trust * n / (n + 1)`, so that a still pixel is the mean
///   of its past. `n` is its age, at most `steadiness^2` of the oldest: a mean over fewer frames for less steadiness,
///   down to none. Age grows by one and shrinks with trust.
/// - **Hysteresis**: the less a layer differs from what was carried, the more `w` goes towards the weight
///   of an age of 63 (times `steadiness^2` too). A tone on the border between two steps and the rim of a line then stay on one
///   side; what really changes is followed at once, and a small change that lasts within seconds.
///
/// The result does not depend on the number of threads.
pub fn compose(level: Level, fresh: &Layers, carried: &mut Warped, steadiness: f32) -> Settling {
    let (width, height) = fresh.size();
    let Warped { layers, confidence, age } = carried;
    assert_eq!(layers.size(), (width, height), "size of the carried layers");
    let limits = Limits::new(steadiness);
    let rows = layers.data_mut().par_chunks_mut(width).zip(age.data_mut().par_chunks_mut(width));
    // Whole numbers add up to the same in every order.
    let total = rows
        .enumerate()
        .map(|(y, (layers, age))| {
            let chunks = layers.chunks_mut(CHUNK).zip(age.chunks_mut(CHUNK)).zip(confidence.row(y).chunks(CHUNK));
            let sums = chunks.enumerate().map(|(index, ((layers, age), confidence))| {
                settle(level, fresh, (index * CHUNK, y), limits, layers, confidence, age)
            });
            sums.fold(Sums::default(), Sums::plus)
        })
        .reduce(Sums::default, Sums::plus);
    total.settling(width * height)
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Settling {
    /// Mean weight of the carried layers, 0..1, before hysteresis.
    pub carried: f32,
    /// Mean change, in grey levels of 255, of the colour of pixels whose motion is known beyond doubt: how much the
    /// result still flickers. `None` without such pixels.
    pub flicker: Option<f32>,
}

/// Sums over pixels, in whole numbers.
#[derive(Clone, Copy, Default)]
struct Sums {
    weights: u64,
    /// Changes of colour of trusted pixels, and how many pixels these are.
    changes: u64,
    trusted: u64,
}

impl Sums {
    fn plus(self, other: Sums) -> Sums {
        Sums {
            weights: self.weights + other.weights,
            changes: self.changes + other.changes,
            trusted: self.trusted + other.trusted,
        }
    }

    /// What they say of a frame of this many pixels.
    fn settling(self, pixels: usize) -> Settling {
        Settling {
            carried: self.weights as f32 / WEIGHT_ONE / pixels as f32,
            flicker: (self.trusted > 0)
                .then(|| self.changes as f32 / (3.0 * f32::from(LAYER_STEP) * self.trusted as f32)),
        }
    }
}

/// What steadiness allows: the age that counts at most, and the weight of holding.
#[derive(Clone, Copy)]
struct Limits {
    oldest: f32,
    hold: f32,
}

impl Limits {
    fn new(steadiness: f32) -> Self {
        let held = HELD * steadiness * steadiness;
        Limits { oldest: OLDEST * steadiness * steadiness, hold: held / (held + 1.0) }
    }
}

/// One in the weights of a chunk.
const WEIGHT_ONE: f32 = (1 << 15) as f32;

/// Settles the chunk of pixels that begins at `(x, y)`.
fn settle(
    level: Level,
    fresh: &Layers,
    (x, y): (usize, usize),
    limits: Limits,
    layers: &mut [[i16; 4]],
    confidence: &[u8],
    age: &mut [u8],
) -> Sums {
    let count = layers.len();
    let mut history = Chunk { confidence: [0; CHUNK], age: [0; CHUNK] };
    history.confidence[..count].copy_from_slice(confidence);
    history.age[..count].copy_from_slice(age);

    let mut weights = Weights { mean: [0; CHUNK], hold: [0; CHUNK], margin: [0; CHUNK], certain: [0; CHUNK] };
    let mut sums = weigh(level, &mut history, limits, &mut weights);
    age.copy_from_slice(&history.age[..count]);
    if sums.weights == 0 {
        layers.copy_from_slice(&fresh.row(y)[x..x + count]);
        return sums;
    }
    let edges;
    let rows = match wide_rows(fresh, x, y) {
        Some(rows) => rows,
        None => {
            edges = repeated_ends(fresh, x, y);
            edges.each_ref()
        }
    };
    sums.changes = match layers.first_chunk_mut::<CHUNK>() {
        Some(layers) => blend(level, rows, &weights, layers).into(),
        None => {
            let mut whole = [[0; 4]; CHUNK];
            whole[..count].copy_from_slice(layers);
            let changes = blend(level, rows, &weights, &mut whole);
            layers.copy_from_slice(&whole[..count]);
            changes.into()
        }
    };
    sums
}

/// What was carried to a chunk beside its layers.
struct Chunk {
    confidence: [u8; CHUNK],
    age: [u8; CHUNK],
}

/// The rows around row `y`, the last one repeated.
fn rows_around(fresh: &Layers, y: usize) -> [&[[i16; 4]]; ROWS] {
    std::array::from_fn(|j| fresh.row((y + j).saturating_sub(RADIUS).min(fresh.height() - 1)))
}

/// The pixels around columns `x..x + CHUNK` of row `y`, if the rows have them all.
fn wide_rows(fresh: &Layers, x: usize, y: usize) -> Option<[&WideChunk; ROWS]> {
    let start = x.checked_sub(RADIUS).filter(|start| start + WIDE <= fresh.width())?;
    Some(rows_around(fresh, y).map(|row| row[start..].first_chunk().expect("a row has so many pixels")))
}

/// The same at the ends of rows, whose last pixels are repeated.
fn repeated_ends(fresh: &Layers, x: usize, y: usize) -> [WideChunk; ROWS] {
    let pixel = |row: &[[i16; 4]], i: usize| row[(x + i).saturating_sub(RADIUS).min(row.len() - 1)];
    rows_around(fresh, y).map(|row| std::array::from_fn(|i| pixel(row, i)))
}

/// How much of what was carried is kept, for each pixel of a chunk.
struct Weights {
    /// Weight in the mean, in 1 / [`WEIGHT_ONE`].
    mean: [i32; CHUNK],
    /// What holding adds to it at most.
    hold: [i32; CHUNK],
    /// How far beyond the neighbourhood's range it may lie.
    margin: [i16; CHUNK],
    /// One where motion is known beyond doubt and something is kept.
    certain: [u32; CHUNK],
}

vectorised! {
    /// Finds the weights, puts the new ages in place of the old, and counts.
    fn weigh(history: &mut Chunk, limits: Limits, weights: &mut Weights) -> Sums {
        let (mut sum, mut trusted) = (0, 0);
        for i in 0..CHUNK {
            let confidence = f32::from(history.confidence[i]) * (1.0 / 255.0);
            let trust = confidence / (confidence + DOUBT * (1.0 - confidence));
            let age = f32::from(history.age[i]) * (1.0 / AGE_STEP as f32);
            let counted = if age < limits.oldest { age } else { limits.oldest };
            let mean = trust * counted / (counted + 1.0);
            let held = trust * limits.hold;
            let hold = if age >= HOLDABLE && held > mean { held - mean } else { 0.0 };
            weights.mean[i] = whole(mean * WEIGHT_ONE);
            // Without weight nothing is held either, so that a pixel does not depend on who is worked on with it.
            let counts = weights.mean[i] > 0;
            weights.hold[i] = if counts { whole(hold * WEIGHT_ONE) } else { 0 };
            weights.margin[i] = whole(MARGIN + trust * trust * (TRUSTED_MARGIN - MARGIN)) as i16;
            sum += weights.mean[i] as u32;
            let certain = history.confidence[i] >= CERTAIN;
            weights.certain[i] = u32::from(certain & counts);
            trusted += u32::from(certain);
            let grown = age * trust + 1.0;
            let grown = if grown < OLDEST { grown } else { OLDEST };
            history.age[i] = whole(grown * AGE_STEP as f32) as u8;
        }
        Sums { weights: sum.into(), changes: 0, trusted: trusted.into() }
    }
}

/// Sum of the changes of colour of certain pixels.
#[inline(always)]
fn changes(before: &[[i16; 4]; CHUNK], certain: &[u32; CHUNK], settled: &[[i16; 4]; CHUNK]) -> u32 {
    let mut sum = 0;
    for i in 0..CHUNK {
        let (before, now) = (before[i].map(i32::from), settled[i].map(i32::from));
        let change = (before[0] - now[0]).abs() + (before[1] - now[1]).abs() + (before[2] - now[2]).abs();
        sum += certain[i] * change as u32;
    }
    sum
}

/// The nearest whole number of a small positive value.
#[inline(always)]
fn whole(value: f32) -> i32 {
    // Adding so much that no fraction bits are left makes the sum round; its low bits are the number.
    (value + (1 << 23) as f32).to_bits() as i32 & 0x7f_ffff
}

vectorised! {
    /// Settles `layers` in place, and says how much certain ones changed.
    fn blend(rows: [&WideChunk; ROWS], weights: &Weights, layers: &mut [[i16; 4]; CHUNK]) -> u32 {
        let before = *layers;
        let (mut low, mut high) = (*rows[0], *rows[0]);
        for row in &rows[1..] {
            for x in 0..WIDE {
                for c in 0..4 {
                    low[x][c] = low[x][c].min(row[x][c]);
                    high[x][c] = high[x][c].max(row[x][c]);
                }
            }
        }
        let fresh = rows[RADIUS];
        for x in 0..CHUNK {
            for c in 0..4 {
                let (mut least, mut most) = (low[x][c], high[x][c]);
                for i in 1..ROWS {
                    least = least.min(low[x + i][c]);
                    most = most.max(high[x + i][c]);
                }
                let margin = weights.margin[x];
                let kept = layers[x][c].max(least.saturating_sub(margin)).min(most.saturating_add(margin));
                let new = fresh[x + RADIUS][c];
                let change = i32::from(kept) - i32::from(new);
                // How near they are, in 1 / WEIGHT_ONE: one where they are equal.
                let span = if c == 3 { HOLD_INK } else { HOLD_COLOUR };
                let nearness = (span - change.abs()).max(0) * ((1 << 15) / span);
                let weight = weights.mean[x] + ((weights.hold[x] * nearness) >> 15);
                let value = new + ((change * weight + (1 << 14)) >> 15) as i16;
                let value = value.clamp(0, LAYER_ONE);
                layers[x][c] = value;
            }
        }
        changes(&before, &weights.certain, layers)
    }
}
