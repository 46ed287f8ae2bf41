//! Moves the previous frame's layers to where the new frame has them.

#[cfg(test)]
mod tests;

use inkcast_frame::{Layers, Plane};
use rayon::prelude::*;

/// Motion on a grid of blocks of `1 << shift` pixels, read at any pixel by linear interpolation between their centres.
#[derive(Debug, Clone, Copy)]
pub struct MotionField<'a> {
    /// From the new frame to the previous one, in pixels of the grid: 1 on blocks of 2x2 pixels means two pixels.
    pub flow: &'a Plane<[f32; 2]>,
    /// Trust in the flow, 0..1, on the same grid.
    pub confidence: &'a Plane,
    /// Logarithm of a block's side in pixels.
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

/// Reads `layers` and `age` at each pixel plus its flow.
///
/// Layers are interpolated by Catmull-Rom splines (Keys 1981, a = -1/2), which unlike linear interpolation do not blur
/// when a picture is warped again and again; overshoot is left for compose to clamp. A flow of whole pixels copies.
pub fn warp(layers: &Layers, age: &Plane, motion: MotionField<'_>, warped: &mut Warped) {
    let (width, height) = layers.size();
    assert_eq!(motion.flow.size(), motion.confidence.size(), "grids of flow and confidence");
    warped.layers.resize(width, height);
    warped.confidence.resize(width, height);
    warped.age.resize(width, height);
    let columns: Vec<(usize, f32)> = (0..width).map(|x| between(x, motion.shift, motion.flow.width())).collect();

    let rows = warped.layers.data_mut().par_chunks_mut(width);
    let rows = rows.zip(warped.confidence.data_mut().par_chunks_mut(width));
    let rows = rows.zip(warped.age.data_mut().par_chunks_mut(width));
    rows.enumerate().for_each_init(Vec::new, |grid_row, (y, ((out_layers, out_confidence), out_age))| {
        motion.row(y, grid_row);
        for (x, &(column, t)) in columns.iter().enumerate() {
            let [dx, dy, trust] = mix(grid_row[column], grid_row[column + 1], t);
            let (from_x, from_y) = (x as f32 + dx, y as f32 + dy);
            // Written so that a flow that is not a number counts as outside.
            let inside =
                from_x >= -0.5 && from_y >= -0.5 && from_x <= width as f32 - 0.5 && from_y <= height as f32 - 0.5;
            if !inside {
                (out_layers[x], out_confidence[x], out_age[x]) = ([0.0; 4], 0.0, 0.0);
                continue;
            }
            out_layers[x] = sample(layers, from_x, from_y);
            out_confidence[x] = trust;
            let (near_x, near_y) = ((from_x + 0.5) as usize, (from_y + 0.5) as usize);
            out_age[x] = age.at(near_x.min(width - 1), near_y.min(height - 1));
        }
    });
}

impl MotionField<'_> {
    /// The grid between its rows, at row `y` of the picture: flow in pixels of the picture, and confidence. The last
    /// value is there twice, so that each column has a next one.
    fn row(&self, y: usize, out: &mut Vec<[f32; 3]>) {
        let (row, t) = between(y, self.shift, self.flow.height());
        let next = (row + 1).min(self.flow.height() - 1);
        let block = (1u32 << self.shift) as f32;
        let at = |x: usize, y: usize| {
            let [dx, dy] = self.flow.at(x, y);
            [block * dx, block * dy, self.confidence.at(x, y)]
        };
        out.clear();
        out.extend((0..self.flow.width()).map(|x| mix(at(x, row), at(x, next), t)));
        out.extend(out.last().copied());
    }
}

/// The block at or before pixel `at` of a row of `count` blocks, and how far the pixel is towards the next one.
fn between(at: usize, shift: u32, count: usize) -> (usize, f32) {
    let size = (1u32 << shift) as f32;
    let position = ((at as f32 + 0.5) / size - 0.5).clamp(0.0, count as f32 - 1.0);
    (position as usize, position - position.floor())
}

fn mix(a: [f32; 3], b: [f32; 3], t: f32) -> [f32; 3] {
    std::array::from_fn(|i| a[i] + t * (b[i] - a[i]))
}

/// Catmull-Rom in both directions; pixels outside repeat the edge.
#[inline]
fn sample(layers: &Layers, x: f32, y: f32) -> [f32; 4] {
    let (width, height) = layers.size();
    let (left, top) = (x.floor(), y.floor());
    let (tx, ty) = (x - left, y - top);
    let (left, top) = (left as isize - 1, top as isize - 1);
    if tx == 0.0 && ty == 0.0 {
        return layers.at_clamped(left + 1, top + 1);
    }
    let (wx, wy) = (weights(tx), weights(ty));
    let inside = left >= 0 && top >= 0 && left + 4 <= width as isize && top + 4 <= height as isize;
    let mut sum = [0.0f32; 4];
    for (j, wy) in wy.into_iter().enumerate() {
        let taps: [[f32; 4]; 4] = if inside {
            *layers.data()[(top as usize + j) * width + left as usize..].first_chunk().expect("inside the picture")
        } else {
            std::array::from_fn(|i| layers.at_clamped(left + i as isize, top + j as isize))
        };
        for c in 0..4 {
            sum[c] += wy * (wx[0] * taps[0][c] + wx[1] * taps[1][c] + wx[2] * taps[2][c] + wx[3] * taps[3][c]);
        }
    }
    sum
}

/// Weights of the four samples around a position `t` after the second of them.
fn weights(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [0.5 * (-t3 + 2.0 * t2 - t), 0.5 * (3.0 * t3 - 5.0 * t2 + 2.0), 0.5 * (-3.0 * t3 + 4.0 * t2 + t), 0.5 * (t3 - t2)]
}
