use super::{LANES, Row};

/// The definition: one output pixel and group after another.
pub(super) fn row(row: Row<'_>, output: &mut [f32]) {
    let Row { conv, .. } = row;
    for pixel in 0..row.pixels {
        for group in 0..conv.padded_outputs() / LANES {
            let mut sums = [0.0f32; LANES];
            sums.copy_from_slice(&conv.bias[group * LANES..(group + 1) * LANES]);
            let mut weights = row.group(group).chunks_exact(LANES);
            for ky in 0..conv.kernel {
                for kx in 0..conv.kernel {
                    let start = pixel * row.input_step + ky * row.input_stride + kx * row.input_channels;
                    for (value, weights) in row.input[start..start + conv.inputs].iter().zip(&mut weights) {
                        for (sum, weight) in sums.iter_mut().zip(weights) {
                            *sum += value * weight;
                        }
                    }
                }
            }
            let start = pixel * row.output_step + group * LANES;
            if let Some(addend) = row.addend {
                sums.iter_mut().zip(&addend[start..]).for_each(|(sum, value)| *sum += value);
            }
            if row.relu {
                sums.iter_mut().for_each(|sum| *sum = sum.max(0.0));
            }
            output[start..start + LANES].copy_from_slice(&sums);
        }
    }
}
