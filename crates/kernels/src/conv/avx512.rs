use std::arch::x86_64::*;

use super::{LANES, Row};
use crate::Level;

/// Register tiles: 12 pixels x 32 outputs or 24 pixels x 16 outputs use 24 of the 32 registers for sums, which leaves
/// room for the weights; the input comes as a broadcast memory operand.
pub(super) fn row(row: Row<'_>, output: &mut [f32]) {
    assert!(Level::Avx512.is_available(), "this processor has no AVX-512");
    assert!(row.is_inside(output), "a row outside its maps");
    let groups = row.conv.padded_outputs() / LANES;
    let mut group = 0;
    while group < groups {
        // SAFETY: the processor has AVX-512F and the row lies inside its slices, both asserted above.
        unsafe {
            if groups - group >= 2 {
                tiles::<12, 2>(&row, group, output);
                group += 2;
            } else {
                tiles::<24, 1>(&row, group, output);
                group += 1;
            }
        }
    }
}

/// All pixels of a row for `V` groups of outputs: whole tiles of `P` pixels, then one that reaches back over pixels
/// already done, or single pixels in a row shorter than a tile.
#[target_feature(enable = "avx512f")]
unsafe fn tiles<const P: usize, const V: usize>(row: &Row<'_>, group: usize, output: &mut [f32]) {
    let mut pixel = 0;
    while pixel + P <= row.pixels {
        // SAFETY: as for this function; the tile ends within the row.
        unsafe { tile::<P, V>(row, group, pixel, output) };
        pixel += P;
    }
    if pixel == row.pixels {
        return;
    }
    if row.pixels >= P {
        // SAFETY: as above. No result depends on the output's old values, so doing a pixel twice does no harm.
        unsafe { tile::<P, V>(row, group, row.pixels - P, output) };
    } else {
        for pixel in pixel..row.pixels {
            // SAFETY: as above.
            unsafe { tile::<1, V>(row, group, pixel, output) };
        }
    }
}

#[target_feature(enable = "avx512f")]
unsafe fn tile<const P: usize, const V: usize>(row: &Row<'_>, group: usize, pixel: usize, output: &mut [f32]) {
    let conv = row.conv;
    let group_size = conv.kernel * conv.kernel * conv.inputs * LANES;
    // SAFETY: the caller has asserted `Row::is_inside`, which covers each offset formed below.
    unsafe {
        let mut weights = conv.weights.as_ptr().add(group * group_size);
        let mut sums = [[_mm512_setzero_ps(); V]; P];
        for v in 0..V {
            let bias = _mm512_loadu_ps(conv.bias.as_ptr().add((group + v) * LANES));
            for sum in &mut sums {
                sum[v] = bias;
            }
        }
        for ky in 0..conv.kernel {
            for kx in 0..conv.kernel {
                let start = pixel * row.input_step + ky * row.input_stride + kx * row.input_channels;
                let mut input = row.input.as_ptr().add(start);
                for _ in 0..conv.inputs {
                    let mut w = [_mm512_setzero_ps(); V];
                    for v in 0..V {
                        w[v] = _mm512_loadu_ps(weights.add(v * group_size));
                    }
                    for p in 0..P {
                        let value = _mm512_set1_ps(*input.add(p * row.input_step));
                        for v in 0..V {
                            sums[p][v] = _mm512_fmadd_ps(value, w[v], sums[p][v]);
                        }
                    }
                    weights = weights.add(LANES);
                    input = input.add(1);
                }
            }
        }
        for p in 0..P {
            for v in 0..V {
                let at = (pixel + p) * row.output_step + (group + v) * LANES;
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
