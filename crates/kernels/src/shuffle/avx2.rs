use std::arch::x86_64::*;

use inkcast_frame::LAYER_ONE;

use super::{CHANGE_CHANNELS, Source};
use crate::Level;

/// Pixels at once: two vectors of two pixels.
const STEP: usize = 4;

/// See [`super::join_row`]; does whole steps and gives the number of pixels done.
pub(super) fn join(picture: &[[u8; 4]], source: &Source, change: &[f32], layers: &mut [[i16; 4]]) -> usize {
    assert!(Level::Avx2.is_available(), "this processor has no AVX2");
    let done = picture.len() / STEP * STEP;
    assert!(layers.len() >= done && (done == 0 || change.len() >= (done / 2 - 1) * CHANGE_CHANNELS + 8));
    // SAFETY: the processor has AVX2, and the slices hold the pixels to be done, both asserted above.
    unsafe { steps(picture, source, change, layers, done) };
    done
}

#[target_feature(enable = "avx2")]
unsafe fn steps(picture: &[[u8; 4]], source: &Source, change: &[f32], layers: &mut [[i16; 4]], done: usize) {
    // SAFETY: the caller has asserted that `done` pixels lie inside the slices; `done` is a multiple of the step.
    unsafe {
        let columns = source.columns.map(|column| _mm256_broadcast_ps(&_mm_loadu_ps(column.as_ptr())));
        let most = _mm256_set1_ps(LAYER_ONE.into());
        for x in (0..done).step_by(STEP) {
            let words = [0, 2].map(|dx| {
                let codes = _mm_loadl_epi64(picture.as_ptr().add(x + dx).cast());
                let codes = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(codes));
                let red = _mm256_mul_ps(_mm256_permute_ps::<0b00_00_00_00>(codes), columns[0]);
                let green = _mm256_mul_ps(_mm256_permute_ps::<0b01_01_01_01>(codes), columns[1]);
                let blue = _mm256_mul_ps(_mm256_permute_ps::<0b10_10_10_10>(codes), columns[2]);
                let base = _mm256_add_ps(_mm256_add_ps(red, green), blue);
                let change = _mm256_loadu_ps(change.as_ptr().add((x + dx) / 2 * CHANGE_CHANNELS));
                let value = _mm256_add_ps(base, change);
                _mm256_cvtps_epi32(_mm256_min_ps(_mm256_max_ps(value, _mm256_setzero_ps()), most))
            });
            let packed = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(words[0], words[1]));
            _mm256_storeu_si256(layers.as_mut_ptr().add(x).cast(), packed);
        }
    }
}
