use std::arch::x86_64::*;

use super::avx2::finish_vector;
use super::{LANES, Output, QUAD, Row};
use crate::Level;

/// Outputs in a vector.
const VECTOR: usize = 8;

/// Register tiles: 10 pixels x 8 outputs use 10 of the 16 registers for sums. An input quad is broadcast once for the up
/// to three outputs that see it under different taps, whose weights stay in registers too.
pub(super) fn row(row: Row<'_>, mut output: Output<'_>) {
    assert!(Level::AvxVnni.is_available(), "this processor has no AVX2 with VNNI");
    assert!(row.is_inside(&output), "a row outside its maps");
    for first in (0..row.conv.padded_outputs()).step_by(VECTOR) {
        // SAFETY: the processor has the features of the level and the row lies inside its slices, both asserted above.
        unsafe {
            match (row.conv.kernel, row.conv.stride) {
                (1, _) => tiles::<10, 1, 1>(&row, first, &mut output),
                (_, 1) => tiles::<10, 3, 1>(&row, first, &mut output),
                _ => tiles::<10, 3, 2>(&row, first, &mut output),
            }
        }
    }
}

/// All pixels of a row for the outputs from `first` on: whole tiles of `P` pixels, then one that reaches back over
/// pixels already done, or single pixels in a row shorter than a tile.
#[target_feature(enable = "avx2,avxvnni")]
unsafe fn tiles<const P: usize, const K: usize, const S: usize>(row: &Row<'_>, first: usize, output: &mut Output<'_>) {
    let mut pixel = 0;
    while pixel < row.pixels {
        // SAFETY: as for this function; the tile ends within the row. No result depends on the output's old values, so
        // doing a pixel twice does no harm.
        unsafe {
            if row.pixels >= P {
                pixel = pixel.min(row.pixels - P);
                finish_vector(row, first, pixel, &tile::<P, K, S>(row, first, pixel), output);
                pixel += P;
            } else {
                finish_vector(row, first, pixel, &tile::<1, K, S>(row, first, pixel), output);
                pixel += 1;
            }
        }
    }
}

#[target_feature(enable = "avx2,avxvnni")]
unsafe fn tile<const P: usize, const K: usize, const S: usize>(
    row: &Row<'_>,
    first: usize,
    pixel: usize,
) -> [__m256i; P] {
    let (conv, channels) = (row.conv, row.channels);
    // SAFETY: the caller has asserted `Row::is_inside`, which covers each offset formed below.
    unsafe {
        let mut weights = conv.weights.as_ptr().add(first / LANES * conv.group_size() + first % LANES * QUAD);
        let mut sums = [_mm256_setzero_si256(); P];
        for ky in 0..K {
            let mut input = row.input.get_unchecked(ky).as_ptr().add(pixel * S * channels);
            for _ in 0..conv.inputs / QUAD {
                let mut w = [_mm256_setzero_si256(); K];
                for kx in 0..K {
                    w[kx] = _mm256_loadu_si256(weights.add(kx * LANES * QUAD).cast());
                }
                // One input column after the other; a literal list, because the compiler must unroll all of it.
                macro_rules! columns {
                    ($($x:literal)*) => { $(
                        if $x < (P - 1) * S + K {
                            let value = _mm256_set1_epi32(input.add($x * channels).cast::<i32>().read_unaligned());
                            for kx in 0..K {
                                if $x >= kx && ($x - kx) % S == 0 && ($x - kx) / S < P {
                                    let p = ($x - kx) / S;
                                    sums[p] = _mm256_dpbusd_avx_epi32(sums[p], value, w[kx]);
                                }
                            }
                        }
                    )* };
                }
                columns!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20);
                weights = weights.add(K * LANES * QUAD);
                input = input.add(QUAD);
            }
        }
        sums
    }
}
