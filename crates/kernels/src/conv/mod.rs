//! Convolution on channels-last feature maps, with bias, addend and ReLU in the same pass.
//!
//! `out[y, x, o] = act(bias[o] + sum over ky, kx, i of w[o, i, ky, kx] * in[y * s + ky - K/2, x * s + kx - K/2, i]
//! + addend[y, x, o])` with zeros outside, for K = 1 with s = 1 and K = 3 with s = 1 or 2.
//!
//! Output channels are padded to [`LANES`], the padding holding zeros before addend and activation. [`crate::conv_u8`]
//! is the same in bytes.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use crate::{FeatureMap, Level};

/// Output channels are computed in groups of this many.
pub const LANES: usize = 16;

/// A convolution's weights in the order in which the kernels read them.
#[derive(Debug, Clone)]
pub struct PackedConv {
    kernel: usize,
    stride: usize,
    inputs: usize,
    /// `[group of LANES outputs][ky][input][kx][lane]`.
    weights: Vec<f32>,
    /// One for each output, padded to LANES.
    bias: Vec<f32>,
}

impl PackedConv {
    /// Packs weights `[O, I, K, K]` and a bias `[O]`.
    ///
    /// # Panics
    /// If the lengths do not match the sizes, the kernel is not 1 or 3, or the stride not 1, or 2 for a 3x3 kernel.
    pub fn new(weights: &[f32], bias: &[f32], inputs: usize, kernel: usize, stride: usize) -> Self {
        let (outputs, taps) = (bias.len(), kernel * kernel);
        assert!(matches!((kernel, stride), (1, 1) | (3, 1) | (3, 2)), "kernel {kernel}, stride {stride}");
        assert_eq!(weights.len(), outputs * inputs * taps, "weights of a {outputs}x{inputs}x{kernel}x{kernel} kernel");
        let groups = outputs.div_ceil(LANES);
        let mut packed = vec![0.0; groups * taps * inputs * LANES];
        for output in 0..outputs {
            let (group, lane) = (output / LANES, output % LANES);
            for input in 0..inputs {
                for tap in 0..taps {
                    let (ky, kx) = (tap / kernel, tap % kernel);
                    let block = ((group * kernel + ky) * inputs + input) * kernel + kx;
                    packed[block * LANES + lane] = weights[(output * inputs + input) * taps + tap];
                }
            }
        }
        let mut padded_bias = vec![0.0; groups * LANES];
        padded_bias[..outputs].copy_from_slice(bias);
        PackedConv { kernel, stride, inputs, weights: packed, bias: padded_bias }
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

/// Everything that one row of output is computed from, for the kernels of each level.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    conv: &'a PackedConv,
    /// One slice for each row of the kernel, from the leftmost pixel that the first output reads.
    input: &'a [&'a [f32]],
    /// Distance between neighbouring input pixels, in values.
    channels: usize,
    /// Spaced as the output is.
    addend: Option<&'a [f32]>,
    /// Output pixels.
    pixels: usize,
    relu: bool,
}

impl Row<'_> {
    /// Whether every value that the row reads and writes lies inside its slices; the unsafe kernels rely on it.
    fn is_inside(&self, output: &[f32]) -> bool {
        let Row { conv, pixels, channels, .. } = *self;
        let last_pixel = (pixels.max(1) - 1) * conv.stride + conv.kernel - 1;
        pixels > 0
            && output.len() == pixels * conv.padded_outputs()
            && self.input.len() == conv.kernel
            && self.input.iter().all(|row| last_pixel * channels + conv.inputs <= row.len())
            && self.addend.is_none_or(|addend| addend.len() == output.len())
            && conv.weights.len() == conv.groups() * conv.group_size()
    }
}

/// Runs one row: the signature that every level has.
type RowKernel = fn(Row<'_>, &mut [f32]);

fn row_kernel(level: Level) -> RowKernel {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 | Level::AvxVnni => avx2::row,
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 | Level::Avx512Vnni => avx512::row,
        #[cfg(target_arch = "aarch64")]
        Level::Neon => neon::row,
        _ => scalar::row,
    }
}

/// One row of a convolution with the kernels of `level`.
///
/// `input` has one slice for each row of the kernel, of pixels of `channels` values, from the leftmost pixel that the
/// first output reads: with the border to its left for a 3x3 kernel, without it for a 1x1 kernel. `output` and `addend`
/// have `padded_outputs` values for each pixel.
///
/// # Panics
/// If the sizes do not fit together or the processor lacks the level.
pub fn conv_row(
    level: Level,
    conv: &PackedConv,
    input: &[&[f32]],
    channels: usize,
    addend: Option<&[f32]>,
    relu: bool,
    output: &mut [f32],
) {
    let row = Row { conv, input, channels, addend, pixels: output.len() / conv.padded_outputs(), relu };
    assert!(row.is_inside(output), "the sizes of a row do not fit together");
    assert!(level.is_available(), "this processor has no {level}");
    row_kernel(level)(row, output);
}

/// Runs `conv` on `input` into `output`, one row at a time on the current thread pool. The result does not depend on the
/// number of threads.
///
/// # Panics
/// As [`conv_row`].
pub fn conv(
    level: Level,
    conv: &PackedConv,
    input: &FeatureMap,
    addend: Option<&FeatureMap>,
    relu: bool,
    output: &mut FeatureMap,
) {
    let size = (input.width().div_ceil(conv.stride), input.height().div_ceil(conv.stride));
    assert_eq!((output.width(), output.height()), size, "output size");
    assert_eq!(output.channels(), conv.padded_outputs(), "output channels");
    let channels = input.channels();
    output.rows_mut().enumerate().for_each(|(y, row)| {
        let rows = input.neighbourhood(y * conv.stride);
        let centre = [&rows[1][channels..]];
        let rows = if conv.kernel == 1 { &centre[..] } else { &rows[..] };
        conv_row(level, conv, rows, channels, addend.map(|map| map.row(y)), relu, row);
    });
}
