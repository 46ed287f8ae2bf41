use std::ops::Range;

use inkcast_frame::Plane;
use inkcast_kernels::Level;
use inkcast_kernels::agreement::{Halves, agreement_row};
use inkcast_kernels::confidence::{Evidence, confidence_row};
use rayon::prelude::*;

use crate::direction::Direction;
use crate::pyramid::Pyramid;
use crate::{Exposure, Motion, cut, exposure, noise};

/// Estimates motion from frame to frame. Two calls with the same frames give the same bits: nothing but working memory is
/// kept between calls.
#[derive(Debug)]
pub struct MotionEstimator {
    level: Level,
    previous: Pyramid,
    current: Pyramid,
    forward: Direction,
    backward: Direction,
    agreement: Plane,
}

impl Default for MotionEstimator {
    fn default() -> Self {
        MotionEstimator::new(Level::detect())
    }
}

/// The level at which the two frames are made equally bright, counted from the finest, and the one at which a cut is
/// looked for then.
const EXPOSED: usize = 3;
const CUT: usize = 2;

/// Difference of luma up to which a pixel is explained, and from which on it is not, without noise.
const EXPLAINED: f32 = 10.0 / 255.0;
const UNEXPLAINED: f32 = 36.0 / 255.0;

/// Mean change of luma around a place that is trusted in full, and from which on it is not at all.
const STEADY: f32 = 1.0 / 255.0;
const CHANGED: f32 = 3.0 / 255.0;

impl MotionEstimator {
    /// With the kernels of `level`, which the processor must have.
    pub fn new(level: Level) -> Self {
        MotionEstimator {
            level,
            previous: Pyramid::default(),
            current: Pyramid::default(),
            forward: Direction::default(),
            backward: Direction::default(),
            agreement: Plane::default(),
        }
    }

    /// Motion from luma `current` to luma `previous`, both 0..1 and of the same size, into `motion`.
    pub fn estimate(&mut self, previous: &Plane, current: &Plane, motion: &mut Motion) {
        assert_eq!(previous.size(), current.size(), "sizes of the two frames");
        let (width, height) = current.size();
        motion.flow.resize(width, height);
        motion.confidence.resize(width, height);
        (motion.scene_cut, motion.repeated) = (false, false);
        (motion.camera, motion.exposure) = ([0.0; 2], Exposure::default());
        if previous == current {
            motion.repeated = true;
            motion.flow.data_mut().fill([0.0; 2]);
            motion.confidence.data_mut().fill(1.0);
            return;
        }
        let level = self.level;
        self.previous.build(level, previous);
        self.current.build(level, current);
        let noise = noise::estimate(&self.previous.levels()[0], &self.current.levels()[0]);
        let top = self.current.levels().len() - 1;
        let exposed = EXPOSED.min(top);
        let coarse = CUT.min(exposed.saturating_sub(1));
        let half = 1.min(coarse);

        motion.exposure = exposure::guess(&self.previous.levels()[exposed], &self.current.levels()[exposed]);
        self.expose(top + 1, motion.exposure);
        self.forward.start(top + 1);
        self.backward.start(top + 1);
        self.refine(exposed..top + 1, noise);
        if exposed > coarse {
            self.refine(coarse..exposed, noise);
            self.expose_by_flow(coarse, motion);
        }
        let there = self.forward.at(coarse);
        motion.scene_cut = cut::is_cut(&cut::Evidence {
            current: &self.current.levels()[coarse],
            previous: &self.previous.levels()[coarse],
            exposure: motion.exposure,
            forward: &there.matches,
            backward: &self.backward.at(coarse).matches,
            difference: &there.difference,
            noise: noise_at(noise, coarse),
        });
        if motion.scene_cut {
            motion.exposure = Exposure::default();
            motion.flow.data_mut().fill([0.0; 2]);
            motion.confidence.data_mut().fill(0.0);
            return;
        }
        self.refine(half..coarse, noise);
        if coarse > 0 {
            self.forward.refine(level, 0, &self.current.levels()[0], &self.previous.levels()[0], noise);
        }
        motion.camera = self.forward.camera.at((width - 1) as f32 / 2.0, (height - 1) as f32 / 2.0);
        std::mem::swap(&mut motion.flow, &mut self.forward.at(0).flow);
        self.judge(half, noise.sqrt(), motion);
    }

    /// Corrects the previous frame's brightness on the levels finer than `at`, by what is seen there.
    fn expose_by_flow(&mut self, at: usize, motion: &mut Motion) {
        let so_far = motion.exposure;
        let (before, now) = (&self.previous.levels()[at], &self.current.levels()[at]);
        motion.exposure = exposure::refine(before, now, &self.forward.at(at).flow, so_far);
        let gain = motion.exposure.gain / so_far.gain;
        self.expose(at, Exposure { gain, offset: motion.exposure.offset - gain * so_far.offset });
    }

    /// Changes the previous frame's brightness on the levels finer than `end`.
    fn expose(&mut self, end: usize, change: Exposure) {
        if change != Exposure::default() {
            let levels = &mut self.previous.levels_mut()[..end];
            levels.iter_mut().for_each(|plane| plane.expose(change.gain, change.offset));
        }
    }

    /// Searches these levels, the coarsest first, in both directions.
    fn refine(&mut self, levels: Range<usize>, noise: f32) {
        let MotionEstimator { level, previous, current, forward, backward, .. } = self;
        let (before, now) = (previous.levels(), current.levels());
        rayon::join(
            || {
                levels
                    .clone()
                    .rev()
                    .for_each(|at| forward.refine(*level, at, &now[at], &before[at], noise_at(noise, at)))
            },
            || {
                levels
                    .clone()
                    .rev()
                    .for_each(|at| backward.refine(*level, at, &before[at], &now[at], noise_at(noise, at)))
            },
        );
    }

    /// Confidence in the flow that was found, from the flow back on level `half`.
    fn judge(&mut self, half: usize, noise: f32, motion: &mut Motion) {
        let MotionEstimator { level, forward, backward, agreement, .. } = self;
        let (width, height) = motion.flow.size();
        let half_width = width.div_ceil(2);
        agreement.resize(half_width, height.div_ceil(2));
        let rows = agreement.data_mut().par_chunks_mut(half_width).with_min_len(16).enumerate();
        if half == 1 {
            let halves = Halves {
                forward: &motion.flow,
                backward: &backward.at(1).flow,
                difference: &forward.at(1).difference,
                change_range: [STEADY + 0.25 * noise, CHANGED],
            };
            rows.for_each(|(y, row)| agreement_row(*level, &halves, y, row));
        } else {
            // A frame too small for a half: its flow has nothing to be compared with.
            rows.for_each(|(_, row)| row.fill(1.0));
        }
        let evidence = Evidence {
            flow: &motion.flow,
            difference: &forward.at(0).difference,
            agreement,
            difference_range: [EXPLAINED + noise, UNEXPLAINED + 2.0 * noise],
        };
        let rows = motion.confidence.data_mut().par_chunks_mut(width).with_min_len(16);
        rows.enumerate().for_each(|(y, row)| confidence_row(*level, &evidence, y, row));
    }
}

/// Variance of noise at a coarser level. Each halves the noise of pixels that know nothing of each other; that of coded
/// video hangs together, so less is counted on.
fn noise_at(noise: f32, level: usize) -> f32 {
    noise / (1 << level) as f32
}
