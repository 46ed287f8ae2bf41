//! The previous frame's layers, moved to where the new frame has them.

use inkcast_kernels::Level;
use inkcast_kernels::warp::{MotionField, Warped, warp};
use inkcast_motion::Motion;

use crate::history::History;

pub(crate) fn run(level: Level, history: &History, motion: &Motion, motion_shift: u32, carried: &mut Warped) {
    let field = MotionField { flow: &motion.flow, confidence: &motion.confidence, shift: motion_shift };
    warp(level, &history.layers, &history.age, field, carried);
}
