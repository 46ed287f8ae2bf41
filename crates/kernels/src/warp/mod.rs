//! Moves the previous frame's layers to where the new frame has them.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod cubic;
#[cfg(feature = "cuda")]
pub mod cuda;
mod field;
mod scalar;
#[cfg(test)]
mod tests;

use std::ops::Range;

use inkcast_frame::{Layers, Plane};
use rayon::prelude::*;

use crate::Level;
use cubic::{FRACTIONS, WEIGHTS};
pub use field::MotionField;
use field::Step;

/// Pixels of a row that are worked on together.
const CHUNK: usize = 64;

/// What [`warp`] writes.
#[derive(Debug, Default)]
pub struct Warped {
    /// The previous layers, moved.
    pub layers: Layers,
    /// Trust in them, 255 = full, zero where the flow leads outside the picture or is not finite.
    pub confidence: Plane<u8>,
    /// How long the pixel has been followed for, moved with it; in the units it came in.
    pub age: Plane<u8>,
}

/// Reads `layers` and `age` at each pixel plus its flow.
///
/// Layers are interpolated by cubic convolution (Keys 1981) with a parameter that unlike linear interpolation does not
/// blur when a picture is warped again and again; overshoot beyond the range of layers is cut. A flow of whole pixels
/// copies.
pub fn warp(level: Level, layers: &Layers, age: &Plane<u8>, motion: MotionField<'_>, warped: &mut Warped) {
    let (width, height) = layers.size();
    assert_eq!(motion.flow.size(), motion.confidence.size(), "grids of flow and confidence");
    assert_eq!(age.size(), layers.size(), "size of the ages");
    assert!(motion.shift <= MotionField::MOST_SHIFT, "blocks of {} pixels", 1u64 << motion.shift);
    warped.layers.resize(width, height);
    warped.confidence.resize(width, height);
    warped.age.resize(width, height);

    let rows = warped.layers.data_mut().par_chunks_mut(width);
    let rows = rows.zip(warped.confidence.data_mut().par_chunks_mut(width));
    let rows = rows.zip(warped.age.data_mut().par_chunks_mut(width));
    rows.enumerate().for_each(|(y, ((out_layers, out_confidence), out_age))| {
        let chunks = out_layers.chunks_mut(CHUNK).zip(out_confidence.chunks_mut(CHUNK)).zip(out_age.chunks_mut(CHUNK));
        let (mut step, mut nodes) = Step::new();
        for (index, ((out_layers, out_confidence), out_age)) in chunks.enumerate() {
            let x = index * CHUNK;
            let moves = motion.steps(level, x, y, &mut step, &mut nodes);
            out_confidence.copy_from_slice(&step.confidence[..out_layers.len()]);
            if !moves {
                out_layers.copy_from_slice(&layers.row(y)[x..x + out_layers.len()]);
                out_age.copy_from_slice(&age.row(y)[x..x + out_layers.len()]);
                continue;
            }
            move_chunk(level, layers, age, x, y, &step, out_layers, out_confidence, out_age);
        }
    });
}

/// Where the pixels of a chunk come from, in 1 / [`FRACTIONS`] of a pixel.
struct Places {
    x: [i32; CHUNK],
    y: [i32; CHUNK],
}

impl Places {
    /// The pixel up and left of place `i`, and the weights of the four columns and the four rows around it.
    #[inline(always)]
    fn taps(&self, i: usize) -> (i32, i32, &'static [f32; 4], &'static [f32; 4]) {
        let weights = |place: i32| &WEIGHTS[(place & (FRACTIONS - 1)) as usize];
        (self.x[i] >> FRACTIONS.ilog2(), self.y[i] >> FRACTIONS.ilog2(), weights(self.x[i]), weights(self.y[i]))
    }

    /// The pixel nearest to place `i`.
    #[inline(always)]
    fn nearest(&self, i: usize) -> (i32, i32) {
        [self.x[i], self.y[i]].map(|place| (place + FRACTIONS / 2) >> FRACTIONS.ilog2()).into()
    }
}

/// Pixels of a chunk in a row, all of whose samples lie in the picture with the pixels around them.
struct Inside<'a> {
    places: &'a Places,
    pixels: Range<usize>,
    layers: &'a [[i16; 4]],
    age: &'a [u8],
    /// Width of the picture.
    width: usize,
}

impl<'a> Inside<'a> {
    /// The first such stretch of the first `count` pixels of a chunk.
    fn new(level: Level, places: &'a Places, count: usize, layers: &'a Layers, age: &'a Plane<u8>) -> Self {
        let (width, height) = layers.size();
        assert_eq!(age.size(), (width, height), "size of the ages");
        let mut inside = [false; CHUNK];
        field::inside(level, places, width as i32, height as i32, &mut inside);
        let inside = &inside[..count];
        let start = inside.iter().position(|&inside| inside).unwrap_or(count);
        let end = inside[start..].iter().position(|&inside| !inside).map_or(count, |length| start + length);
        Inside { places, pixels: start..end, layers: layers.data(), age: age.data(), width }
    }
}

/// Moves layers and ages to these pixels of a chunk.
type Samples = fn(inside: &Inside<'_>, layers: &mut [[i16; 4]], age: &mut [u8]);

fn samples(level: Level) -> Samples {
    #[cfg(target_arch = "x86_64")]
    if level >= Level::Avx512 {
        return avx512::samples;
    } else if level >= Level::Avx2 {
        return avx2::samples;
    }
    let _ = level;
    scalar::samples
}

fn move_chunk(
    level: Level,
    layers: &Layers,
    age: &Plane<u8>,
    x: usize,
    y: usize,
    step: &Step,
    out_layers: &mut [[i16; 4]],
    out_confidence: &mut [u8],
    out_age: &mut [u8],
) {
    let (width, height) = layers.size();
    let count = out_layers.len();
    let mut places = Places { x: [0; CHUNK], y: [0; CHUNK] };
    field::places(level, x as f32, y as f32, step, &mut places);
    let inside = Inside::new(level, &places, count, layers, age);
    samples(level)(&inside, out_layers, out_age);
    for i in (0..inside.pixels.start).chain(inside.pixels.end..count) {
        let (from_x, from_y) = ((x + i) as f32 + step.dx[i], y as f32 + step.dy[i]);
        // Written so that a flow that is not a number counts as outside.
        let inside = from_x >= -0.5 && from_y >= -0.5 && from_x <= width as f32 - 0.5 && from_y <= height as f32 - 0.5;
        if !inside {
            (out_layers[i], out_confidence[i], out_age[i]) = ([0; 4], 0, 0);
            continue;
        }
        let (near_x, near_y) = places.nearest(i);
        out_age[i] = age.at_clamped(near_x as isize, near_y as isize);
        // The four rows, missing pixels repeated, as a small picture of its own.
        let (left, top, across, down) = places.taps(i);
        let around: [[[i16; 4]; 4]; 4] = std::array::from_fn(|j| {
            std::array::from_fn(|i| layers.at_clamped(left as isize - 1 + i as isize, top as isize - 1 + j as isize))
        });
        out_layers[i] = scalar::sum(around.as_flattened(), 0, 4, across, down);
    }
}
