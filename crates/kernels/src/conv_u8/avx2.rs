use std::arch::x86_64::*;

use super::{LANES, Output, QUAD, Row};
use crate::Level;

/// Vectors of 8 sums in a group of outputs.
const VECTORS: usize = LANES / 8;

/// Register tiles: 6 pixels x 16 outputs use 12 of the 16 registers for sums. Bytes are widened to words, because the
/// multiplication of bytes saturates; the words of the weights are memory operands.
pub(super) fn row(row: Row<'_>, mut output: Output<'_>) {
    assert!(Level::Avx2.is_available(), "this processor has no AVX2 with FMA");
    assert!(row.is_inside(&output), "a row outside its maps");
    for group in 0..row.conv.groups() {
        // SAFETY: the processor has the features of the level and the row lies inside its slices, both asserted above.
        unsafe {
            match (row.conv.kernel, row.conv.stride) {
                (1, _) => tiles::<6, 1, 1>(&row, group, &mut output),
                (_, 1) => tiles::<6, 3, 1>(&row, group, &mut output),
                _ => tiles::<6, 3, 2>(&row, group, &mut output),
            }
        }
    }
}

/// All pixels of a row for one group of outputs: whole tiles of `P` pixels, then one that reaches back over pixels
/// already done, or single pixels in a row shorter than a tile.
#[target_feature(enable = "avx2")]
unsafe fn tiles<const P: usize, const K: usize, const S: usize>(row: &Row<'_>, group: usize, output: &mut Output<'_>) {
    let mut pixel = 0;
    while pixel < row.pixels {
        // SAFETY: as for this function; the tile ends within the row. No result depends on the output's old values, so
        // doing a pixel twice does no harm.
        unsafe {
            if row.pixels >= P {
                pixel = pixel.min(row.pixels - P);
                finish(row, group, pixel, &tile::<P, K, S>(row, group, pixel), output);
                pixel += P;
            } else {
                finish(row, group, pixel, &tile::<1, K, S>(row, group, pixel), output);
                pixel += 1;
            }
        }
    }
}

#[target_feature(enable = "avx2")]
unsafe fn tile<const P: usize, const K: usize, const S: usize>(
    row: &Row<'_>,
    group: usize,
    pixel: usize,
) -> [[__m256i; VECTORS]; P] {
    let (conv, channels) = (row.conv, row.channels);
    // SAFETY: the caller has asserted `Row::is_inside`, which covers each offset formed below.
    unsafe {
        let mut weights = conv.words.as_ptr().add(group * conv.group_size());
        let mut sums = [[_mm256_setzero_si256(); VECTORS]; P];
        for ky in 0..K {
            let mut input = row.input.get_unchecked(ky).as_ptr().add(pixel * S * channels);
            for _ in 0..conv.inputs / QUAD {
                // One input column after the other; a literal list, because the compiler must unroll all of it.
                macro_rules! columns {
                    ($($x:literal)*) => { $(
                        if $x < (P - 1) * S + K {
                            let quad = _mm256_set1_epi32(input.add($x * channels).cast::<i32>().read_unaligned());
                            let even = _mm256_and_si256(quad, _mm256_set1_epi16(0xff));
                            let odd = _mm256_srli_epi16::<8>(quad);
                            for kx in 0..K {
                                if $x >= kx && ($x - kx) % S == 0 && ($x - kx) / S < P {
                                    let p = ($x - kx) / S;
                                    for v in 0..VECTORS {
                                        let w = weights.add((kx * VECTORS + v) * 32).cast::<__m256i>();
                                        let low = _mm256_madd_epi16(even, _mm256_loadu_si256(w));
                                        let high = _mm256_madd_epi16(odd, _mm256_loadu_si256(w.add(1)));
                                        sums[p][v] = _mm256_add_epi32(_mm256_add_epi32(sums[p][v], low), high);
                                    }
                                }
                            }
                        }
                    )* };
                }
                columns!(0 1 2 3 4 5 6 7 8 9 10 11 12);
                weights = weights.add(K * LANES * QUAD);
                input = input.add(QUAD);
            }
        }
        sums
    }
}

/// Scales the sums of a tile and writes them.
#[target_feature(enable = "avx2")]
unsafe fn finish<const P: usize>(
    row: &Row<'_>,
    group: usize,
    pixel: usize,
    sums: &[[__m256i; VECTORS]; P],
    output: &mut Output<'_>,
) {
    for v in 0..VECTORS {
        // SAFETY: as for this function.
        unsafe { finish_vector(row, group * LANES + v * 8, pixel, &sums.map(|sums| sums[v]), output) };
    }
}

/// Scales the sums of the 8 outputs from `first` on and writes them, for neighbouring pixels.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn finish_vector<const P: usize>(
    row: &Row<'_>,
    first: usize,
    pixel: usize,
    sums: &[__m256i; P],
    output: &mut Output<'_>,
) {
    let conv = row.conv;
    let outputs = conv.padded_outputs();
    // SAFETY: the caller has asserted `Row::is_inside`, which covers each offset formed below.
    unsafe {
        let scale = _mm256_loadu_ps(conv.scale.as_ptr().add(first));
        let bias = _mm256_loadu_ps(conv.bias.as_ptr().add(first));
        let addend_scale = _mm256_set1_ps(conv.addend_scale);
        for (p, &sum) in sums.iter().enumerate() {
            let start = (pixel + p) * outputs + first;
            let mut value = _mm256_add_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(sum), scale), bias);
            match output {
                Output::Floats(floats) => _mm256_storeu_ps(floats.as_mut_ptr().add(start), value),
                Output::Codes(codes) => {
                    if let Some(addend) = row.addend {
                        let bytes = _mm_loadl_epi64(addend.as_ptr().add(start).cast());
                        let addend = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
                        value = _mm256_add_ps(value, _mm256_mul_ps(addend, addend_scale));
                    }
                    let words = _mm256_cvtps_epi32(_mm256_min_ps(value, _mm256_set1_ps(255.0)));
                    let halves = _mm_packs_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
                    _mm_storel_epi64(codes.as_mut_ptr().add(start).cast(), _mm_packus_epi16(halves, halves));
                }
            }
        }
    }
}
