use std::arch::x86_64::*;

use super::{LANES, Output, QUAD, Row};
use crate::Level;

/// Register tiles: 10 pixels x 32 outputs or 20 pixels x 16 outputs use 20 of the 32 registers for sums; with
/// more the compiler runs out of them, and widths of frames are multiples of 20 more often than of 24. An input quad is
/// broadcast once for the up to three outputs that see it under different taps, whose weights stay in registers too.
pub(super) fn row(row: Row<'_>, mut output: Output<'_>) {
    assert!(Level::Avx512Vnni.is_available(), "this processor has no AVX-512 with VNNI");
    assert!(row.is_inside(&output), "a row outside its maps");
    let groups = row.conv.groups();
    let mut group = 0;
    while group < groups {
        // SAFETY: the processor has the features of the level and the row lies inside its slices, both asserted above.
        unsafe {
            if groups - group >= 2 {
                shape::<10, 2>(&row, group, &mut output);
                group += 2;
            } else {
                shape::<20, 1>(&row, group, &mut output);
                group += 1;
            }
        }
    }
}

/// Sums of a tile on their way from registers to the epilogue: with the epilogue in the same loop the compiler runs out
/// of registers.
#[repr(align(64))]
struct Sums([i32; 24 * LANES]);

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn shape<const P: usize, const V: usize>(row: &Row<'_>, group: usize, output: &mut Output<'_>) {
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
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn tiles<const P: usize, const V: usize, const K: usize, const S: usize>(
    row: &Row<'_>,
    group: usize,
    output: &mut Output<'_>,
) {
    let mut sums = Sums([0; 24 * LANES]);
    let mut pixel = 0;
    while pixel < row.pixels {
        // SAFETY: as for this function; the tile ends within the row. No result depends on the output's old values, so
        // doing a pixel twice does no harm.
        unsafe {
            if row.pixels >= P {
                pixel = pixel.min(row.pixels - P);
                tile::<P, V, K, S>(row, group, pixel, &mut sums);
                finish::<P, V>(row, group, pixel, &sums, output);
                pixel += P;
            } else {
                tile::<1, V, K, S>(row, group, pixel, &mut sums);
                finish::<1, V>(row, group, pixel, &sums, output);
                pixel += 1;
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn tile<const P: usize, const V: usize, const K: usize, const S: usize>(
    row: &Row<'_>,
    group: usize,
    pixel: usize,
    result: &mut Sums,
) {
    let (conv, channels) = (row.conv, row.channels);
    // SAFETY: the caller has asserted `Row::is_inside`, which covers each offset formed below.
    unsafe {
        let mut weights = conv.weights.as_ptr().add(group * conv.group_size());
        let mut sums = [[_mm512_setzero_si512(); V]; P];
        for ky in 0..K {
            let mut input = row.input.get_unchecked(ky).as_ptr().add(pixel * S * channels);
            for _ in 0..conv.inputs / QUAD {
                let mut w = [[_mm512_setzero_si512(); V]; K];
                for kx in 0..K {
                    for v in 0..V {
                        w[kx][v] = _mm512_loadu_si512(weights.add(v * conv.group_size() + kx * LANES * QUAD).cast());
                    }
                }
                // One input column after the other; a literal list, because the compiler must unroll all of it.
                macro_rules! columns {
                    ($($x:literal)*) => { $(
                        if $x < (P - 1) * S + K {
                            let value = _mm512_set1_epi32(input.add($x * channels).cast::<i32>().read_unaligned());
                            for kx in 0..K {
                                if $x >= kx && ($x - kx) % S == 0 && ($x - kx) / S < P {
                                    let p = ($x - kx) / S;
                                    for v in 0..V {
                                        sums[p][v] = _mm512_dpbusd_epi32(sums[p][v], value, w[kx][v]);
                                    }
                                }
                            }
                        }
                    )* };
                }
                columns!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34
                    35 36 37 38 39 40 41 42 43 44 45 46 47 48);
                weights = weights.add(K * LANES * QUAD);
                input = input.add(QUAD);
            }
        }
        for p in 0..P {
            for v in 0..V {
                _mm512_store_si512(result.0.as_mut_ptr().add((p * V + v) * LANES).cast(), sums[p][v]);
            }
        }
    }
}

/// Scales the sums of a tile and writes them.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn finish<const P: usize, const V: usize>(
    row: &Row<'_>,
    group: usize,
    pixel: usize,
    sums: &Sums,
    output: &mut Output<'_>,
) {
    let conv = row.conv;
    let outputs = conv.padded_outputs();
    // SAFETY: the caller has asserted `Row::is_inside`, which covers each offset formed below.
    unsafe {
        let mut scale = [_mm512_setzero_ps(); V];
        let mut bias = [_mm512_setzero_ps(); V];
        for v in 0..V {
            scale[v] = _mm512_loadu_ps(conv.scale.as_ptr().add((group + v) * LANES));
            bias[v] = _mm512_loadu_ps(conv.bias.as_ptr().add((group + v) * LANES));
        }
        let start = pixel * outputs + group * LANES;
        let value = |index: usize| {
            let sum = _mm512_cvtepi32_ps(_mm512_load_si512(sums.0.as_ptr().add(index * LANES).cast()));
            _mm512_add_ps(_mm512_mul_ps(sum, scale[index % V]), bias[index % V])
        };
        match output {
            Output::Floats(floats) => {
                let floats = floats.as_mut_ptr().add(start);
                for index in 0..P * V {
                    _mm512_storeu_ps(floats.add(index / V * outputs + index % V * LANES), value(index));
                }
            }
            Output::Codes(codes) => {
                let codes = codes.as_mut_ptr().add(start);
                let (addend, addend_scale) = (row.addend.map(|a| a.as_ptr().add(start)), conv.addend_scale);
                let addend_scale = _mm512_set1_ps(addend_scale);
                let most = _mm512_set1_ps(255.0);
                let word = |index: usize| {
                    let mut value = value(index);
                    if let Some(addend) = addend {
                        let bytes = _mm_loadu_si128(addend.add(index / V * outputs + index % V * LANES).cast());
                        let addend = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
                        value = _mm512_add_ps(value, _mm512_mul_ps(addend, addend_scale));
                    }
                    _mm512_cvtps_epi32(_mm512_min_ps(value, most))
                };
                let mut index = 0;
                // Four vectors at once where they are neighbours in the output.
                if V * LANES == outputs {
                    let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
                    while index + 4 <= P * V {
                        let first = _mm512_packs_epi32(word(index), word(index + 1));
                        let second = _mm512_packs_epi32(word(index + 2), word(index + 3));
                        let bytes = _mm512_permutexvar_epi32(order, _mm512_packus_epi16(first, second));
                        _mm512_storeu_si512(codes.add(index * LANES).cast(), bytes);
                        index += 4;
                    }
                }
                while index < P * V {
                    let word = _mm512_max_epi32(word(index), _mm512_setzero_si512());
                    let place = codes.add(index / V * outputs + index % V * LANES);
                    _mm_storeu_si128(place.cast(), _mm512_cvtusepi32_epi8(word));
                    index += 1;
                }
            }
        }
    }
}
