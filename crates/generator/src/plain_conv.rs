use inkcast_kernels::shuffle::{CARRIED_CHANNELS, PICTURE_CHANNELS};

use crate::architecture::{LAYERS, SHUFFLE};
use crate::{Conv, GeneratorError};

/// A convolution as plain numbers, whose channels can be put in the order in which an engine has them.
#[derive(Debug, Clone)]
pub(crate) struct PlainConv {
    /// `[O, I, K, K]`.
    pub weights: Vec<f32>,
    pub bias: Vec<f32>,
    pub inputs: usize,
    /// Side of the kernel.
    pub kernel: usize,
    pub stride: usize,
}

impl PlainConv {
    pub fn new(conv: &Conv) -> Result<Self, GeneratorError> {
        let (_, inputs, kernel, _) = conv.weight.dims4()?;
        let weights = conv.weight.flatten_all()?.to_vec1::<f32>()?;
        Ok(PlainConv { weights, bias: conv.bias.to_vec1::<f32>()?, inputs, kernel, stride: conv.stride })
    }

    /// `count` outputs; `order` tells which of the old ones each is, or that it has only zeros.
    pub fn with_outputs(&self, count: usize, order: impl Fn(usize) -> Option<usize>) -> PlainConv {
        let size = self.inputs * self.kernel * self.kernel;
        let (mut weights, mut bias) = (vec![0.0; count * size], vec![0.0; count]);
        for (at, (weights, bias)) in weights.chunks_exact_mut(size).zip(&mut bias).enumerate() {
            if let Some(old) = order(at) {
                weights.copy_from_slice(&self.weights[old * size..(old + 1) * size]);
                *bias = self.bias[old];
            }
        }
        PlainConv { weights, bias, ..*self }
    }

    /// `count` inputs; `order` tells which of the old ones each is, or that its weights are zero.
    pub fn with_inputs(&self, count: usize, order: impl Fn(usize) -> Option<usize>) -> PlainConv {
        let taps = self.kernel * self.kernel;
        let mut weights = vec![0.0; self.bias.len() * count * taps];
        for (index, weights) in weights.chunks_exact_mut(taps).enumerate() {
            let (output, at) = (index / count, index % count);
            if let Some(old) = order(at) {
                let start = (output * self.inputs + old) * taps;
                weights.copy_from_slice(&self.weights[start..start + taps]);
            }
        }
        PlainConv { weights, bias: self.bias.clone(), inputs: count, ..*self }
    }
}

/// The network's input channel that channel `at` of the `entry` channels of the first map is, if it is one.
///
/// The network counts red, green, blue, then carried red, green, blue, ink and confidence, each for the four pixels of a
/// block.
pub(crate) fn entry_channel(at: usize, entry: usize) -> Option<usize> {
    let (pixel, channel) = match entry {
        PICTURE_CHANNELS | CARRIED_CHANNELS if at < PICTURE_CHANNELS => (at / 4, at % 4),
        CARRIED_CHANNELS => return Some((3 + at % 4) * SHUFFLE + (at - PICTURE_CHANNELS) / 4),
        // Luma is left out.
        _ => (at / 3, at % 3),
    };
    match channel {
        3 if entry == CARRIED_CHANNELS => Some(7 * SHUFFLE + pixel),
        3 => None,
        colour => Some(colour * SHUFFLE + pixel),
    }
}

/// The network's output channel that channel `at` of [`inkcast_kernels::shuffle::CHANGE_CHANNELS`] is: the layers of one
/// pixel after another, where the network has the pixels of one layer after another.
pub(crate) fn change_channel(at: usize) -> Option<usize> {
    Some(at % LAYERS * SHUFFLE + at / LAYERS)
}
