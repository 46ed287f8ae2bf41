//! Where each pixel of a frame was in the frame before: dense optical flow on luma, how far it can be trusted, and
//! whether the two frames show the same scene at all.
//!
//! The flow is found coarse to fine by dense inverse search (Kroeger, Timofte, Dai, Van Gool: "Fast Optical Flow using
//! Dense Inverse Search", ECCV 2016), without its variational refinement. It leads from the new frame to the previous
//! one, in pixels of the grid it was computed on.
//!
//! ```
//! use inkcast_frame::Plane;
//! use inkcast_motion::{Motion, MotionEstimator};
//!
//! let picture = |shift: f32| Plane::from_fn(96, 64, |x, y| {
//!     let (x, y) = (x as f32 + shift, y as f32);
//!     0.5 + 0.2 * (x * 0.35).sin() + 0.2 * (y * 0.4 + x * 0.1).cos()
//! });
//! let mut motion = Motion::default();
//! MotionEstimator::default().estimate(&picture(0.0), &picture(2.0), &mut motion);
//! // The picture moved two pixels to the left, so it was two pixels to the right before.
//! let [dx, dy] = motion.flow.at(48, 32);
//! assert!((dx - 2.0).abs() < 0.2 && dy.abs() < 0.2, "{dx} {dy}");
//! ```
#![forbid(unsafe_code)]

mod confidence;
mod cut;
mod inverse_search;

use inkcast_frame::Plane;
use inkcast_kernels::pyramid::halve;

pub use cut::is_cut;

/// Motion between two frames.
#[derive(Debug, Clone, Default)]
pub struct Motion {
    /// For each pixel of the new frame the way `(dx, dy)` to the same point in the previous one, in pixels.
    pub flow: Plane<[f32; 2]>,
    /// Trust in it, 0..1.
    pub confidence: Plane,
    /// The frames show different scenes; flow and confidence are zero.
    pub scene_cut: bool,
}

/// Estimates motion from frame to frame; keeps its working memory between calls.
#[derive(Debug, Default)]
pub struct MotionEstimator {
    previous: Vec<Plane>,
    current: Vec<Plane>,
    search: inverse_search::Search,
}

/// The smallest side of the coarsest level in pixels: less than three patches tell nothing.
const COARSEST: usize = 20;

impl MotionEstimator {
    /// Motion from luma `current` to luma `previous`, both 0..1 and of the same size, into `motion`.
    pub fn estimate(&mut self, previous: &Plane, current: &Plane, motion: &mut Motion) {
        assert_eq!(previous.size(), current.size(), "sizes of the two frames");
        let (width, height) = current.size();
        motion.scene_cut = is_cut(previous, current);
        if motion.scene_cut {
            motion.flow = Plane::new(width, height);
            motion.confidence = Plane::new(width, height);
            return;
        }
        build(previous, &mut self.previous);
        build(current, &mut self.current);
        self.search.run(&self.previous, &self.current, &mut motion.flow);
        confidence::estimate(previous, current, &motion.flow, &mut motion.confidence);
    }
}

/// Levels of half, quarter ... size.
fn build(plane: &Plane, levels: &mut Vec<Plane>) {
    let mut count = 1;
    while plane.width().min(plane.height()) >> count >= COARSEST {
        count += 1;
    }
    levels.resize_with(count, Plane::default);
    levels[0].clone_from(plane);
    for level in 1..count {
        let (finer, coarser) = levels.split_at_mut(level);
        halve(&finer[level - 1], &mut coarser[0]);
    }
}

#[cfg(test)]
mod tests;
