//! Bytes of a frame -> picture, and its luma on the grid for motion.

use inkcast_frame::{FrameView, Picture, Plane};
use inkcast_kernels::Level;
use inkcast_kernels::ingest::ingest;
use inkcast_kernels::pyramid::{halve, halve_luma};
use inkcast_kernels::warp::MotionField;

/// Widest grid that motion is estimated on, in pixels: finer ones cost time and find nothing that a comic shows.
const MOTION_WIDTH: usize = 640;

/// The frame as the stages see it.
#[derive(Debug, Default)]
pub(crate) struct Ingested {
    pub picture: Picture,
    /// Luma at `1 / (1 << motion_shift)` of the size.
    pub luma: Plane,
    pub motion_shift: u32,
    finer: Plane,
}

/// How often the picture's size is halved for the grid that motion is estimated on.
pub(crate) fn motion_shift((width, _): (usize, usize)) -> u32 {
    let mut shift = 1;
    // A size is rounded up each time, so that halving again and again is dividing once.
    while width.div_ceil(1 << shift) > MOTION_WIDTH && shift < MotionField::MOST_SHIFT {
        shift += 1;
    }
    shift
}

pub(crate) fn run(level: Level, frame: &FrameView<'_>, out: &mut Ingested) {
    ingest(level, frame, &mut out.picture);
    halve_luma(&out.picture, &mut out.luma);
    out.motion_shift = motion_shift(out.picture.size());
    for _ in 1..out.motion_shift {
        std::mem::swap(&mut out.luma, &mut out.finer);
        halve(&out.finer, &mut out.luma);
    }
}
