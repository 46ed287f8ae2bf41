//! Luma of the new and the previous frame -> where pixels were, how far to trust that, and whether the scene was cut.

use inkcast_kernels::{Level, confidence};
use inkcast_motion::{Motion, MotionEstimator};

use super::s1_ingest::Ingested;
use crate::history::History;

/// Mean confidence below which the new frame does not go on where the previous one ended, whatever the reason: a cut from
/// black has no texture that could tell it from a fade.
pub(crate) const LEAST_CONFIDENCE: f32 = 0.05;

#[derive(Debug)]
pub(crate) struct MotionStage {
    estimator: MotionEstimator,
    pub motion: Motion,
}

impl MotionStage {
    pub fn new(level: Level) -> Self {
        MotionStage { estimator: MotionEstimator::new(level), motion: Motion::default() }
    }

    pub fn run(&mut self, history: &History, ingested: &Ingested) {
        let motion = &mut self.motion;
        self.estimator.estimate(&history.luma, &ingested.luma, motion);
        motion.scene_cut |= confidence::mean(&motion.confidence) < LEAST_CONFIDENCE;
    }

    /// The way of the camera, in pixels of the picture.
    pub fn camera(&self, ingested: &Ingested) -> [f64; 2] {
        let block = f64::from(1u32 << ingested.motion_shift);
        self.motion.camera.map(|d| block * f64::from(d))
    }
}
