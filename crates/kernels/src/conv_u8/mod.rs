//! Convolution on channels-last maps of bytes: the arithmetic of [`crate::conv`] with weights of 8 bits and exact sums.
//!
//! A code `c` of a map stands for `c * step`, a weight `w` of output `o` for `w * step_o`, -127 to 127. A row gives
//! `code = saturate(round(sum * scale[o] + bias[o] + addend * addend_scale))`, rounding halves to even, which is also
//! the ReLU because codes start at 0; or `sum * scale[o] + bias[o]` itself as floats. Sums are integers and the floats
//! are multiplied, then added, so every variant gives the same bits.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512_vnni;
#[cfg(target_arch = "x86_64")]
mod avx_vnni;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use crate::conv::LANES;
use crate::{FeatureMap, Level, WeightCodes, weight_codes};

/// Input channels that are multiplied and summed by one instruction.
pub(crate) const QUAD: usize = 4;

/// What the codes of the maps around a convolution stand for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Steps {
    /// Value of one code of the input.
    pub input: f32,
    /// Value of one code of the output; where floats are asked for, the unit they are given in.
    pub output: f32,
    /// Value of one code of the addend.
    pub addend: f32,
}

/// A convolution's quantised weights in the order in which the kernels read them.
#[derive(Debug, Clone)]
pub struct PackedConvU8 {
    kernel: usize,
    stride: usize,
    /// Rounded up to quads.
    inputs: usize,
    /// `[group of LANES outputs][ky][quad of inputs][kx][lane][input of the quad]`.
    weights: Vec<i8>,
    /// The same in halves of 8 lanes, inputs 0 and 2 of each lane before inputs 1 and 3, for multiplications of words.
    words: Vec<i16>,
    /// One for each output, padded to LANES.
    scale: Vec<f32>,
    bias: Vec<f32>,
    addend_scale: f32,
}

impl PackedConvU8 {
    /// Quantises ([`weight_codes`]) and packs weights `[O, I, K, K]` and a bias `[O]`: with a step for each output.
    ///
    /// # Panics
    /// If the lengths do not match the sizes, the kernel is not 1 or 3, or the stride not 1, or 2 for a 3x3 kernel.
    pub fn new(weights: &[f32], bias: &[f32], inputs: usize, kernel: usize, stride: usize, steps: Steps) -> Self {
        let (outputs, taps) = (bias.len(), kernel * kernel);
        assert!(matches!((kernel, stride), (1, 1) | (3, 1) | (3, 2)), "kernel {kernel}, stride {stride}");
        assert_eq!(weights.len(), outputs * inputs * taps, "weights of a {outputs}x{inputs}x{kernel}x{kernel} kernel");
        let (groups, quads) = (outputs.div_ceil(LANES), inputs.div_ceil(QUAD));
        let size = groups * taps * quads * LANES * QUAD;
        let mut packed = PackedConvU8 {
            kernel,
            stride,
            inputs: quads * QUAD,
            weights: vec![0; size],
            words: vec![0; size],
            scale: vec![0.0; groups * LANES],
            bias: vec![0.0; groups * LANES],
            addend_scale: steps.addend / steps.output,
        };
        for (output, weights) in weights.chunks_exact(inputs * taps).enumerate() {
            let WeightCodes { codes, step } = weight_codes(weights, taps);
            let (group, lane) = (output / LANES, output % LANES);
            for (input, codes) in codes.chunks_exact(taps).enumerate() {
                let (quad, part) = (input / QUAD, input % QUAD);
                for (tap, &code) in codes.iter().enumerate() {
                    let (ky, kx) = (tap / kernel, tap % kernel);
                    let block = (((group * kernel + ky) * quads + quad) * kernel + kx) * LANES * QUAD;
                    packed.weights[block + lane * QUAD + part] = code;
                    packed.words[block + (lane / 8) * 32 + (part % 2) * 16 + (lane % 8) * 2 + part / 2] = code.into();
                }
            }
            packed.scale[output] = steps.input * step / steps.output;
            packed.bias[output] = bias[output] / steps.output;
        }
        packed
    }

    /// Output channels, padded to [`LANES`]: what the output map must have.
    pub fn padded_outputs(&self) -> usize {
        self.bias.len()
    }

    fn groups(&self) -> usize {
        self.padded_outputs() / LANES
    }

    /// Weights of one group.
    fn group_size(&self) -> usize {
        self.kernel * self.kernel * self.inputs * LANES
    }
}

/// Where a row goes.
#[derive(Debug)]
pub enum Output<'a> {
    /// Codes, after ReLU.
    Codes(&'a mut [u8]),
    /// Floats, without addend and ReLU.
    Floats(&'a mut [f32]),
}

/// Everything that one row of output is computed from, for the kernels of each level.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    conv: &'a PackedConvU8,
    /// One slice for each row of the kernel, from the leftmost pixel that the first output reads.
    input: &'a [&'a [u8]],
    /// Distance between neighbouring input pixels, in values.
    channels: usize,
    /// Spaced as the output is.
    addend: Option<&'a [u8]>,
    /// Output pixels.
    pixels: usize,
}

impl Row<'_> {
    /// Whether every value that the row reads and writes lies inside its slices; the unsafe kernels rely on it.
    fn is_inside(&self, output: &Output<'_>) -> bool {
        let Row { conv, pixels, channels, .. } = *self;
        let written = pixels * conv.padded_outputs();
        let length = match output {
            Output::Codes(codes) => codes.len(),
            Output::Floats(floats) => floats.len(),
        };
        let last_pixel = (pixels.max(1) - 1) * conv.stride + conv.kernel - 1;
        length == written
            && pixels > 0
            && self.input.len() == conv.kernel
            && self.input.iter().all(|row| last_pixel * channels + conv.inputs <= row.len())
            && self.addend.is_none_or(|addend| addend.len() == written)
            && conv.weights.len() == conv.groups() * conv.group_size()
            && conv.words.len() == conv.weights.len()
            && conv.scale.len() == conv.padded_outputs()
    }
}

/// Runs one row: the signature that every level has.
type RowKernel = fn(Row<'_>, Output<'_>);

fn row_kernel(level: Level) -> RowKernel {
    match level {
        #[cfg(target_arch = "x86_64")]
        // AVX-512 without its byte dot products has nothing exact that would be faster than its floats.
        Level::Avx2 | Level::Avx512 => avx2::row,
        #[cfg(target_arch = "x86_64")]
        Level::AvxVnni => avx_vnni::row,
        #[cfg(target_arch = "x86_64")]
        Level::Avx512Vnni => avx512_vnni::row,
        #[cfg(target_arch = "aarch64")]
        Level::Neon => neon::row,
        _ => scalar::row,
    }
}

/// One row of a convolution with the kernels of `level`.
///
/// `input` has one slice for each row of the kernel, of pixels of `channels` codes, from the leftmost pixel that the
/// first output reads: with the border to its left for a 3x3 kernel, without it for a 1x1 kernel. `output` and `addend`
/// have `padded_outputs` values for each pixel. An addend needs codes as output.
///
/// # Panics
/// If the sizes do not fit together or the processor lacks the level.
pub fn conv_row(
    level: Level,
    conv: &PackedConvU8,
    input: &[&[u8]],
    channels: usize,
    addend: Option<&[u8]>,
    output: Output<'_>,
) {
    let values = match &output {
        Output::Codes(codes) => codes.len(),
        Output::Floats(floats) => floats.len(),
    };
    assert!(addend.is_none() || matches!(output, Output::Codes(_)), "an addend to floats");
    let row = Row { conv, input, channels, addend, pixels: values / conv.padded_outputs() };
    assert!(row.is_inside(&output), "the sizes of a row do not fit together");
    assert!(level.is_available(), "this processor has no {level}");
    row_kernel(level)(row, output);
}

/// Runs `conv` on `input` into the codes of `output`, one row at a time on the current thread pool. The result does not
/// depend on the number of threads.
///
/// # Panics
/// As [`conv_row`].
pub fn conv(
    level: Level,
    conv: &PackedConvU8,
    input: &FeatureMap<u8>,
    addend: Option<&FeatureMap<u8>>,
    output: &mut FeatureMap<u8>,
) {
    let size = (input.width().div_ceil(conv.stride), input.height().div_ceil(conv.stride));
    assert_eq!((output.width(), output.height()), size, "output size");
    assert_eq!(output.channels(), conv.padded_outputs(), "output channels");
    let channels = input.channels();
    output.rows_mut().enumerate().for_each(|(y, row)| {
        let rows = input.neighbourhood(y * conv.stride);
        let centre = [&rows[1][channels..]];
        let rows = if conv.kernel == 1 { &centre[..] } else { &rows[..] };
        conv_row(level, conv, rows, channels, addend.map(|map| map.row(y)), Output::Codes(row));
    });
}
