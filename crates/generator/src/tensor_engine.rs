use candle_core::{Device, Result, Tensor};
use inkcast_frame::{Layers, Picture};
use inkcast_kernels::planar::{self, CARRIED_PLANES, PICTURE_PLANES};

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
        let size = picture.size();
        layers.resize(size.0, size.1);
        let rgb = self.upload(size, PICTURE_PLANES, |planes| planar::from_picture(picture, planes))?;
        let carried = match carried.filter(|_| self.folded.architecture().carried_input) {
            None => None,
            Some(carried) => Some(self.upload(size, CARRIED_PLANES, |planes| planar::from_carried(carried, planes))?),
        };
        let output = self.folded.forward(&CandleOps, &rgb, carried.as_ref())?;
        planar::to_layers(&output.flatten_all()?.to_vec1::<f32>()?, layers);
        Ok(())
    }

    /// `[1, count, H, W]`, the sides completed to multiples of 4.
    fn upload(&self, size: (usize, usize), count: usize, fill: impl Fn(&mut [f32])) -> Result<Tensor> {
        let (width, height) = planar::padded(size);
        let mut values = vec![0.0; count * width * height];
        fill(&mut values);
        Tensor::from_vec(values, (1, count, height, width), &self.device)
    }
}
