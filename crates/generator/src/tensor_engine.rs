use candle_core::{Device, Result, Tensor};
use inkcast_frame::{LAYER_ONE, Layers, Picture};

use crate::architecture::CARRIED;
use crate::{CandleOps, Carried, Folded};

/// Runs folded weights through Candle on any device: the production path on CUDA, the reference on the CPU.
#[derive(Debug)]
pub struct TensorEngine {
    device: Device,
    folded: Folded,
}

impl TensorEngine {
    /// Moves `folded` to `device`.
    pub fn new(folded: &Folded, device: Device) -> Result<Self> {
        let folded = folded.to_device(&device)?;
        Ok(TensorEngine { device, folded })
    }

    /// Takes the weights of another style.
    pub fn set_style(&mut self, folded: &Folded) -> Result<()> {
        self.folded = folded.to_device(&self.device)?;
        Ok(())
    }

    /// The layers of one picture of any size. What is carried from the previous frame is used by networks that take it.
    pub fn run(&mut self, picture: &Picture, carried: Option<Carried<'_>>, layers: &mut Layers) -> Result<()> {
        let (width, height) = picture.size();
        layers.resize(width, height);
        let rgb = self.upload(picture.size(), 3, |x, y, channel| f32::from(picture.at(x, y)[channel]) / 255.0)?;
        let carried = match carried.filter(|_| self.folded.architecture().carried_input) {
            None => None,
            Some(Carried { layers, confidence }) => Some(self.upload(layers.size(), CARRIED, |x, y, channel| {
                let layer = layers.at(x, y).get(channel).map(|&layer| f32::from(layer) / f32::from(LAYER_ONE));
                layer.unwrap_or_else(|| f32::from(confidence.at(x, y)) / 255.0)
            })?),
        };
        let output = self.folded.forward(&CandleOps, &rgb, carried.as_ref())?.clamp(0.0, 1.0)?;
        // [1, 4, H, W] -> [H, W, 4]
        let output = output.squeeze(0)?.narrow(1, 0, height)?.narrow(2, 0, width)?.permute((1, 2, 0))?;
        let values = output.contiguous()?.flatten_all()?.to_vec1::<f32>()?;
        let (pixels, _) = values.as_chunks::<4>();
        for (layers, pixel) in layers.data_mut().iter_mut().zip(pixels) {
            *layers = pixel.map(|value| (value * f32::from(LAYER_ONE)).round_ties_even() as i16);
        }
        Ok(())
    }

    /// `[1, channels, H, W]`, the sides completed to multiples of 4 by repeating the last column and row.
    fn upload(
        &self,
        (width, height): (usize, usize),
        channels: usize,
        value: impl Fn(usize, usize, usize) -> f32,
    ) -> Result<Tensor> {
        let (full_width, full_height) = (width.next_multiple_of(4), height.next_multiple_of(4));
        let mut values = Vec::with_capacity(channels * full_width * full_height);
        for channel in 0..channels {
            for y in 0..full_height {
                values.extend((0..full_width).map(|x| value(x.min(width - 1), y.min(height - 1), channel)));
            }
        }
        Tensor::from_vec(values, (1, channels, full_height, full_width), &self.device)
    }
}
