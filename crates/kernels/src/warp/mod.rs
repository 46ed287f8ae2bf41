//! Moves the previous frame's layers to where the new frame has them.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod field;
mod scalar;
#[cfg(test)]
mod tests;

use inkcast_frame::{Layers, Plane};
use rayon::prelude::*;

use crate::Level;
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
    warped.layers.resize(width, height);
    warped.confidence.resize(width, height);
    warped.age.resize(width, height);

    let rows = warped.layers.data_mut().par_chunks_mut(width);
    let rows = rows.zip(warped.confidence.data_mut().par_chunks_mut(width));
    let rows = rows.zip(warped.age.data_mut().par_chunks_mut(width));
    rows.enumerate().for_each(|(y, ((out_layers, out_confidence), out_age))| {
        let chunks = out_layers.chunks_mut(CHUNK).zip(out_confidence.chunks_mut(CHUNK)).zip(out_age.chunks_mut(CHUNK));
        for (index, ((out_layers, out_confidence), out_age)) in chunks.enumerate() {
            let x = index * CHUNK;
            let step = motion.steps(level, x, y);
            out_confidence.copy_from_slice(&step.confidence[..out_layers.len()]);
            if step.is_still() {
                out_layers.copy_from_slice(&layers.row(y)[x..x + out_layers.len()]);
                out_age.copy_from_slice(&age.row(y)[x..x + out_layers.len()]);
                continue;
            }
            move_chunk(level, layers, age, x, y, &step, out_layers, out_confidence, out_age);
        }
    });
}

/// Where the pixels of a chunk come from: the pixel up and left of the position, and the weights of the four columns
/// and rows around it.
struct Taps {
    left: [i32; CHUNK],
    top: [i32; CHUNK],
    across: [[f32; 4]; CHUNK],
    down: [[f32; 4]; CHUNK],
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
    let mut taps = Taps { left: [0; CHUNK], top: [0; CHUNK], across: [[0.0; 4]; CHUNK], down: [[0.0; 4]; CHUNK] };
    field::taps(level, x as f32, y as f32, step, &mut taps);
    let sample = match level {
        #[cfg(target_arch = "x86_64")]
        _ if level >= Level::Avx512 => avx512::sample,
        #[cfg(target_arch = "x86_64")]
        _ if level >= Level::Avx2 => avx2::sample,
        _ => scalar::sample,
    };
    for i in 0..out_layers.len() {
        let (from_x, from_y) = ((x + i) as f32 + step.dx[i], y as f32 + step.dy[i]);
        // Written so that a flow that is not a number counts as outside.
        let inside = from_x >= -0.5 && from_y >= -0.5 && from_x <= width as f32 - 0.5 && from_y <= height as f32 - 0.5;
        if !inside {
            (out_layers[i], out_confidence[i], out_age[i]) = ([0; 4], 0, 0);
            continue;
        }
        let (left, top) = (taps.left[i] as isize, taps.top[i] as isize);
        let (near_x, near_y) = ((from_x + 0.5) as usize, (from_y + 0.5) as usize);
        out_age[i] = age.at(near_x.min(width - 1), near_y.min(height - 1));
        let first = match (usize::try_from(left - 1), usize::try_from(top - 1)) {
            (Ok(left), Ok(top)) if left + 4 <= width && top + 4 <= height => Some(top * width + left),
            _ => None,
        };
        out_layers[i] = match first {
            Some(first) => sample(layers.data(), first, width, &taps.across[i], &taps.down[i]),
            None => {
                // At the edge: the four rows, their missing pixels repeated, as a small picture of its own.
                let edge: [[[i16; 4]; 4]; 4] = std::array::from_fn(|j| {
                    std::array::from_fn(|i| layers.at_clamped(left - 1 + i as isize, top - 1 + j as isize))
                });
                sample(edge.as_flattened(), 0, 4, &taps.across[i], &taps.down[i])
            }
        };
    }
}
