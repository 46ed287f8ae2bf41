use inkcast_frame::LAYER_ONE;
use inkcast_kernels::conv_f16::{CHANNEL_STEP, Finish, PackedConvF16};
use inkcast_kernels::shuffle::{CARRIED_CHANNELS, CHANGE_CHANNELS, PICTURE_CHANNELS, Source};

use crate::architecture::SHUFFLE;
use crate::plain_conv::{PlainConv, change_channel, entry_channel};
use crate::{Conv, Folded, GeneratorError};

/// The network's convolutions, packed, in the order they run.
pub(super) struct Weights {
    pub convs: Vec<PackedConvF16>,
    pub source: Source,
}

impl Weights {
    pub fn pack(folded: &Folded) -> Result<Self, GeneratorError> {
        let [enter, down, blocks @ .., up, mix, exit] = &folded.convs[..] else {
            return Err(GeneratorError::Architecture("a generator has at least five convolutions".to_string()));
        };
        let architecture = &folded.architecture;
        let half = Padded::new(architecture.half_channels);
        let quarter = Padded::new(architecture.quarter_channels);
        let entry = if architecture.carried_input { CARRIED_CHANNELS } else { PICTURE_CHANNELS };
        let relu = Finish { relu: true, ..Finish::default() };
        let onto = Finish { add: true, ..relu };
        let inner = |conv: &Conv, inputs: Padded, outputs: Padded, finish: Finish| -> Result<_, GeneratorError> {
            let plain = PlainConv::new(conv)?.with_inputs(inputs.padded, |at| inputs.channel(at));
            Ok(pack(&plain.with_outputs(outputs.padded, |at| outputs.channel(at)), finish))
        };

        let entering = PlainConv::new(enter)?.with_inputs(entry, |at| entry_channel(at, entry));
        let entering = entering.with_outputs(half.padded, |at| half.channel(at));
        let mut convs = vec![pack(&entering, Finish { scale: 1.0 / 255.0, ..relu }), inner(down, half, quarter, relu)?];
        for pair in blocks.chunks_exact(2) {
            convs.push(inner(&pair[0], quarter, quarter, relu)?);
            convs.push(inner(&pair[1], quarter, quarter, onto)?);
        }
        // Pixels of a block one after another, where the network has channels one after another.
        let raised = |at: usize| Some(half.channel(at % half.padded)? * SHUFFLE + at / half.padded);
        let raising = PlainConv::new(up)?.with_inputs(quarter.padded, |at| quarter.channel(at));
        convs.push(pack(&raising.with_outputs(SHUFFLE * half.padded, raised), Finish { spread: 2, ..onto }));
        convs.push(inner(mix, half, half, relu)?);
        let exiting = PlainConv::new(exit)?.with_inputs(half.padded, |at| half.channel(at));
        let mut exiting = exiting.with_outputs(CHANGE_CHANNELS, change_channel);
        let one = f32::from(LAYER_ONE);
        exiting.bias.iter_mut().for_each(|bias| *bias *= one);
        convs.push(pack(&exiting, Finish { scale: one, ..Finish::default() }));
        Ok(Weights { convs, source: Source::new(&folded.source_matrix()?) })
    }
}

fn pack(plain: &PlainConv, finish: Finish) -> PackedConvF16 {
    PackedConvF16::new(&plain.weights, &plain.bias, plain.inputs, plain.kernel, plain.stride, finish)
}

/// Channels of a map, and with how many it is filled up.
#[derive(Clone, Copy)]
struct Padded {
    channels: usize,
    padded: usize,
}

impl Padded {
    fn new(channels: usize) -> Self {
        Padded { channels, padded: channels.next_multiple_of(CHANNEL_STEP) }
    }

    fn channel(self, at: usize) -> Option<usize> {
        (at < self.channels).then_some(at)
    }
}
