//! Luma of the new and the previous frame -> where pixels were, how far to trust that, and whether the scene was cut.

use inkcast_kernels::Level;
use inkcast_motion::{Motion, MotionEstimator};

use super::s1_ingest::Ingested;
use crate::history::History;

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
        self.estimator.estimate(&history.luma, &ingested.luma, &mut self.motion);
    }
}
