use super::{LANES, Output, QUAD, Row};

/// The definition: one output pixel and group after another.
pub(super) fn row(row: Row<'_>, mut output: Output<'_>) {
    for pixel in 0..row.pixels {
        for group in 0..row.conv.groups() {
            let sums = sums(&row, pixel, group);
            let start = pixel * row.conv.padded_outputs() + group * LANES;
            for (lane, &sum) in sums.iter().enumerate() {
                let value = sum as f32 * row.conv.scale[group * LANES + lane] + row.conv.bias[group * LANES + lane];
                match &mut output {
                    Output::Codes(codes) => {
                        let addend = row.addend.map_or(0.0, |addend| f32::from(addend[start + lane]));
                        let value = value + addend * row.conv.addend_scale;
                        codes[start + lane] = value.clamp(0.0, 255.0).round_ties_even() as u8;
                    }
                    Output::Floats(floats) => floats[start + lane] = value,
                }
            }
        }
    }
}

fn sums(row: &Row<'_>, pixel: usize, group: usize) -> [i32; LANES] {
    let conv = row.conv;
    let mut sums = [0; LANES];
    let mut weights = conv.weights[group * conv.group_size()..].chunks_exact(LANES * QUAD);
    for input in row.input {
        for quad in (0..conv.inputs).step_by(QUAD) {
            for kx in 0..conv.kernel {
                let start = (pixel * conv.stride + kx) * row.channels + quad;
                let values = &input[start..start + QUAD];
                let Some(weights) = weights.next() else { return sums };
                for (sum, weights) in sums.iter_mut().zip(weights.chunks_exact(QUAD)) {
                    *sum += weights.iter().zip(values).map(|(&w, &v)| i32::from(w) * i32::from(v)).sum::<i32>();
                }
            }
        }
    }
    sums
}
