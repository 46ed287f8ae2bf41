use inkcast_frame::Plane;

use super::{CHUNK, Taps};
use crate::Level;
use crate::vectorised::vectorised;

/// Motion on a grid of blocks of `1 << shift` pixels, read at any pixel by linear interpolation between their centres.
#[derive(Debug, Clone, Copy)]
pub struct MotionField<'a> {
    /// From the new frame to the previous one, in pixels of the grid: 1 on blocks of 2x2 pixels means two pixels.
    pub flow: &'a Plane<[f32; 2]>,
    /// Trust in the flow, 0..1, on the same grid.
    pub confidence: &'a Plane,
    /// Logarithm of a block's side in pixels, at most [`MotionField::MOST_SHIFT`].
    pub shift: u32,
}

/// The motion of a chunk of pixels: the way to the previous frame in pixels, and trust in it, 255 = full.
pub(super) struct Step {
    pub dx: [f32; CHUNK],
    pub dy: [f32; CHUNK],
    pub confidence: [u8; CHUNK],
}

/// The parameter `a` of cubic convolution. Halfway between pixels, -1/2 (Catmull-Rom) takes a few percent from waves of
/// six pixels and -3/4 adds as much; here they come out as they were, within one percent, however often they are moved.
const SHARPNESS: f32 = -0.65;

/// Blocks that a chunk reads: its own, and one to each side to interpolate with.
const NODES: usize = CHUNK + 2;

impl MotionField<'_> {
    /// Larger blocks than a chunk are not read.
    pub const MOST_SHIFT: u32 = CHUNK.trailing_zeros();

    /// The motion of the chunk of pixels that begins at `(x, y)`; past the end of the row the last block goes on.
    pub(super) fn steps(&self, level: Level, x: usize, y: usize) -> Step {
        let (columns, rows) = self.flow.size();
        let (row, t) = between(y, self.shift, rows);
        let next = (row + 1).min(rows - 1);
        let mut step = Step { dx: [0.0; CHUNK], dy: [0.0; CHUNK], confidence: [0; CHUNK] };

        // Node 0 is the block before the chunk's first.
        let first = x >> self.shift;
        let used = (CHUNK >> self.shift) + 2;
        let mut nodes = [[[0.0; NODES]; 2]; 3];
        let mut is_still = true;
        for node in 0..used {
            let column = (first + node).saturating_sub(1).min(columns - 1);
            for (at, row) in [row, next].into_iter().enumerate() {
                let [dx, dy] = self.flow.at(column, row);
                is_still &= dx == 0.0 && dy == 0.0;
                nodes[0][at][node] = dx;
                nodes[1][at][node] = dy;
                nodes[2][at][node] = self.confidence.at(column, row);
            }
        }
        interpolate(level, &nodes, self.shift, t, &mut step);
        if is_still {
            // Interpolating zeros may leave a negative zero, which is as still.
            step.dx = [0.0; CHUNK];
            step.dy = [0.0; CHUNK];
        }
        step
    }
}

impl Step {
    /// Whether nothing moves.
    pub fn is_still(&self) -> bool {
        self.dx.iter().chain(&self.dy).all(|&d| d == 0.0)
    }
}

/// The block at or before row `at` of `count` blocks, and how far the row is towards the next one.
fn between(at: usize, shift: u32, count: usize) -> (usize, f32) {
    let size = (1u32 << shift) as f32;
    let position = ((at as f32 + 0.5) / size - 0.5).clamp(0.0, count as f32 - 1.0);
    (position as usize, position - position.floor())
}

vectorised! {
    fn interpolate(nodes: &[[[f32; NODES]; 2]; 3], shift: u32, t: f32, step: &mut Step) {
        let block = 1usize << shift;
        let size = block as f32;
        let mut mixed = [[0.0f32; NODES]; 3];
        for (mixed, [upper, lower]) in mixed.iter_mut().zip(nodes) {
            for node in 0..NODES {
                mixed[node] = upper[node] + t * (lower[node] - upper[node]);
            }
        }
        let mut trust = [0.0f32; CHUNK];
        let [dx, dy, confidence] = &mixed;
        for offset in 0..block {
            // From the middle of the block before to this one's, or from this one's to the next one's.
            let position = (offset as f32 + 0.5) / size - 0.5;
            let (from, t) = if position < 0.0 { (0, position + 1.0) } else { (1, position) };
            for index in 0..CHUNK >> shift {
                let (a, b, at) = (index + from, index + from + 1, index * block + offset);
                step.dx[at] = size * (dx[a] + t * (dx[b] - dx[a]));
                step.dy[at] = size * (dy[a] + t * (dy[b] - dy[a]));
                trust[at] = confidence[a] + t * (confidence[b] - confidence[a]);
            }
        }
        for (out, trust) in step.confidence.iter_mut().zip(trust) {
            // Adding so much that no fraction bits are left rounds, and the low bits are the number.
            *out = (trust * 255.0 + 1.5 * (1 << 23) as f32).to_bits() as u8;
        }
    }
}

vectorised! {
    /// Positions outside any picture, and such that are not numbers, give some taps; the caller looks at the position.
    pub(super) fn taps(x: f32, y: f32, step: &Step, taps: &mut Taps) {
        // Larger positions lie in no picture; bounded ones convert to whole numbers in one instruction.
        const FAR: f32 = 1_000_000.0;
        let axis = |start: f32, slope: f32, d: &[f32; CHUNK], first: &mut [i32; CHUNK], weights: &mut [[f32; 4]; CHUNK]| {
            for i in 0..CHUNK {
                let position = start + slope * i as f32 + d[i];
                let position = if position > -FAR { position } else { -FAR };
                let position = if position < FAR { position } else { FAR };
                let floor = position.floor();
                first[i] = floor as i32;
                weights[i] = cubic(position - floor);
            }
        };
        axis(x, 1.0, &step.dx, &mut taps.left, &mut taps.across);
        axis(y, 0.0, &step.dy, &mut taps.top, &mut taps.down);
    }
}

/// Weights of the four samples around a position `t` after the second of them.
#[inline(always)]
fn cubic(t: f32) -> [f32; 4] {
    let far = |x: f32| ((SHARPNESS * x - 5.0 * SHARPNESS) * x + 8.0 * SHARPNESS) * x - 4.0 * SHARPNESS;
    let near = |x: f32| ((SHARPNESS + 2.0) * x - (SHARPNESS + 3.0)) * x * x + 1.0;
    [far(1.0 + t), near(t), near(1.0 - t), far(2.0 - t)]
}
