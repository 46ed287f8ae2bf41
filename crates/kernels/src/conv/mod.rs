//! Convolution on channels-last feature maps, with bias, addend and ReLU in the same pass.
//!
//! `out[y, x, o] = act(bias[o] + sum over ky, kx, i of w[o, i, ky, kx] * in[y * s + ky - K/2, x * s + kx - K/2, i]
//! + addend[y, x, o])` with zeros outside, for K = 1 or 3 and s = 1 or 2.
//!
//! Output channels are padded to [`LANES`], the padding holding zeros before addend and activation. With a
//! [`Placement`] the result goes to every second pixel of a map twice as large, which makes four 1x1 convolutions a
//! convolution followed by a pixel-shuffle, without a pass of its own.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
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
    outputs: usize,
    /// `[group of LANES outputs][ky][kx][input][lane]`.
    weights: Vec<f32>,
    /// One for each output, padded to LANES.
    bias: Vec<f32>,
}

impl PackedConv {
    /// Packs weights `[O, I, K, K]` and a bias `[O]`.
    ///
    /// # Panics
    /// If the lengths do not match the sizes, the kernel is not 1 or 3, or the stride not 1 or 2.
    pub fn new(weights: &[f32], bias: &[f32], inputs: usize, kernel: usize, stride: usize) -> Self {
        let (outputs, taps) = (bias.len(), kernel * kernel);
        assert!(matches!(kernel, 1 | 3) && matches!(stride, 1 | 2), "kernel {kernel}, stride {stride}");
        assert_eq!(weights.len(), outputs * inputs * taps, "weights of a {outputs}x{inputs}x{kernel}x{kernel} kernel");
        let groups = outputs.div_ceil(LANES);
        let mut packed = vec![0.0; groups * taps * inputs * LANES];
        for output in 0..outputs {
            let (group, lane) = (output / LANES, output % LANES);
            for input in 0..inputs {
                for tap in 0..taps {
                    packed[((group * taps + tap) * inputs + input) * LANES + lane] =
                        weights[(output * inputs + input) * taps + tap];
                }
            }
        }
        let mut padded_bias = vec![0.0; groups * LANES];
        padded_bias[..outputs].copy_from_slice(bias);
        PackedConv { kernel, stride, inputs, outputs, weights: packed, bias: padded_bias }
    }

    /// Output channels, padded to [`LANES`]: what the output map must have.
    pub fn padded_outputs(&self) -> usize {
        self.bias.len()
    }

    /// Output channels without padding.
    pub fn outputs(&self) -> usize {
        self.outputs
    }
}

/// What is added to a convolution before its activation.
#[derive(Debug, Clone, Copy)]
pub enum Addend<'a> {
    /// Nothing.
    None,
    /// A map of the output's size and channels.
    Map(&'a FeatureMap),
}

/// Where results go in an output that is `step` times as large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// 1: one to one; 2: every second pixel.
    pub step: usize,
    /// First column, below `step`.
    pub x: usize,
    /// First row, below `step`.
    pub y: usize,
}

impl Placement {
    /// One to one.
    pub const WHOLE: Placement = Placement { step: 1, x: 0, y: 0 };
}

/// Everything that one row of output needs, for the kernels of each level.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    conv: &'a PackedConv,
    /// From the first value that the first output pixel reads.
    input: &'a [f32],
    /// Distances in the input, in values: between rows, and between the pixels of neighbouring outputs.
    input_stride: usize,
    input_step: usize,
    /// Distance between neighbouring input pixels, in values.
    input_channels: usize,
    /// Starting at the first output pixel, spaced as the output is.
    addend: Option<&'a [f32]>,
    /// Distance between output pixels, in values.
    output_step: usize,
    /// Output pixels.
    pixels: usize,
    relu: bool,
}

impl Row<'_> {
    /// Weights of group `group`.
    fn group(&self, group: usize) -> &[f32] {
        let size = self.conv.kernel * self.conv.kernel * self.conv.inputs * LANES;
        &self.conv.weights[group * size..(group + 1) * size]
    }

    /// Whether every value that the row reads and writes lies inside its slices; the unsafe kernels rely on it.
    fn is_inside(&self, output: &[f32]) -> bool {
        let Row { conv, pixels, .. } = self;
        if *pixels == 0 {
            return false;
        }
        let last_pixel = (pixels - 1) * self.input_step + (conv.kernel - 1) * (self.input_stride + self.input_channels);
        let last_output = (pixels - 1) * self.output_step + conv.padded_outputs();
        last_pixel + conv.inputs <= self.input.len()
            && last_output <= output.len()
            && self.addend.is_none_or(|addend| last_output <= addend.len())
            && conv.weights.len() == conv.kernel * conv.kernel * conv.inputs * conv.padded_outputs()
    }
}

/// Runs one row: the signature that every level has.
type RowKernel = fn(Row<'_>, &mut [f32]);

fn row_kernel(level: Level) -> RowKernel {
    match level {
        Level::Plain => scalar::row,
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 | Level::AvxVnni => avx2::row,
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 | Level::Avx512Vnni => avx512::row,
        _ => scalar::row,
    }
}

/// Runs `conv` on `input` into `output` with the kernels of `level`, one output row at a time on the current thread
/// pool. The result does not depend on the number of threads.
///
/// # Panics
/// If the sizes do not fit together or the processor lacks the level.
pub fn conv(
    level: Level,
    conv: &PackedConv,
    input: &FeatureMap,
    addend: Addend<'_>,
    relu: bool,
    output: &mut FeatureMap,
    place: Placement,
) {
    let (width, height) = (input.width().div_ceil(conv.stride), input.height().div_ceil(conv.stride));
    assert_eq!((output.width(), output.height()), (width * place.step, height * place.step), "output size");
    assert_eq!(output.channels(), conv.padded_outputs(), "output channels");
    assert!(input.channels() >= conv.inputs, "{} input channels, {} needed", input.channels(), conv.inputs);
    if let Addend::Map(map) = addend {
        let size = (map.width(), map.height(), map.channels());
        assert_eq!(size, (output.width(), output.height(), output.channels()), "addend size");
    }
    let kernel = row_kernel(level);
    let channels = output.channels();
    // A 1x1 kernel reads the pixel itself, a 3x3 kernel starts in the border above and to the left.
    let reach = FeatureMap::BORDER - conv.kernel / 2;

    output.rows_mut().enumerate().for_each(|(y, row)| {
        if y % place.step != place.y {
            return;
        }
        let top = y / place.step * conv.stride + reach;
        let start = place.x * channels;
        let addend = match addend {
            Addend::None => None,
            Addend::Map(map) => Some(&map.row(y)[start..]),
        };
        let task = Row {
            conv,
            input: &input.data()[top * input.stride() + reach * input.channels()..],
            input_stride: input.stride(),
            input_step: conv.stride * input.channels(),
            input_channels: input.channels(),
            addend,
            output_step: place.step * channels,
            pixels: width,
            relu,
        };
        kernel(task, &mut row[start..]);
    });
}
