use std::arch::aarch64::*;

use inkcast_frame::LAYER_ONE;

use super::{CHANGE_CHANNELS, Source};
use crate::Level;

/// Pixels at once: a vector of floats each.
const STEP: usize = 2;

/// See [`super::join_row`]; does whole steps and gives the number of pixels done.
pub(super) fn join(picture: &[[u8; 4]], source: &Source, change: &[f32], layers: &mut [[i16; 4]]) -> usize {
    assert!(Level::Neon.is_available(), "this processor has no NEON");
    let done = picture.len() / STEP * STEP;
    assert!(layers.len() >= done && (done == 0 || change.len() >= (done / 2 - 1) * CHANGE_CHANNELS + 8));
    // SAFETY: the processor has NEON, and the slices hold the pixels to be done, both asserted above.
    unsafe { steps(picture, source, change, layers, done) };
    done
}

#[target_feature(enable = "neon")]
unsafe fn steps(picture: &[[u8; 4]], source: &Source, change: &[f32], layers: &mut [[i16; 4]], done: usize) {
    // SAFETY: the caller has asserted that `done` pixels lie inside the slices; `done` is a multiple of the step.
    unsafe {
        let columns = source.columns.map(|column| vld1q_f32(column.as_ptr()));
        for x in (0..done).step_by(STEP) {
            let codes = vmovl_u8(vld1_u8(picture.as_ptr().add(x).cast()));
            let codes = [vmovl_u16(vget_low_u16(codes)), vmovl_high_u16(codes)].map(|codes| vcvtq_f32_u32(codes));
            let change = change.as_ptr().add(x / 2 * CHANGE_CHANNELS);
            for (dx, codes) in codes.into_iter().enumerate() {
                let red = vmulq_laneq_f32::<0>(columns[0], codes);
                let green = vmulq_laneq_f32::<1>(columns[1], codes);
                let blue = vmulq_laneq_f32::<2>(columns[2], codes);
                let base = vaddq_f32(vaddq_f32(red, green), blue);
                let value = vmaxq_f32(vaddq_f32(base, vld1q_f32(change.add(4 * dx))), vdupq_n_f32(0.0));
                let value = vminq_f32(value, vdupq_n_f32(LAYER_ONE.into()));
                vst1_s16(layers.as_mut_ptr().add(x + dx).cast(), vmovn_s32(vcvtnq_s32_f32(value)));
            }
        }
    }
}
