use inkcast_frame::{Layers, Picture};
use inkcast_kernels::shuffle::{
    CARRIED_CHANNELS, CHANGE_CHANNELS, Carried, join_row, unshuffle_carried_row, unshuffle_row,
};
use inkcast_kernels::{FeatureMap, Level};
use rayon::prelude::*;

use super::numbers::Numbers;
use super::ring::Ring;
use super::weights::{Pack, Weights};
use crate::{Folded, GeneratorError};

/// The network in numbers of one kind, with its buffers.
///
/// A frame takes three kinds of passes over strips of rows, which threads share out: down to quarter resolution, one
/// for each residual block, and up to the layers. Within a pass rows go from one convolution to the next while they are
/// in the cache; only what the next pass reads becomes a whole map. A strip computes the rows it needs beyond its ends
/// itself, so its results do not depend on how the frame is cut.
#[derive(Debug)]
pub(super) struct Network<N: Numbers> {
    weights: Weights<N>,
    /// Behind `enter`, at half resolution: the skip connection.
    fine: FeatureMap<N>,
    /// Behind `down` and each block, at quarter resolution.
    coarse: FeatureMap<N>,
    next: FeatureMap<N>,
    /// One for each strip.
    scratch: Vec<Scratch<N>>,
}

/// Rows of the maps that are never whole.
#[derive(Debug, Default)]
struct Scratch<N> {
    codes: Vec<u8>,
    entry: Ring<N>,
    fine: Ring<N>,
    inner: Ring<N>,
    joined: Ring<N>,
    mixed: Ring<N>,
    change: Vec<f32>,
}

/// Strips for each thread: enough to even out what one thread is held up, few enough that their overlaps cost little.
const STRIPS_PER_THREAD: usize = 2;

impl<N: Pack> Network<N> {
    pub fn new(folded: &Folded) -> Result<Self, GeneratorError> {
        Ok(Network {
            weights: Weights::pack(folded)?,
            fine: FeatureMap::default(),
            coarse: FeatureMap::default(),
            next: FeatureMap::default(),
            scratch: Vec::new(),
        })
    }

    pub fn set_weights(&mut self, folded: &Folded) -> Result<(), GeneratorError> {
        self.weights = Weights::pack(folded)?;
        Ok(())
    }

    /// See [`super::CpuEngine::run`].
    pub fn run(&mut self, level: Level, picture: &Picture, carried: Option<Carried<'_>>, layers: &mut Layers) {
        layers.resize(picture.width(), picture.height());
        if layers.data().is_empty() {
            return;
        }
        let rows = self.fit(picture.size());
        self.enter(level, picture, carried, rows);
        for block in 0..self.weights.blocks.len() {
            self.block(level, block, rows);
            std::mem::swap(&mut self.coarse, &mut self.next);
        }
        self.exit(level, picture, layers, rows);
    }

    /// Makes the maps for pictures of this size, completed to multiples of 4, and gives the rows of a strip at quarter
    /// resolution.
    fn fit(&mut self, (width, height): (usize, usize)) -> usize {
        let Network { weights, fine, coarse, next, scratch } = self;
        let (width, height) = (width.div_ceil(4), height.div_ceil(4));
        let (fine_channels, coarse_channels) = (N::outputs(&weights.enter), N::outputs(&weights.down));
        fine.fit(2 * width, 2 * height, fine_channels);
        coarse.fit(width, height, coarse_channels);
        next.fit(width, height, coarse_channels);

        let rows = height.div_ceil(STRIPS_PER_THREAD * rayon::current_num_threads());
        scratch.resize_with(height.div_ceil(rows), Scratch::default);
        for scratch in scratch {
            scratch.codes.resize(2 * width * weights.picture_channels, 0);
            scratch.entry.fit(2 * width, 2 * height, N::entry_channels(weights.picture_channels));
            scratch.fine.fit(2 * width, 2 * height, fine_channels);
            scratch.inner.fit(width, height, coarse_channels);
            scratch.joined.fit(2 * width, 2 * height, fine_channels);
            scratch.mixed.fit(2 * width, 2 * height, fine_channels);
            scratch.change.resize(2 * width * CHANGE_CHANNELS, 0.0);
        }
        rows
    }

    /// Picture -> fine and coarse map.
    fn enter(&mut self, level: Level, picture: &Picture, carried: Option<Carried<'_>>, rows: usize) {
        let Network { weights, fine, coarse, scratch, .. } = self;
        let (channels, stride, height) = (fine.channels(), fine.stride(), fine.height());
        let coarse_channels = coarse.channels();
        let coarse_stride = coarse.stride();
        let strips = fine.strips_mut(2 * rows).zip(coarse.strips_mut(rows)).zip(scratch).with_max_len(1);
        strips.enumerate().for_each(|(strip, ((fine, coarse), scratch))| {
            let Scratch { codes, entry, fine: ring, .. } = scratch;
            let entry_channels = N::entry_channels(weights.picture_channels);
            let top = 2 * rows * strip;
            // A row of the fine map needs the rows around it, a row of the coarse map two rows and the one above.
            let mut entered = top.saturating_sub(2);
            for y in top.saturating_sub(1)..top + fine.len() / stride {
                while entered <= (y + 1).min(height - 1) {
                    if weights.picture_channels == CARRIED_CHANNELS {
                        unshuffle_carried_row(picture, carried, entered, codes);
                    } else {
                        unshuffle_row(picture, entered, codes);
                    }
                    N::enter(codes, entry.row_mut(entered));
                    entered += 1;
                }
                N::conv(level, &weights.enter, &entry.neighbourhood(y), entry_channels, None, ring.row_mut(y));
                if y < top {
                    continue;
                }
                let at = (y - top) * stride + channels;
                fine[at..at + stride - 2 * channels].copy_from_slice(ring.row_mut(y));
                if y % 2 == 1 {
                    let row = &mut coarse[(y - top) / 2 * coarse_stride..][..coarse_stride];
                    let inside = &mut row[coarse_channels..coarse_stride - coarse_channels];
                    N::conv(level, &weights.down, &ring.neighbourhood(y - 1), channels, None, inside);
                }
            }
        });
    }

    /// Coarse map -> next map: the residual block with this index.
    fn block(&mut self, level: Level, index: usize, rows: usize) {
        let Network { weights, coarse, next, scratch, .. } = self;
        let [first, second] = &weights.blocks[index];
        let (channels, stride, height) = (coarse.channels(), coarse.stride(), coarse.height());
        let strips = next.strips_mut(rows).zip(scratch).with_max_len(1);
        strips.enumerate().for_each(|(strip, (next, Scratch { inner, .. }))| {
            let top = rows * strip;
            let mut done = top.saturating_sub(1);
            for (y, row) in (top..).zip(next.chunks_exact_mut(stride)) {
                while done <= (y + 1).min(height - 1) {
                    N::conv(level, first, &coarse.neighbourhood(done), channels, None, inner.row_mut(done));
                    done += 1;
                }
                let row = &mut row[channels..stride - channels];
                N::conv(level, second, &inner.neighbourhood(y), channels, Some(coarse.row(y)), row);
            }
        });
    }

    /// Fine and coarse map -> layers.
    fn exit(&mut self, level: Level, picture: &Picture, layers: &mut Layers, rows: usize) {
        let Network { weights, fine, coarse, scratch, .. } = self;
        let (channels, coarse_channels, height) = (fine.channels(), coarse.channels(), fine.height());
        let width = picture.width();
        let strips = layers.data_mut().par_chunks_mut(4 * rows * width).zip(scratch).with_max_len(1);
        strips.enumerate().for_each(|(strip, (layers, Scratch { joined, mixed, change, .. }))| {
            let top = 2 * rows * strip;
            let (mut joined_rows, mut mixed_rows) = (top.saturating_sub(2), top.saturating_sub(1));
            for (y, layers) in (top..).zip(layers.chunks_mut(2 * width)) {
                while mixed_rows <= (y + 1).min(height - 1) {
                    while joined_rows <= (mixed_rows + 1).min(height - 1) {
                        let row = joined_rows;
                        let input = &coarse.bordered_row((row / 2) as isize)[coarse_channels..];
                        let up = &weights.up[row % 2];
                        N::conv(level, up, &[input], coarse_channels, Some(fine.row(row)), joined.row_mut(row));
                        joined_rows += 1;
                    }
                    let input = joined.neighbourhood(mixed_rows);
                    N::conv(level, &weights.mix, &input, channels, None, mixed.row_mut(mixed_rows));
                    mixed_rows += 1;
                }
                N::exit(level, &weights.exit, &mixed.neighbourhood(y), channels, change);
                for (dy, layers) in layers.chunks_mut(width).enumerate() {
                    join_row(level, picture.row(2 * y + dy), &weights.source, change, dy == 1, layers);
                }
            }
        });
    }
}
