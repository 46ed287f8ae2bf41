use inkcast_frame::Plane;
use inkcast_kernels::densify::{BAND, Densify, densify_band};
use inkcast_kernels::refine::{self, Refine, refine_band};
use inkcast_kernels::search::{Match, Search, Similarity, patches_along, search_row};
use inkcast_kernels::{Bordered, Level};
use rayon::prelude::*;

use crate::camera;

/// Pixels below which a level is not worth waking another thread for.
const WORTH_SHARING: usize = 20_000;

/// Levels, from the finest, whose flow is refined: those that confidence is judged on. Coarser ones only say where to look.
const REFINED: usize = 2;

/// Whole pixels that are tried in each direction on the coarsest level.
const REACH: usize = 4;

/// The flow from one frame to another, from coarse to fine; keeps its working memory.
#[derive(Debug, Default)]
pub(crate) struct Direction {
    levels: Vec<Found>,
    /// What most of the picture does, in pixels of the level searched last.
    pub camera: Similarity,
}

/// What was found on a level.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// For each patch.
    pub matches: Plane<Match>,
    /// For each pixel, in pixels of the level.
    pub flow: Plane<[f32; 2]>,
    /// Difference in luma between each pixel and where it came from.
    pub difference: Plane,
    /// The flow of the patches, on a level that is refined.
    rough: Plane<[f32; 2]>,
}

impl Direction {
    /// Starts anew, for frames of `count` levels.
    pub fn start(&mut self, count: usize) {
        self.levels.resize_with(count, Found::default);
        self.camera = Similarity::default();
    }

    /// What was found on level `at`; 0 is the finest.
    pub fn at(&mut self, at: usize) -> &mut Found {
        &mut self.levels[at]
    }

    /// Searches level `at`, after the one twice as coarse. `noise` is the variance of a pixel's difference.
    pub fn refine(&mut self, level: Level, at: usize, current: &Bordered, previous: &Bordered, noise: f32) {
        let (width, height) = current.size();
        let (levels, coarser) = self.levels.split_at_mut(at + 1);
        let (Found { matches, flow, difference, rough }, coarser) = (&mut levels[at], coarser.first());
        let prior = if coarser.is_some() { camera::finer(self.camera) } else { Similarity::default() };
        let reach = if coarser.is_some() { 0 } else { REACH };
        let coarser = coarser.map(|found| &found.flow);
        let search = Search { previous, current, coarser, prior, noise, reach };
        let (columns, rows) = (patches_along(width), patches_along(height));
        matches.resize(columns, rows);
        let least_rows = (WORTH_SHARING / (BAND * width)).max(4);
        let lines = matches.data_mut().par_chunks_mut(columns).with_min_len(least_rows);
        lines.enumerate().for_each(|(row, found)| search_row(level, &search, row, found));
        self.camera = camera::fit(matches, prior, noise);

        let is_refined = at < REFINED;
        let dense = if is_refined { &mut *rough } else { &mut *flow };
        dense.resize(width, height);
        difference.resize(width, height);
        let noise = (0.5 * noise).sqrt();
        let densify = Densify { previous, current, matches, noise };
        let flows = dense.data_mut().par_chunks_mut(BAND * width).with_min_len(least_rows);
        let bands = flows.zip(difference.data_mut().par_chunks_mut(BAND * width));
        bands.enumerate().for_each(|(band, (flow, difference))| densify_band(level, &densify, band, flow, difference));
        if is_refined {
            flow.resize(width, height);
            let refine = Refine { previous, current, flow: rough, noise };
            let flows = flow.data_mut().par_chunks_mut(refine::BAND * width);
            let bands = flows.zip(difference.data_mut().par_chunks_mut(refine::BAND * width));
            bands
                .enumerate()
                .for_each(|(band, (flow, difference))| refine_band(level, &refine, band, flow, difference));
        }
    }
}
