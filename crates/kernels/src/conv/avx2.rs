use std::arch::x86_64::*;

use super::{LANES, Row};
use crate::Level;

/// Vectors of 8 floats in a group of outputs.
const VECTORS: usize = LANES / 8;

/// Register tiles: 6 pixels x 16 outputs use 12 of the 16 registers for sums, two for weights, one for the input.
pub(super) fn row(row: Row<'_>, output: &mut [f32]) {
    assert!(Level::Avx2.is_available(), "this processor has no AVX2 with FMA");
    assert!(row.is_inside(output), "a row outside its maps");
    let groups = row.conv.padded_outputs() / LANES;
    for group in 0..groups {
        // SAFETY: the processor has AVX2 and FMA and the row lies inside its slices, both asserted above.
        unsafe { tiles::<6>(&row, group, output) };
    }
}

/// All pixels of a row for one group of outputs: whole tiles of `P` pixels, then one that reaches back over pixels
/// already done, or single pixels in a row shorter than a tile.
#[target_feature(enable = "avx2,fma")]
unsafe fn tiles<const P: usize>(row: &Row<'_>, group: usize, output: &mut [f32]) {
    let mut pixel = 0;
    while pixel + P <= row.pixels {
        // SAFETY: as for this function; the tile ends within the row.
        unsafe { tile::<P>(row, group, pixel, output) };
        pixel += P;
    }
    if pixel == row.pixels {
        return;
    }
    if row.pixels >= P {
        // SAFETY: as above. No result depends on the output's old values, so doing a pixel twice does no harm.
        unsafe { tile::<P>(row, group, row.pixels - P, output) };
    } else {
        for pixel in pixel..row.pixels {
            // SAFETY: as above.
            unsafe { tile::<1>(row, group, pixel, output) };
        }
    }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn tile<const P: usize>(row: &Row<'_>, group: usize, pixel: usize, output: &mut [f32]) {
    let conv = row.conv;
    let group_size = conv.kernel * conv.kernel * conv.inputs * LANES;
    // SAFETY: the caller has asserted `Row::is_inside`, which covers each offset formed below.
    unsafe {
        let mut weights = conv.weights.as_ptr().add(group * group_size);
        let mut sums = [[_mm256_setzero_ps(); VECTORS]; P];
        for v in 0..VECTORS {
            let bias = _mm256_loadu_ps(conv.bias.as_ptr().add(group * LANES + v * 8));
            for sum in &mut sums {
                sum[v] = bias;
            }
        }
        for ky in 0..conv.kernel {
            for kx in 0..conv.kernel {
                let start = pixel * row.input_step + ky * row.input_stride + kx * row.input_channels;
                let mut input = row.input.as_ptr().add(start);
                for _ in 0..conv.inputs {
                    let mut w = [_mm256_setzero_ps(); VECTORS];
                    for v in 0..VECTORS {
                        w[v] = _mm256_loadu_ps(weights.add(v * 8));
                    }
                    for p in 0..P {
                        let value = _mm256_set1_ps(*input.add(p * row.input_step));
                        for v in 0..VECTORS {
                            sums[p][v] = _mm256_fmadd_ps(value, w[v], sums[p][v]);
                        }
                    }
                    weights = weights.add(LANES);
                    input = input.add(1);
                }
            }
        }
        for p in 0..P {
            for v in 0..VECTORS {
                let at = (pixel + p) * row.output_step + group * LANES + v * 8;
                let mut sum = sums[p][v];
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
}
