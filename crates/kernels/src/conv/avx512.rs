use std::arch::x86_64::*;

use super::{LANES, Row};
use crate::Level;

/// Register tiles: 10 pixels x 32 outputs or 20 pixels x 16 outputs use 20 of the 32 registers for sums; with
/// more the compiler runs out of them, and widths of frames are multiples of 20 more often than of 24. An input value
/// is broadcast once for the up to three outputs that see it under different taps, whose weights stay in registers too.
pub(super) fn row(row: Row<'_>, output: &mut [f32]) {
    assert!(Level::Avx512.is_available(), "this processor has no AVX-512");
    assert!(row.is_inside(output), "a row outside its maps");
    let groups = row.conv.groups();
    let mut group = 0;
    while group < groups {
        // SAFETY: the processor has AVX-512 and the row lies inside its slices, both asserted above.
        unsafe {
            if groups - group >= 2 {
                shape::<10, 2>(&row, group, output);
                group += 2;
            } else {
                shape::<20, 1>(&row, group, output);
                group += 1;
            }
        }
    }
}

#[target_feature(enable = "avx512f")]
unsafe fn shape<const P: usize, const V: usize>(row: &Row<'_>, group: usize, output: &mut [f32]) {
    // SAFETY: as for this function.
    unsafe {
        match (row.conv.kernel, row.conv.stride) {
            (1, _) => tiles::<P, V, 1, 1>(row, group, output),
            (_, 1) => tiles::<P, V, 3, 1>(row, group, output),
            _ => tiles::<P, V, 3, 2>(row, group, output),
        }
    }
}

/// All pixels of a row for `V` groups of outputs: whole tiles of `P` pixels, then one that reaches back over pixels
/// already done, or single pixels in a row shorter than a tile.
#[target_feature(enable = "avx512f")]
unsafe fn tiles<const P: usize, const V: usize, const K: usize, const S: usize>(
    row: &Row<'_>,
    group: usize,
    output: &mut [f32],
) {
    let mut pixel = 0;
    while pixel < row.pixels {
        // SAFETY: as for this function; the tile ends within the row. No result depends on the output's old values, so
        // doing a pixel twice does no harm.
        unsafe {
            if row.pixels >= P {
                pixel = pixel.min(row.pixels - P);
                tile::<P, V, K, S>(row, group, pixel, output);
                pixel += P;
            } else {
                tile::<1, V, K, S>(row, group, pixel, output);
                pixel += 1;
            }
        }
    }
}

#[target_feature(enable = "avx512f")]
unsafe fn tile<const P: usize, const V: usize, const K: usize, const S: usize>(
    row: &Row<'_>,
    group: usize,
    pixel: usize,
    output: &mut [f32],
) {
    let (conv, channels) = (row.conv, row.channels);
    // SAFETY: the caller has asserted `Row::is_inside`, which covers each offset formed below.
    unsafe {
        let mut weights = conv.weights.as_ptr().add(group * conv.group_size());
        let mut sums = [[_mm512_setzero_ps(); V]; P];
        for v in 0..V {
            let bias = _mm512_loadu_ps(conv.bias.as_ptr().add(group * LANES + v * 16));
            for sum in &mut sums {
                sum[v] = bias;
            }
        }
        for ky in 0..K {
            let mut input = row.input.get_unchecked(ky).as_ptr().add(pixel * S * channels);
            for _ in 0..conv.inputs {
                let mut w = [[_mm512_setzero_ps(); V]; K];
                for kx in 0..K {
                    for v in 0..V {
                        w[kx][v] = _mm512_loadu_ps(weights.add(v * conv.group_size() + kx * LANES));
                    }
                }
                // One input column after the other; a literal list, because the compiler must unroll all of it.
                macro_rules! columns {
                    ($($x:literal)*) => { $(
                        if $x < (P - 1) * S + K {
                            let value = _mm512_set1_ps(*input.add($x * channels));
                            for kx in 0..K {
                                if $x >= kx && ($x - kx) % S == 0 && ($x - kx) / S < P {
                                    let p = ($x - kx) / S;
                                    for v in 0..V {
                                        sums[p][v] = _mm512_fmadd_ps(value, w[kx][v], sums[p][v]);
                                    }
                                }
                            }
                        }
                    )* };
                }
                columns!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48);
                weights = weights.add(K * LANES);
                input = input.add(1);
            }
        }
        for p in 0..P {
            for v in 0..V {
                let at = (pixel + p) * conv.padded_outputs() + group * LANES + v * 16;
                let mut sum = sums[p][v];
                if let Some(addend) = row.addend {
                    sum = _mm512_add_ps(sum, _mm512_loadu_ps(addend.as_ptr().add(at)));
                }
                if row.relu {
                    sum = _mm512_max_ps(sum, _mm512_setzero_ps());
                }
                _mm512_storeu_ps(output.as_mut_ptr().add(at), sum);
            }
        }
    }
}
