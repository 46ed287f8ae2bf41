use half::f16;

use super::{Finish, MapSize, PackedConvF16, half_bits, places};

/// The definition: one output after another, on the host.
///
/// # Panics
/// If the maps are not of the sizes that the convolution asks for.
pub fn conv(packed: &PackedConvF16, size: MapSize, input: &[u16], output: &mut [u16]) {
    let result = packed.output(size);
    assert_eq!((input.len(), output.len()), (size.values(), result.values()), "numbers of the maps");
    let weights = unpacked(packed);
    let input: Vec<f32> = input.iter().map(|&bits| f16::from_bits(bits).to_f32()).collect();
    let PackedConvF16 { kernel, stride, inputs, outputs, .. } = *packed;
    let Finish { scale, spread, add, relu } = packed.finish;
    let taps = kernel * kernel;
    for (y, x) in (0..result.height / spread).flat_map(|y| (0..result.width / spread).map(move |x| (y, x))) {
        for index in 0..outputs {
            let mut sum = 0.0;
            for tap in 0..taps {
                let row = (y * stride + tap / kernel).checked_sub(kernel / 2).filter(|&row| row < size.height);
                let column = (x * stride + tap % kernel).checked_sub(kernel / 2).filter(|&column| column < size.width);
                let (Some(row), Some(column)) = (row, column) else { continue };
                let pixel = &input[(row * size.width + column) * inputs..][..inputs];
                let weights = weights[index * inputs * taps + tap..].iter().step_by(taps);
                sum += pixel.iter().zip(weights).map(|(value, weight)| value * weight).sum::<f32>();
            }
            let (part, channel) = (index / result.channels, index % result.channels);
            let pixel = (y * spread + part / spread) * result.width + x * spread + part % spread;
            let place = &mut output[pixel * result.channels + channel];
            let before = if add { f16::from_bits(*place).to_f32() } else { 0.0 };
            let value = sum * scale + packed.bias[index] + before;
            *place = half_bits(if relu { value.max(0.0) } else { value });
        }
    }
}

/// `[O, I, K, K]`.
fn unpacked(packed: &PackedConvF16) -> Vec<f32> {
    let taps = packed.kernel * packed.kernel;
    let mut weights = vec![0.0; packed.outputs * packed.inputs * taps];
    for (place, &bits) in places(packed.outputs, packed.inputs, taps).zip(&packed.weights) {
        if let Some(place) = place {
            weights[place] = f16::from_bits(bits).to_f32();
        }
    }
    weights
}
