use inkcast_frame::Plane;

use super::cubic::FRACTIONS;
use super::{CHUNK, Places};
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

/// Blocks that a chunk reads: its own, and one to each side to interpolate with.
const NODES: usize = CHUNK + 2;

/// Flow and confidence of the blocks around a chunk, in the rows of blocks above and below.
pub(super) type Nodes = [[[f32; NODES]; 2]; 3];

impl Step {
    /// No motion, and memory for the blocks around a chunk: made once for a row.
    pub fn new() -> (Step, Nodes) {
        (Step { dx: [0.0; CHUNK], dy: [0.0; CHUNK], confidence: [0; CHUNK] }, [[[0.0; NODES]; 2]; 3])
    }
}

impl MotionField<'_> {
    /// Larger blocks than a chunk are not read.
    pub const MOST_SHIFT: u32 = CHUNK.trailing_zeros();

    /// The motion of the chunk of pixels that begins at `(x, y)`; past the end of the row the last block goes on. Tells
    /// whether anything moves.
    pub(super) fn steps(&self, level: Level, x: usize, y: usize, step: &mut Step, nodes: &mut Nodes) -> bool {
        let (columns, rows) = self.flow.size();
        let (row, t) = between(y, self.shift, rows);
        let next = (row + 1).min(rows - 1);
        // Node 0 is the block before the chunk's first.
        let first = x >> self.shift;
        let used = (CHUNK >> self.shift) + 2;
        let mut moves = false;
        let [dxs, dys, confidences] = nodes;
        for (at, row) in [row, next].into_iter().enumerate() {
            let (flow, confidence) = (self.flow.row(row), self.confidence.row(row));
            for node in 0..used {
                let column = (first + node).saturating_sub(1).min(columns - 1);
                let [dx, dy] = flow[column];
                moves |= dx != 0.0 || dy != 0.0;
                (dxs[at][node], dys[at][node], confidences[at][node]) = (dx, dy, confidence[column]);
            }
        }
        interpolate(level, nodes, self.shift, t, step);
        moves
    }
}

/// The block at or before row `at` of `count` blocks, and how far the row is towards the next one.
fn between(at: usize, shift: u32, count: usize) -> (usize, f32) {
    let size = (1u32 << shift) as f32;
    let position = ((at as f32 + 0.5) / size - 0.5).clamp(0.0, count as f32 - 1.0);
    (position as usize, position - position.floor())
}

vectorised! {
    fn interpolate(nodes: &Nodes, shift: u32, t: f32, step: &mut Step) {
        let mut mixed = [[0.0f32; NODES]; 3];
        for (mixed, [upper, lower]) in mixed.iter_mut().zip(nodes) {
            for node in 0..NODES {
                mixed[node] = upper[node] + t * (lower[node] - upper[node]);
            }
        }
        let mut trust = [0.0f32; CHUNK];
        let [dx, dy, confidence] = &mixed;
        // The usual sizes of blocks are known to the compiler, which then needs no scattered stores.
        let spread = |nodes: &[f32; NODES], scale: f32, out: &mut [f32; CHUNK]| match shift {
            0 => spread::<1>(nodes, scale, out),
            1 => spread::<2>(nodes, scale, out),
            2 => spread::<4>(nodes, scale, out),
            3 => spread::<8>(nodes, scale, out),
            4 => spread::<16>(nodes, scale, out),
            5 => spread::<32>(nodes, scale, out),
            _ => spread::<64>(nodes, scale, out),
        };
        let size = (1u32 << shift) as f32;
        spread(dx, size, &mut step.dx);
        spread(dy, size, &mut step.dy);
        spread(confidence, 1.0, &mut trust);
        for (out, trust) in step.confidence.iter_mut().zip(trust) {
            // Adding so much that no fraction bits are left rounds, and the low bits are the number.
            *out = (trust * 255.0 + 1.5 * (1 << 23) as f32).to_bits() as u8;
        }
    }
}

/// Fills each block of `BLOCK` pixels by linear interpolation between the centres of its neighbours and its own, which is
/// node 1 for the first block.
#[inline(always)]
fn spread<const BLOCK: usize>(nodes: &[f32; NODES], scale: f32, out: &mut [f32; CHUNK]) {
    let (blocks, _) = out.as_chunks_mut::<BLOCK>();
    for (index, out) in blocks.iter_mut().enumerate() {
        for (offset, out) in out.iter_mut().enumerate() {
            // From the middle of the block before to this one's, or from this one's to the next one's.
            let position = (offset as f32 + 0.5) / BLOCK as f32 - 0.5;
            let (from, t) = if position < 0.0 { (0, position + 1.0) } else { (1, position) };
            let (a, b) = (nodes[index + from], nodes[index + from + 1]);
            *out = scale * (a + t * (b - a));
        }
    }
}

vectorised! {
    /// Positions outside any picture, and such that are not numbers, give some place; the caller looks at the position.
    pub(super) fn places(x: f32, y: f32, step: &Step, places: &mut Places) {
        // Larger positions lie in no picture; bounded ones fit a number with fraction bits.
        const FAR: f32 = 1_000_000.0;
        let axis = |start: f32, slope: f32, d: &[f32; CHUNK], places: &mut [i32; CHUNK]| {
            for i in 0..CHUNK {
                let position = start + slope * i as f32 + d[i];
                let position = if position > -FAR { position } else { -FAR };
                let position = if position < FAR { position } else { FAR };
                let place = (position * FRACTIONS as f32 + 0.5).floor();
                // SAFETY: a number, and at most FAR * FRACTIONS = 2.56e8 away from zero.
                places[i] = unsafe { place.to_int_unchecked() };
            }
        };
        axis(x, 1.0, &step.dx, &mut places.x);
        axis(y, 0.0, &step.dy, &mut places.y);
    }
}

vectorised! {
    /// Which samples lie in the picture with all sixteen pixels around them.
    pub(super) fn inside(places: &Places, width: i32, height: i32, inside: &mut [bool; CHUNK]) {
        let (right, bottom) = ((width - 2) * FRACTIONS, (height - 2) * FRACTIONS);
        for i in 0..CHUNK {
            let (x, y) = (places.x[i], places.y[i]);
            inside[i] = (x >= FRACTIONS) & (x < right) & (y >= FRACTIONS) & (y < bottom);
        }
    }
}
