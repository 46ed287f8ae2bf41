use std::arch::x86_64::*;

use super::avx2::finish;
use super::{LANES, Output, QUAD, Row};
use crate::Level;

/// Vectors of 8 sums in a group of outputs.
const VECTORS: usize = LANES / 8;

/// Register tiles: 4 pixels x 16 outputs use 8 of the 16 registers for sums, which leaves room for the weights of three
/// taps and an input quad.
pub(super) fn row(row: Row<'_>, mut output: Output<'_>) {
    assert!(Level::AvxVnni.is_available(), "this processor has no AVX2 with VNNI");
    assert!(row.is_inside(&output), "a row outside its maps");
    for group in 0..row.conv.groups() {
        // SAFETY: the processor has the features of the level and the row lies inside its slices, both asserted above.
        unsafe {
            match (row.conv.kernel, row.conv.stride) {
                (1, _) => tiles::<4, 1, 1>(&row, group, &mut output),
                (_, 1) => tiles::<4, 3, 1>(&row, group, &mut output),
                _ => tiles::<4, 3, 2>(&row, group, &mut output),
            }
        }
    }
}

/// All pixels of a row for one group of outputs: whole tiles of `P` pixels, then one that reaches back over pixels
/// already done, or single pixels in a row shorter than a tile.
#[target_feature(enable = "avx2,avxvnni")]
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

#[target_feature(enable = "avx2,avxvnni")]
unsafe fn tile<const P: usize, const K: usize, const S: usize>(
    row: &Row<'_>,
    group: usize,
    pixel: usize,
) -> [[__m256i; VECTORS]; P] {
    let (conv, channels) = (row.conv, row.channels);
    // SAFETY: the caller has asserted `Row::is_inside`, which covers each offset formed below.
    unsafe {
        let mut weights = conv.weights.as_ptr().add(group * conv.group_size());
        let mut sums = [[_mm256_setzero_si256(); VECTORS]; P];
        for ky in 0..K {
            let mut input = row.input.get_unchecked(ky).as_ptr().add(pixel * S * channels);
            for _ in 0..conv.inputs / QUAD {
                let mut w = [[_mm256_setzero_si256(); VECTORS]; K];
                for kx in 0..K {
                    for v in 0..VECTORS {
                        w[kx][v] = _mm256_loadu_si256(weights.add((kx * VECTORS + v) * 32).cast());
                    }
                }
                // One input column after the other; a literal list, because the compiler must unroll all of it.
                macro_rules! columns {
                    ($($x:literal)*) => { $(
                        if $x < (P - 1) * S + K {
                            let value = _mm256_set1_epi32(input.add($x * channels).cast::<i32>().read_unaligned());
                            for kx in 0..K {
                                if $x >= kx && ($x - kx) % S == 0 && ($x - kx) / S < P {
                                    let p = ($x - kx) / S;
                                    for v in 0..VECTORS {
                                        sums[p][v] = _mm256_dpbusd_avx_epi32(sums[p][v], value, w[kx][v]);
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
