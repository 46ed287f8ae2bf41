//! What [`crate::conv`] computes, for the tensor cores of a CUDA device: maps and weights in 16 bits, sums in 32.
//!
//! A map is `width * height` pixels of channels that lie together, rows one after another without a border, as bits of
//! f16. Channels are a multiple of [`CHANNEL_STEP`]; those that a network does not have hold zeros, as its weights for
//! them do. Values end at the largest finite f16.
//!
//! A launch computes up to [`MOST_FRAMES`] frames of one size, each by itself, with the bits that it has alone. Their maps
//! lie one after another.
//!
//! The kernels multiply matrices of 16 pixels of a row by 16 channels by 8 outputs (`body.cuh`). [`PackedConvF16`] has
//! the weights in the order in which the threads of a warp hold them, so that each loads its own with one instruction,
//! and in the order of outputs that lets it write neighbouring channels.

#[cfg(feature = "cuda")]
pub mod cuda;
mod packing;
mod scalar;
#[cfg(test)]
mod tests;

use packing::{DEPTH, LANES, SLOT, group_of, half_bits, places};
pub use scalar::conv;

/// The most frames of a launch.
pub const MOST_FRAMES: usize = 8;
/// Channels of a map are a multiple of this many.
pub const CHANNEL_STEP: usize = 8;

/// What becomes of the sums of products.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finish {
    /// They are multiplied by this before the bias comes on top: from the units of the inputs to those of the outputs.
    pub scale: f32,
    /// 1, or 2 for a pixel-shuffle: outputs come as `(dy * 2 + dx) * channels + channel` of a map of twice the size.
    pub spread: usize,
    /// Whether they come on top of what the output map holds.
    pub add: bool,
    /// Whether negative results become zero.
    pub relu: bool,
}

impl Default for Finish {
    /// As they are.
    fn default() -> Self {
        Finish { scale: 1.0, spread: 1, add: false, relu: false }
    }
}

/// Size of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapSize {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Numbers of a pixel, a multiple of [`CHANNEL_STEP`].
    pub channels: usize,
}

impl MapSize {
    /// Numbers of the map.
    pub fn values(self) -> usize {
        self.width * self.height * self.channels
    }
}

/// `ConvSize` of `body.cuh`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C)]
pub struct ConvSize {
    /// Width, height and channels of the input.
    pub input: [i32; 3],
    /// Width, height and outputs before a pixel-shuffle.
    pub output: [i32; 3],
    /// [`Finish::spread`].
    pub spread: i32,
    /// [`Finish::add`].
    pub add: i32,
    /// [`Finish::relu`].
    pub relu: i32,
    /// [`Finish::scale`].
    pub scale: f32,
}

/// How a launch is cut into blocks of threads: `Tile` of `body.cuh`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocks {
    /// Tiles across, tiles down, and groups of outputs for each frame.
    pub grid: [u32; 3],
    /// Outputs of a group: 16, 32 or 64.
    pub outputs: usize,
    /// Slots of 16 bytes that a block needs in shared memory.
    pub slots: usize,
}

impl Blocks {
    /// Bytes that a block needs in shared memory.
    pub fn shared_bytes(&self) -> u32 {
        (self.slots * SLOT * size_of::<u16>()) as u32
    }
}

/// Threads of a block.
pub const THREADS: u32 = 256;
/// Pixels across of a tile.
const TILE_WIDTH: usize = 16;

/// A convolution's weights in the order in which the threads read them.
#[derive(Debug, Clone)]
pub struct PackedConvF16 {
    kernel: usize,
    stride: usize,
    inputs: usize,
    outputs: usize,
    finish: Finish,
    /// Bits of f16, `[group of outputs][16 inputs][tap][16 outputs][lane][number]`.
    weights: Vec<u16>,
    /// One for each output, in groups.
    bias: Vec<f32>,
}

impl PackedConvF16 {
    /// Packs weights `[O, I, K, K]` and a bias `[O]`.
    ///
    /// # Panics
    /// If the lengths do not match the sizes, channels are no multiples of [`CHANNEL_STEP`], the kernel is not 1 or 3,
    /// or the stride not 1, or 2 for a 3x3 kernel.
    pub fn new(weights: &[f32], bias: &[f32], inputs: usize, kernel: usize, stride: usize, finish: Finish) -> Self {
        let (outputs, taps) = (bias.len(), kernel * kernel);
        assert!(matches!((kernel, stride), (1, 1) | (3, 1) | (3, 2)), "kernel {kernel}, stride {stride}");
        assert!(matches!(finish.spread, 1 | 2), "outputs spread {} times", finish.spread);
        let step = CHANNEL_STEP * finish.spread * finish.spread;
        assert!(inputs > 0 && inputs.is_multiple_of(CHANNEL_STEP), "{inputs} inputs");
        assert!(outputs > 0 && outputs.is_multiple_of(step), "{outputs} outputs, spread {} times", finish.spread);
        assert_eq!(weights.len(), outputs * inputs * taps, "weights of a {outputs}x{inputs}x{kernel}x{kernel} kernel");

        let packed = places(outputs, inputs, taps).map(|place| half_bits(place.map_or(0.0, |place| weights[place])));
        let mut grouped_bias = bias.to_vec();
        grouped_bias.resize(outputs.next_multiple_of(group_of(outputs)), 0.0);
        let weights = packed.collect();
        PackedConvF16 { kernel, stride, inputs, outputs, finish, weights, bias: grouped_bias }
    }

    /// Side of the kernel, and the step from one output to the next.
    pub fn kernel_and_stride(&self) -> (usize, usize) {
        (self.kernel, self.stride)
    }

    /// Bits of the weights as the kernels read them.
    pub fn weights(&self) -> &[u16] {
        &self.weights
    }

    /// The bias as the kernels read it.
    pub fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// Whether both differ in nothing but weights and bias, so that one can take the place of the other in a recording.
    pub fn is_like(&self, other: &PackedConvF16) -> bool {
        let shape = |conv: &PackedConvF16| (conv.kernel, conv.stride, conv.inputs, conv.outputs, conv.finish);
        shape(self) == shape(other)
    }

    /// The map that comes of an input.
    ///
    /// # Panics
    /// If the input has other channels than the convolution.
    pub fn output(&self, input: MapSize) -> MapSize {
        assert_eq!(input.channels, self.inputs, "channels of a convolution's input");
        let Finish { spread, .. } = self.finish;
        MapSize {
            width: input.width.div_ceil(self.stride) * spread,
            height: input.height.div_ceil(self.stride) * spread,
            channels: self.outputs / (spread * spread),
        }
    }

    /// The map that the first convolution of a network reads: blocks of 2x2 pixels of a picture whose sides are completed
    /// to multiples of 4.
    pub fn entry_size(&self, (width, height): (usize, usize)) -> MapSize {
        MapSize { width: width.div_ceil(4) * 2, height: height.div_ceil(4) * 2, channels: self.inputs }
    }

    /// The sizes that a kernel is told.
    ///
    /// # Panics
    /// As [`PackedConvF16::output`].
    pub fn size(&self, input: MapSize) -> ConvSize {
        let Finish { scale, spread, add, relu } = self.finish;
        let output = self.output(input);
        let numbers = |numbers: [usize; 3]| numbers.map(|number| i32::try_from(number).expect("a map's side"));
        ConvSize {
            input: numbers([input.width, input.height, input.channels]),
            output: numbers([output.width / spread, output.height / spread, self.outputs]),
            spread: spread as i32,
            add: add.into(),
            relu: relu.into(),
            scale,
        }
    }

    /// How a launch for this input of each of `frames` frames is cut into blocks.
    ///
    /// # Panics
    /// As [`PackedConvF16::output`].
    pub fn blocks(&self, input: MapSize, frames: usize) -> Blocks {
        let (output, outputs) = (self.output(input), group_of(self.outputs));
        // With a stride of 2 a tile reads more, so it is lower.
        let tile_height = if self.stride == 1 { 16 } else { 8 };
        let read = |pixels: usize| (pixels - 1) * self.stride + self.kernel;
        let pixels = read(TILE_WIDTH) * read(tile_height);
        let weights = self.kernel * self.kernel * outputs / 16 * LANES;
        // The next input channels come while some are in use.
        let stages = self.inputs.div_ceil(DEPTH).min(2);
        let across = (output.width / self.finish.spread).div_ceil(TILE_WIDTH);
        let down = (output.height / self.finish.spread).div_ceil(tile_height);
        let groups = self.outputs.div_ceil(outputs);
        Blocks {
            grid: [across, down, groups * frames].map(|count| count as u32),
            outputs,
            slots: stages * (pixels * DEPTH / SLOT + weights),
        }
    }
}
