//! What a flow back says of a flow, and whether brightness changed by and large: evidence on half the grid.

#[cfg(test)]
mod tests;

use inkcast_frame::Plane;

use crate::Level;
use crate::vectorised::vectorised;

/// What agreement is judged from.
#[derive(Debug, Clone, Copy)]
pub struct Halves<'a> {
    /// The flow at full size, from the new frame to the previous one.
    pub forward: &'a Plane<[f32; 2]>,
    /// The flow from the previous frame to the new one, half as large, rounded up, in its own pixels.
    pub backward: &'a Plane<[f32; 2]>,
    /// Difference in luma between each pixel and where it came from, half as large too.
    pub difference: &'a Plane,
    /// Mean change of luma up to which a place is steady, and from which on it is not.
    pub change_range: [f32; 2],
}

/// Distance between where a pixel starts and where flow and flow back lead, squared, up to which both agree and from
/// which on they do not: relative to the squares of both, and in addition, in pixels of the full grid. Ruder, Dosovitskiy,
/// Brox: "Artistic Style Transfer for Videos" (GCPR 2016) draw one line at 0.01 and 0.5.
const APART: [[f32; 2]; 2] = [[0.02, 0.5], [0.06, 1.5]];
/// Reach in pixels of the mean change. Pixels average out their noise there, so that it sees what a change of single pixels
/// hides: light that wanders, a scene that dissolves.
const AROUND: usize = 2;
/// What a pixel of motion adds to the change that counts as none, as a share of it: the brightness of what moves changes
/// with what it passes, while what stands still and changes dissolves.
const PASSING: f32 = 2.0;
/// Pixels that are judged at a time.
const TILE: usize = 64;

/// Writes row `y` of the agreement, 0..1, half as large as the frame: whether the flow back leads to where the flow came
/// from, and whether the mean change of 5x5 pixels is small, beside how fast they move.
///
/// # Panics
/// If sizes do not fit together or the processor lacks the level.
pub fn agreement_row(level: Level, halves: &Halves<'_>, y: usize, agreement: &mut [f32]) {
    let (width, height) = halves.backward.size();
    let full = halves.forward.size();
    assert_eq!((full.0.div_ceil(2), full.1.div_ceil(2)), (width, height), "half the size");
    assert_eq!(halves.difference.size(), (width, height), "sizes of flow back and difference");
    assert!(y < height && agreement.len() == width, "row {y} of {width} pixels");
    judge(level, halves, y, agreement);
}

vectorised! {
    fn judge(halves: &Halves<'_>, y: usize, agreement: &mut [f32]) {
        for (tile, out) in agreement.chunks_mut(TILE).enumerate() {
            let mut change = [0.0; TILE];
            mean_change(halves, tile * TILE, y, &mut change[..out.len()]);
            consistency(halves, tile * TILE, y, &change, out);
        }
    }
}

/// Mean change of luma around pixels `(first.., y)`.
#[inline(always)]
fn mean_change(halves: &Halves<'_>, first: usize, y: usize, out: &mut [f32]) {
    let difference = halves.difference;
    let (width, height) = difference.size();
    // Means of columns; the edge goes on outside.
    let mut columns = [0.0f32; TILE + 2 * AROUND];
    let columns = &mut columns[..out.len() + 2 * AROUND];
    let (from, to) = (first.saturating_sub(AROUND), (first + out.len() + AROUND).min(width));
    let (before, after) = (from + AROUND - first, to + AROUND - first);
    for dy in 0..=2 * AROUND {
        let row = &difference.row((y + dy).saturating_sub(AROUND).min(height - 1))[from..to];
        columns[before..after].iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    let (left, right) = (columns[before], columns[after - 1]);
    columns[..before].fill(left);
    columns[after..].fill(right);
    let count = ((2 * AROUND + 1) * (2 * AROUND + 1)) as f32;
    for (i, out) in out.iter_mut().enumerate() {
        let sum = columns[i] + columns[i + 1] + columns[i + 2] + columns[i + 3] + columns[i + 4];
        *out = (sum / count).abs();
    }
}

/// How well the flow back agrees at pixels `(first.., y)`, and how steady brightness is there.
#[inline(always)]
fn consistency(halves: &Halves<'_>, first: usize, y: usize, change: &[f32; TILE], out: &mut [f32]) {
    let Halves { forward, backward, change_range: [steady, changed], .. } = *halves;
    let scale = 1.0 / (changed - steady);
    let ((width, height), count) = (backward.size(), out.len());
    let upper = &forward.row(2 * y)[2 * first..];
    let lower = &forward.row((2 * y + 1).min(forward.height() - 1))[2 * first..];
    let mut there = [[0.0f32; 2]; TILE];
    let mut back = [[0.0f32; 2]; TILE];
    // The mean of four pixels, or of what the edge has of them.
    let pairs = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
    for (there, ([a, b], [c, d])) in there[..count].iter_mut().zip(pairs) {
        *there = [0.25 * ((a[0] + b[0]) + (c[0] + d[0])), 0.25 * ((a[1] + b[1]) + (c[1] + d[1]))];
    }
    if 2 * (first + count) > forward.width() {
        let (a, c) = (upper[2 * count - 2], lower[2 * count - 2]);
        there[count - 1] = [0.5 * (a[0] + c[0]), 0.5 * (a[1] + c[1])];
    }
    let (right, bottom) = ((width - 1) as f32, (height - 1) as f32);
    let mut outside = [0.0f32; TILE];
    for i in 0..count {
        let (x, y) = ((first + i) as f32 + 0.5 * there[i][0], y as f32 + 0.5 * there[i][1]);
        let (near_x, near_y) = (x.clamp(0.0, right), y.clamp(0.0, bottom));
        // Written so that a flow that is not a number counts as outside.
        outside[i] = if (x - near_x).abs() <= 0.5 && (y - near_y).abs() <= 0.5 { 1.0 } else { 0.0 };
        let (column, row) = ((near_x + 0.5) as usize, (near_y + 0.5) as usize);
        back[i] = backward.at(column.min(width - 1), row.min(height - 1));
    }
    let square = |x: f32, y: f32| x * x + y * y;
    for i in 0..count {
        let ([fx, fy], [bx, by]) = (there[i], [2.0 * back[i][0], 2.0 * back[i][1]]);
        let (apart, speed) = (square(fx + bx, fy + by), square(fx, fy) + square(bx, by));
        let (agree, disagree) = (APART[0][0] * speed + APART[0][1], APART[1][0] * speed + APART[1][1]);
        let change = change[i] / (1.0 + PASSING * square(fx, fy).sqrt());
        let steadiness = falling((changed - change) * scale);
        out[i] = steadiness * outside[i] * falling((disagree - apart) / (disagree - agree));
    }
}

/// From 0 to 1 as `t` does, smoothly.
#[inline(always)]
fn falling(t: f32) -> f32 {
    // What is not a number is not trusted.
    let t = if t > 0.0 { t.min(1.0) } else { 0.0 };
    t * t * (3.0 - 2.0 * t)
}
