//! Moves the previous frame's layers to where the new frame has them.

#[cfg(test)]
mod tests;

use inkcast_frame::{Layers, Plane};
use rayon::prelude::*;

/// A field of one value for each block of `1 << shift` pixels, read at any pixel by linear interpolation.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a, T> {
    /// The values; block `(i, j)` covers pixels from `(i << shift, j << shift)`.
    pub values: &'a Plane<T>,
    /// Logarithm of the block's side.
    pub shift: u32,
}

/// What [`warp`] writes.
#[derive(Debug, Default)]
pub struct Warped {
    /// The previous layers, moved.
    pub layers: Layers,
    /// 0..1: trust in them, zero where the flow leads outside the picture or is not finite.
    pub confidence: Plane,
    /// How many frames the pixel has been followed for, moved with it.
    pub age: Plane,
}

/// Reads `layers` and `age` at each pixel plus its flow, which leads from the new frame to the previous one and is in
/// pixels of its own grid: a flow of 1 on blocks of 2x2 pixels means two pixels.
///
/// Layers are interpolated by Catmull-Rom splines (Keys 1981, a = -1/2), which unlike linear interpolation do not blur
/// when a picture is warped again and again; overshoot is left for compose to clamp. A flow of whole pixels copies.
pub fn warp(layers: &Layers, age: &Plane, flow: Field<'_, [f32; 2]>, confidence: Field<'_, f32>, warped: &mut Warped) {
    let (width, height) = layers.size();
    warped.layers.resize(width, height);
    warped.confidence.resize(width, height);
    warped.age.resize(width, height);
    let block = (1u32 << flow.shift) as f32;
    let rows = warped.layers.data_mut().par_chunks_mut(width);
    let rows = rows.zip(warped.confidence.data_mut().par_chunks_mut(width));
    let rows = rows.zip(warped.age.data_mut().par_chunks_mut(width));
    rows.enumerate().for_each(|(y, ((out_layers, out_confidence), out_age))| {
        let flow_row = FieldRow::new(flow, y);
        let confidence_row = FieldRow::new(confidence, y);
        for x in 0..width {
            let [dx, dy] =
                flow_row.at(x, |field, i| field[i], |a, b, t| [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])]);
            let (from_x, from_y) = (x as f32 + block * dx, y as f32 + block * dy);
            // Written so that a flow that is not a number counts as outside.
            let inside =
                from_x >= -0.5 && from_y >= -0.5 && from_x <= width as f32 - 0.5 && from_y <= height as f32 - 0.5;
            if !inside {
                (out_layers[x], out_confidence[x], out_age[x]) = ([0.0; 4], 0.0, 0.0);
                continue;
            }
            out_layers[x] = sample(layers, from_x, from_y);
            out_confidence[x] = confidence_row.at(x, |field, i| field[i], |a, b, t| a + t * (b - a));
            let (near_x, near_y) = ((from_x + 0.5) as usize, (from_y + 0.5) as usize);
            out_age[x] = age.at(near_x.min(width - 1), near_y.min(height - 1));
        }
    });
}

/// The two rows of a field that a row of pixels lies between.
struct FieldRow<'a, T> {
    upper: &'a [T],
    lower: &'a [T],
    t: f32,
    shift: u32,
}

impl<'a, T: Copy + Default> FieldRow<'a, T> {
    fn new(field: Field<'a, T>, y: usize) -> Self {
        let (row, t) = between(y, field.shift, field.values.height());
        let next = (row + 1).min(field.values.height() - 1);
        FieldRow { upper: field.values.row(row), lower: field.values.row(next), t, shift: field.shift }
    }

    fn at(&self, x: usize, get: impl Fn(&[T], usize) -> T, mix: impl Fn(T, T, f32) -> T) -> T {
        if self.shift == 0 {
            return get(self.upper, x);
        }
        let (column, t) = between(x, self.shift, self.upper.len());
        let next = (column + 1).min(self.upper.len() - 1);
        let upper = mix(get(self.upper, column), get(self.upper, next), t);
        let lower = mix(get(self.lower, column), get(self.lower, next), t);
        mix(upper, lower, self.t)
    }
}

/// The block before pixel `at` and how far the pixel is towards the next one; blocks have their value at their centre.
fn between(at: usize, shift: u32, count: usize) -> (usize, f32) {
    let size = (1u32 << shift) as f32;
    let position = ((at as f32 + 0.5) / size - 0.5).clamp(0.0, count as f32 - 1.0);
    (position as usize, position - position.floor())
}

/// Catmull-Rom in both directions; pixels outside repeat the edge.
fn sample(layers: &Layers, x: f32, y: f32) -> [f32; 4] {
    let (width, height) = layers.size();
    let (left, top) = (x.floor(), y.floor());
    let (wx, wy) = (weights(x - left), weights(y - top));
    let (left, top) = (left as isize - 1, top as isize - 1);
    let inside = left >= 0 && top >= 0 && left + 4 <= width as isize && top + 4 <= height as isize;
    let mut sum = [0.0f32; 4];
    for (j, wy) in wy.into_iter().enumerate() {
        let mut line = [0.0f32; 4];
        let taps: [[f32; 4]; 4] = if inside {
            let row = &layers.row(top as usize + j)[left as usize..left as usize + 4];
            [row[0], row[1], row[2], row[3]]
        } else {
            std::array::from_fn(|i| layers.at_clamped(left + i as isize, top + j as isize))
        };
        for (tap, wx) in taps.into_iter().zip(wx) {
            (0..4).for_each(|c| line[c] += wx * tap[c]);
        }
        (0..4).for_each(|c| sum[c] += wy * line[c]);
    }
    sum
}

/// Weights of the four samples around a position `t` after the second of them.
fn weights(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [0.5 * (-t3 + 2.0 * t2 - t), 0.5 * (3.0 * t3 - 5.0 * t2 + 2.0), 0.5 * (-3.0 * t3 + 4.0 * t2 + t), 0.5 * (t3 - t2)]
}
