use std::arch::aarch64::*;

use super::{LANES, Output, QUAD, Row};
use crate::Level;

/// Vectors of 4 sums in a group of outputs.
const VECTORS: usize = LANES / 4;

/// Register tiles: 4 pixels x 16 outputs use 16 of the 32 registers for sums and 8 for the words of a quad's weights.
pub(super) fn row(row: Row<'_>, mut output: Output<'_>) {
    assert!(Level::Neon.is_available(), "this processor has no NEON");
    assert!(row.is_inside(&output), "a row outside its maps");
    for group in 0..row.conv.groups() {
        let mut pixel = 0;
        while pixel < row.pixels {
            // SAFETY: the processor has NEON and the row lies inside its slices, both asserted above; the tile ends
            // within the row. No result depends on the output's old values, so doing a pixel twice does no harm.
            unsafe {
                if row.pixels >= 4 {
                    pixel = pixel.min(row.pixels - 4);
                    tile::<4>(&row, group, pixel, &mut output);
                    pixel += 4;
                } else {
                    tile::<1>(&row, group, pixel, &mut output);
                    pixel += 1;
                }
            }
        }
    }
}

#[target_feature(enable = "neon")]
unsafe fn tile<const P: usize>(row: &Row<'_>, group: usize, pixel: usize, output: &mut Output<'_>) {
    let (conv, channels) = (row.conv, row.channels);
    let mut sums = [[vdupq_n_s32(0); VECTORS]; P];
    // SAFETY: the caller has asserted `Row::is_inside`, which covers each offset formed below.
    unsafe {
        let mut weights = conv.weights.as_ptr().add(group * conv.group_size());
        for ky in 0..conv.kernel {
            let input = row.input.get_unchecked(ky).as_ptr().add(pixel * conv.stride * channels);
            for quad in (0..conv.inputs).step_by(QUAD) {
                for kx in 0..conv.kernel {
                    // One register for each input of the quad, a lane for each output.
                    let w = vld4q_s8(weights);
                    let w = [w.0, w.1, w.2, w.3].map(|w| [vmovl_s8(vget_low_s8(w)), vmovl_high_s8(w)]);
                    for p in 0..P {
                        let at = input.add((p * conv.stride + kx) * channels + quad);
                        let bytes = vcreate_u8(at.cast::<u32>().read_unaligned().into());
                        let values = vget_low_s16(vreinterpretq_s16_u16(vmovl_u8(bytes)));
                        macro_rules! add {
                            ($($input:literal)*) => { $(
                                for half in 0..2 {
                                    let [low, high] = [half * 2, half * 2 + 1];
                                    let w = w[$input][half];
                                    sums[p][low] = vmlal_lane_s16::<$input>(sums[p][low], vget_low_s16(w), values);
                                    sums[p][high] = vmlal_high_lane_s16::<$input>(sums[p][high], w, values);
                                }
                            )* };
                        }
                        add!(0 1 2 3);
                    }
                    weights = weights.add(LANES * QUAD);
                }
            }
        }
        for p in 0..P {
            finish(row, group, pixel + p, sums[p], output);
        }
    }
}

/// Scales the sums of a pixel and writes them.
#[target_feature(enable = "neon")]
unsafe fn finish(row: &Row<'_>, group: usize, pixel: usize, sums: [int32x4_t; VECTORS], output: &mut Output<'_>) {
    let conv = row.conv;
    let start = pixel * conv.padded_outputs() + group * LANES;
    // SAFETY: the caller has asserted `Row::is_inside`, which covers each offset formed below.
    unsafe {
        let mut values = [vdupq_n_f32(0.0); VECTORS];
        for v in 0..VECTORS {
            let scale = vld1q_f32(conv.scale.as_ptr().add(group * LANES + v * 4));
            let bias = vld1q_f32(conv.bias.as_ptr().add(group * LANES + v * 4));
            values[v] = vaddq_f32(vmulq_f32(vcvtq_f32_s32(sums[v]), scale), bias);
        }
        match output {
            Output::Floats(floats) => {
                for v in 0..VECTORS {
                    vst1q_f32(floats.as_mut_ptr().add(start + v * 4), values[v]);
                }
            }
            Output::Codes(codes) => {
                if let Some(addend) = row.addend {
                    let bytes = vld1q_u8(addend.as_ptr().add(start));
                    let words = [vmovl_u8(vget_low_u8(bytes)), vmovl_high_u8(bytes)];
                    for v in 0..VECTORS {
                        let words = words[v / 2];
                        let word = if v % 2 == 0 { vmovl_u16(vget_low_u16(words)) } else { vmovl_high_u16(words) };
                        let addend = vmulq_f32(vcvtq_f32_u32(word), vdupq_n_f32(conv.addend_scale));
                        values[v] = vaddq_f32(values[v], addend);
                    }
                }
                // To the nearest integer, halves to even; each narrowing saturates.
                let words = values.map(|value| vcvtnq_s32_f32(value));
                let low = vcombine_s16(vqmovn_s32(words[0]), vqmovn_s32(words[1]));
                let high = vcombine_s16(vqmovn_s32(words[2]), vqmovn_s32(words[3]));
                vst1q_u8(codes.as_mut_ptr().add(start), vcombine_u8(vqmovun_s16(low), vqmovun_s16(high)));
            }
        }
    }
}
