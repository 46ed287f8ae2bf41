use std::arch::x86_64::*;

use inkcast_frame::LAYER_ONE;

use super::Inside;
use crate::Level;

/// Four pixels of a row fill one register of floats.
pub(super) fn samples(inside: &Inside<'_>, layers: &mut [[i16; 4]], age: &mut [u8]) {
    assert!(Level::Avx512.is_available(), "this processor lacks the level");
    // SAFETY: the processor has the level, as was just asserted.
    unsafe { all(inside, layers, age) };
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
fn all(inside: &Inside<'_>, layers: &mut [[i16; 4]], age: &mut [u8]) {
    let Inside { places, pixels, width, .. } = inside;
    for ((i, layers), age) in pixels.clone().zip(&mut layers[pixels.clone()]).zip(&mut age[pixels.clone()]) {
        let (left, top, across, down) = places.taps(i);
        let first = (top - 1) as usize * width + (left - 1) as usize;
        let (x, y) = places.nearest(i);
        // SAFETY: `Inside` holds only pixels whose sixteen samples lie in the picture, the nearest among them.
        unsafe {
            *layers = sum(inside.layers.as_ptr().add(first), *width, across, down);
            *age = *inside.age.get_unchecked(y as usize * width + x as usize);
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
#[inline]
unsafe fn sum(from: *const [i16; 4], stride: usize, across: &[f32; 4], down: &[f32; 4]) -> [i16; 4] {
    // SAFETY: the caller's.
    unsafe {
        let row = |j: usize| {
            let values = _mm256_loadu_si256(from.add(j * stride).cast());
            let values = _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(values));
            _mm512_mul_ps(values, _mm512_set1_ps(down[j]))
        };
        let columns = _mm512_add_ps(_mm512_add_ps(row(0), row(1)), _mm512_add_ps(row(2), row(3)));
        // Each weight four times, once for each layer of its pixel.
        let spread = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
        let weights = _mm512_permutexvar_ps(spread, _mm512_castps128_ps512(_mm_loadu_ps(across.as_ptr())));
        let columns = _mm512_mul_ps(columns, weights);
        let halves = _mm256_add_ps(_mm512_castps512_ps256(columns), _mm512_extractf32x8_ps::<1>(columns));
        let sum = _mm_add_ps(_mm256_castps256_ps128(halves), _mm256_extractf128_ps::<1>(halves));
        let packed = _mm_packs_epi32(_mm_cvtps_epi32(sum), _mm_setzero_si128());
        let kept = _mm_min_epi16(_mm_max_epi16(packed, _mm_setzero_si128()), _mm_set1_epi16(LAYER_ONE));
        let mut out = [0i16; 4];
        _mm_storel_epi64(out.as_mut_ptr().cast(), kept);
        out
    }
}
