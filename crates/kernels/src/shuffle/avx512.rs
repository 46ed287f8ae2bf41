use std::arch::x86_64::*;

use inkcast_frame::LAYER_ONE;

use super::{CHANGE_CHANNELS, Source};
use crate::Level;

/// Pixels at once: what one vector of floats holds.
const STEP: usize = 4;

/// See [`super::join_row`]; does whole steps and gives the number of pixels done.
pub(super) fn join(picture: &[[u8; 4]], source: &Source, change: &[f32], layers: &mut [[i16; 4]]) -> usize {
    assert!(Level::Avx512.is_available(), "this processor has no AVX-512");
    let done = picture.len() / STEP * STEP;
    assert!(layers.len() >= done && (done == 0 || change.len() >= (done / 2 - 1) * CHANGE_CHANNELS + 8));
    // SAFETY: the processor has AVX-512, and the slices hold the pixels to be done, both asserted above.
    unsafe { steps(picture, source, change, layers, done) };
    done
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn steps(picture: &[[u8; 4]], source: &Source, change: &[f32], layers: &mut [[i16; 4]], done: usize) {
    // SAFETY: the caller has asserted that `done` pixels lie inside the slices; `done` is a multiple of the step.
    unsafe {
        let columns = source.columns.map(|column| _mm512_broadcast_f32x4(_mm_loadu_ps(column.as_ptr())));
        let most = _mm512_set1_ps(LAYER_ONE.into());
        for x in (0..done).step_by(STEP) {
            let codes = _mm_loadu_si128(picture.as_ptr().add(x).cast());
            let codes = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(codes));
            let red = _mm512_mul_ps(_mm512_permute_ps::<0b00_00_00_00>(codes), columns[0]);
            let green = _mm512_mul_ps(_mm512_permute_ps::<0b01_01_01_01>(codes), columns[1]);
            let blue = _mm512_mul_ps(_mm512_permute_ps::<0b10_10_10_10>(codes), columns[2]);
            let base = _mm512_add_ps(_mm512_add_ps(red, green), blue);
            let left = change.as_ptr().add(x / 2 * CHANGE_CHANNELS);
            let change = _mm512_castps256_ps512(_mm256_loadu_ps(left));
            let change = _mm512_insertf32x8::<1>(change, _mm256_loadu_ps(left.add(CHANGE_CHANNELS)));
            let value = _mm512_max_ps(_mm512_add_ps(base, change), _mm512_setzero_ps());
            let words = _mm512_cvtps_epi32(_mm512_min_ps(value, most));
            _mm256_storeu_si256(layers.as_mut_ptr().add(x).cast(), _mm512_cvtepi32_epi16(words));
        }
    }
}
