use std::arch::x86_64::*;

use super::{LANES, Row};
use crate::Level;

/// Outputs in a vector.
const VECTOR: usize = 8;

/// Register tiles: 10 pixels x 8 outputs use 10 of the 16 registers for sums. An input value is broadcast once for the up
/// to three outputs that see it under different taps, whose weights stay in registers too.
pub(super) fn row(row: Row<'_>, output: &mut [f32]) {
    assert!(Level::Avx2.is_available(), "this processor has no AVX2 with FMA");
    assert!(row.is_inside(output), "a row outside its maps");
    for first in (0..row.conv.padded_outputs()).step_by(VECTOR) {
        // SAFETY: the processor has the features of the level and the row lies inside its slices, both asserted above.
        unsafe {
            match (row.conv.kernel, row.conv.stride) {
                (1, _) => tiles::<10, 1, 1>(&row, first, output),
                (_, 1) => tiles::<10, 3, 1>(&row, first, output),
                _ => tiles::<10, 3, 2>(&row, first, output),
            }
        }
    }
}

/// All pixels of a row for the outputs from `first` on: whole tiles of `P` pixels, then one that reaches back over pixels
/// already done, or single pixels in a row shorter than a tile.
#[target_feature(enable = "avx2,fma")]
unsafe fn tiles<const P: usize, const K: usize, const S: usize>(row: &Row<'_>, first: usize, output: &mut [f32]) {
    let mut pixel = 0;
    while pixel < row.pixels {
        // SAFETY: as for this function; the tile ends within the row. No result depends on the output's old values, so
        // doing a pixel twice does no harm.
        unsafe {
            if row.pixels >= P {
                pixel = pixel.min(row.pixels - P);
                tile::<P, K, S>(row, first, pixel, output);
                pixel += P;
            } else {
                tile::<1, K, S>(row, first, pixel, output);
                pixel += 1;
            }
        }
    }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn tile<const P: usize, const K: usize, const S: usize>(
    row: &Row<'_>,
    first: usize,
    pixel: usize,
    output: &mut [f32],
) {
    let (conv, channels) = (row.conv, row.channels);
    // SAFETY: the caller has asserted `Row::is_inside`, which covers each offset formed below.
    unsafe {
        let mut weights = conv.weights.as_ptr().add(first / LANES * conv.group_size() + first % LANES);
        let mut sums = [_mm256_loadu_ps(conv.bias.as_ptr().add(first)); P];
        for ky in 0..K {
            let mut input = row.input.get_unchecked(ky).as_ptr().add(pixel * S * channels);
            for _ in 0..conv.inputs {
                let mut w = [_mm256_setzero_ps(); K];
                for kx in 0..K {
                    w[kx] = _mm256_loadu_ps(weights.add(kx * LANES));
                }
                // One input column after the other; a literal list, because the compiler must unroll all of it.
                macro_rules! columns {
                    ($($x:literal)*) => { $(
                        if $x < (P - 1) * S + K {
                            let value = _mm256_set1_ps(*input.add($x * channels));
                            for kx in 0..K {
                                if $x >= kx && ($x - kx) % S == 0 && ($x - kx) / S < P {
                                    let p = ($x - kx) / S;
                                    sums[p] = _mm256_fmadd_ps(value, w[kx], sums[p]);
                                }
                            }
                        }
                    )* };
                }
                columns!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20);
                weights = weights.add(K * LANES);
                input = input.add(1);
            }
        }
        for (p, mut sum) in sums.into_iter().enumerate() {
            let at = (pixel + p) * conv.padded_outputs() + first;
            if let Some(addend) = row.addend {
                sum = _mm256_add_ps(sum, _mm256_loadu_ps(addend.as_ptr().add(at)));
            }
            if row.relu {
                sum = _mm256_max_ps(sum, _mm256_setzero_ps());
            }
            _mm256_storeu_ps(output.as_mut_ptr().add(at), sum);
        }
    }
}
