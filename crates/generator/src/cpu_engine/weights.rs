use inkcast_frame::LAYER_ONE;
use inkcast_kernels::conv::{LANES, PackedConv};
use inkcast_kernels::conv_u8::{PackedConvU8, Steps};
use inkcast_kernels::shuffle::{CARRIED_CHANNELS, CHANGE_CHANNELS, PICTURE_CHANNELS, Source};

use super::numbers::Numbers;
use crate::architecture::SHUFFLE;
use crate::plain_conv::{PlainConv, change_channel, entry_channel};
use crate::{Conv, Folded, GeneratorError};

/// The network's convolutions, packed.
#[derive(Debug)]
pub(super) struct Weights<N: Numbers> {
    pub enter: N::Conv,
    pub down: N::Conv,
    pub blocks: Vec<[N::Conv; 2]>,
    /// For the upper and the lower row of each 2x2 block, a convolution to its two pixels, one after the other: as they
    /// lie in a map twice as large, convolution and pixel-shuffle in one.
    pub up: [N::Conv; 2],
    pub mix: N::Conv,
    pub exit: N::Conv,
    pub source: Source,
    /// Of the unshuffled picture.
    pub picture_channels: usize,
}

/// Numbers that a network can be packed for.
pub(super) trait Pack: Numbers {
    /// Value of one unit in the map behind the convolution with this index.
    fn step(folded: &Folded, index: usize) -> f32;

    fn pack(plain: &PlainConv, steps: Steps) -> Self::Conv;
}

impl Pack for f32 {
    fn step(_: &Folded, _: usize) -> f32 {
        1.0
    }

    /// Codes come in and layers go out as they are: the first and the last convolution scale them.
    fn pack(plain: &PlainConv, steps: Steps) -> PackedConv {
        let PlainConv { weights, bias, inputs, kernel, stride } = plain;
        let weights: Vec<f32> = weights.iter().map(|weight| weight * steps.input / steps.output).collect();
        let bias: Vec<f32> = bias.iter().map(|bias| bias / steps.output).collect();
        PackedConv::new(&weights, &bias, *inputs, *kernel, *stride)
    }
}

impl Pack for u8 {
    fn step(folded: &Folded, index: usize) -> f32 {
        folded.activations()[index] / 255.0
    }

    fn pack(plain: &PlainConv, steps: Steps) -> PackedConvU8 {
        let PlainConv { weights, bias, inputs, kernel, stride } = plain;
        PackedConvU8::new(weights, bias, *inputs, *kernel, *stride, steps)
    }
}

/// Value of one code of a picture or of carried layers.
const CODE: f32 = 1.0 / 255.0;

impl<N: Pack> Weights<N> {
    pub fn pack(folded: &Folded) -> Result<Self, GeneratorError> {
        let step = |index: usize| N::step(folded, index);
        let [enter, down, blocks @ .., up, mix, exit] = &folded.convs[..] else {
            return Err(GeneratorError::Architecture("a generator has at least five convolutions".to_string()));
        };
        let half = folded.architecture.half_channels;
        let picture_channels = if folded.architecture.carried_input { CARRIED_CHANNELS } else { PICTURE_CHANNELS };
        let entry = N::entry_channels(picture_channels);
        let plain = |conv: &Conv, input: f32, output: f32, addend: f32| -> Result<N::Conv, GeneratorError> {
            Ok(N::pack(&PlainConv::new(conv)?, Steps { input, output, addend }))
        };

        let entering = PlainConv::new(enter)?.with_inputs(entry, |at| entry_channel(at, entry));
        let mut coarse = step(1);
        let mut packed_blocks = Vec::with_capacity(blocks.len() / 2);
        for (index, pair) in blocks.chunks_exact(2).enumerate() {
            let (inner, next) = (step(2 + 2 * index), step(3 + 2 * index));
            packed_blocks.push([plain(&pair[0], coarse, inner, 0.0)?, plain(&pair[1], inner, next, coarse)?]);
            coarse = next;
        }
        let joined = 2 + blocks.len();
        let up_steps = Steps { input: coarse, output: step(joined), addend: step(0) };
        let padded = half.next_multiple_of(LANES);
        let up = PlainConv::new(up)?;
        let up_row = |dy: usize| {
            let order = |at: usize| (at % padded < half).then_some(at % padded * SHUFFLE + dy * 2 + at / padded);
            N::pack(&up.with_outputs(2 * padded, order), up_steps)
        };
        let exiting = PlainConv::new(exit)?.with_outputs(CHANGE_CHANNELS, change_channel);
        let exit_steps = Steps { input: step(joined + 1), output: 1.0 / f32::from(LAYER_ONE), addend: 0.0 };
        Ok(Weights {
            enter: N::pack(&entering, Steps { input: CODE, output: step(0), addend: 0.0 }),
            down: plain(down, step(0), step(1), 0.0)?,
            blocks: packed_blocks,
            up: [up_row(0), up_row(1)],
            mix: plain(mix, step(joined), step(joined + 1), 0.0)?,
            exit: N::pack(&exiting, exit_steps),
            source: Source::new(&folded.source_matrix()?),
            picture_channels,
        })
    }
}
