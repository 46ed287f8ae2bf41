use std::fmt::Debug;

use inkcast_kernels::Level;
use inkcast_kernels::conv::{self, PackedConv};
use inkcast_kernels::conv_u8::{self, Output, PackedConvU8};
use inkcast_kernels::shuffle::{CARRIED_CHANNELS, PICTURE_CHANNELS};

/// The numbers that a network can run in, with the convolutions for them.
pub(super) trait Numbers: Copy + Default + Send + Sync + Debug {
    /// A convolution's weights.
    type Conv: Debug + Send + Sync;

    /// Channels of the map that the first layer reads, for an unshuffled picture of `channels`.
    fn entry_channels(channels: usize) -> usize;

    /// That map's row, from the codes of the unshuffled picture.
    fn enter(codes: &[u8], row: &mut [Self]);

    /// Output channels.
    fn outputs(conv: &Self::Conv) -> usize;

    /// A row of a convolution with ReLU.
    fn conv(
        level: Level,
        conv: &Self::Conv,
        input: &[&[Self]],
        channels: usize,
        addend: Option<&[Self]>,
        output: &mut [Self],
    );

    /// A row of the last convolution, in the units of layers.
    fn exit(level: Level, conv: &Self::Conv, input: &[&[Self]], channels: usize, output: &mut [f32]);
}

impl Numbers for f32 {
    type Conv = PackedConv;

    /// Without a previous frame every fourth channel is luma, which no weight reads.
    fn entry_channels(channels: usize) -> usize {
        if channels == CARRIED_CHANNELS { channels } else { channels / 4 * 3 }
    }

    fn enter(codes: &[u8], row: &mut [f32]) {
        if row.len() == codes.len() {
            row.iter_mut().zip(codes).for_each(|(value, &code)| *value = code.into());
        } else {
            let (pixels, _) = row.as_chunks_mut::<3>();
            for (pixel, &[r, g, b, _]) in pixels.iter_mut().zip(codes.as_chunks::<4>().0) {
                *pixel = [r, g, b].map(f32::from);
            }
        }
    }

    fn outputs(conv: &PackedConv) -> usize {
        conv.padded_outputs()
    }

    fn conv(
        level: Level,
        conv: &PackedConv,
        input: &[&[f32]],
        channels: usize,
        addend: Option<&[f32]>,
        output: &mut [f32],
    ) {
        conv::conv_row(level, conv, input, channels, addend, true, output);
    }

    fn exit(level: Level, conv: &PackedConv, input: &[&[f32]], channels: usize, output: &mut [f32]) {
        conv::conv_row(level, conv, input, channels, None, false, output);
    }
}

impl Numbers for u8 {
    type Conv = PackedConvU8;

    fn entry_channels(channels: usize) -> usize {
        debug_assert!(matches!(channels, PICTURE_CHANNELS | CARRIED_CHANNELS));
        channels
    }

    fn enter(codes: &[u8], row: &mut [u8]) {
        row.copy_from_slice(codes);
    }

    fn outputs(conv: &PackedConvU8) -> usize {
        conv.padded_outputs()
    }

    fn conv(
        level: Level,
        conv: &PackedConvU8,
        input: &[&[u8]],
        channels: usize,
        addend: Option<&[u8]>,
        output: &mut [u8],
    ) {
        conv_u8::conv_row(level, conv, input, channels, addend, Output::Codes(output));
    }

    fn exit(level: Level, conv: &PackedConvU8, input: &[&[u8]], channels: usize, output: &mut [f32]) {
        conv_u8::conv_row(level, conv, input, channels, None, Output::Floats(output));
    }
}
