use super::{LANES, Row};

/// The definition: one output pixel and group after another.
pub(super) fn row(row: Row<'_>, output: &mut [f32]) {
    let Row { conv, .. } = row;
    for pixel in 0..row.pixels {
        for group in 0..conv.groups() {
            let mut sums = [0.0f32; LANES];
            sums.copy_from_slice(&conv.bias[group * LANES..(group + 1) * LANES]);
            let mut weights = conv.weights[group * conv.group_size()..].chunks_exact(LANES);
            for input in row.input {
                for i in 0..conv.inputs {
                    for (kx, weights) in (0..conv.kernel).zip(&mut weights) {
                        let value = input[(pixel * conv.stride + kx) * row.channels + i];
                        sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += value * weight);
                    }
                }
            }
            let start = pixel * conv.padded_outputs() + group * LANES;
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
