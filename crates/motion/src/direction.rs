use inkcast_frame::Plane;
use inkcast_kernels::densify::{BAND, Densify, densify_band};
use inkcast_kernels::search::{Match, Search, Similarity, patches_along, search_row};
use inkcast_kernels::{Bordered, Level};
use rayon::prelude::*;

use crate::camera;

/// Pixels below which a level is not worth waking another thread for.
const WORTH_SHARING: usize = 20_000;

/// Whole pixels that are tried in each direction on the coarsest level.
const REACH: usize = 4;

/// The flow from one frame to another, from coarse to fine; keeps its working memory.
#[derive(Debug, Default)]
pub(crate) struct Direction {
    matches: Plane<Match>,
    coarser: Plane<[f32; 2]>,
    /// The flow of the finest level so far, in its pixels.
    pub flow: Plane<[f32; 2]>,
    /// Difference in luma between each pixel and where it came from.
    pub difference: Plane,
    /// What most of the picture does, in pixels of that level.
    pub camera: Similarity,
}

impl Direction {
    /// Starts at the coarsest level.
    pub fn start(&mut self) {
        self.flow.resize(0, 0);
        self.camera = Similarity::default();
    }

    /// Searches the next level, twice as large as the last one. `noise` is the variance of a pixel's difference.
    pub fn refine(&mut self, level: Level, current: &Bordered, previous: &Bordered, noise: f32) {
        let (width, height) = current.size();
        std::mem::swap(&mut self.flow, &mut self.coarser);
        let is_first = self.coarser.width() == 0;
        let prior = if is_first { Similarity::default() } else { camera::finer(self.camera) };
        let coarser = (!is_first).then_some(&self.coarser);
        let reach = if is_first { REACH } else { 0 };
        let search = Search { previous, current, coarser, prior, noise, reach };
        let (columns, rows) = (patches_along(width), patches_along(height));
        self.matches.resize(columns, rows);
        let least_rows = (WORTH_SHARING / (4 * width)).max(4);
        let lines = self.matches.data_mut().par_chunks_mut(columns).with_min_len(least_rows);
        lines.enumerate().for_each(|(row, found)| search_row(level, &search, row, found));
        self.camera = camera::fit(&self.matches, prior, noise);

        self.flow.resize(width, height);
        self.difference.resize(width, height);
        let densify = Densify { previous, current, matches: &self.matches, noise: (0.5 * noise).sqrt() };
        let flows = self.flow.data_mut().par_chunks_mut(BAND * width).with_min_len(least_rows);
        let bands = flows.zip(self.difference.data_mut().par_chunks_mut(BAND * width));
        bands.enumerate().for_each(|(band, (flow, difference))| densify_band(level, &densify, band, flow, difference));
    }

    /// The matches of the finest level so far.
    pub fn matches(&self) -> &Plane<Match> {
        &self.matches
    }
}
