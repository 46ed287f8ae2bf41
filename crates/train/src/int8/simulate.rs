use std::cell::Cell;

use candle_core::{Result, Tensor};
use inkcast_generator::{Activation, ConvOps, Folded};

use super::codes::{coded_map, coded_weight};
use crate::ops::{TrainingOps, with_values};

/// What is kept in 8 bits. Everything, normally; less to see what a part of it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codes {
    /// Weights, the picture and every map.
    All,
    /// Nothing: the network as it is.
    None,
    /// Weights alone.
    Weights,
    /// One map alone.
    Map(usize),
}

/// The layers `[N, 4, H, W]` that 8-bit arithmetic gives for pictures `[N, 3, H, W]`, computed in `f32` with every value
/// moved to the nearest code. `ends` are the upper ends of the maps.
pub fn simulate(folded: &Folded, ends: &[f32], codes: Codes, rgb: &Tensor) -> Result<Tensor> {
    folded.forward(&Simulation::new(ends, codes), rgb, None)
}

/// Peak signal-to-noise ratio of layers cut to 0..1 against others, in dB over a peak of 1.
pub fn psnr(layers: &Tensor, reference: &Tensor) -> Result<f64> {
    let (layers, reference) = (layers.clamp(0.0, 1.0)?.contiguous()?, reference.clamp(0.0, 1.0)?.contiguous()?);
    let sum: f64 = with_values(&layers, |layers| {
        with_values(&reference, |reference| {
            Ok(layers.iter().zip(reference).map(|(a, b)| f64::from(a - b).powi(2)).sum())
        })
    })?;
    Ok(-10.0 * (sum / reference.elem_count() as f64).log10())
}

/// The convolutions of a network in 8-bit arithmetic, on the CPU. They can be trained with: [`Tensor::backward`] passes
/// the rounding by and stops where a value was cut off.
///
/// What comes in is coded as a whole, so carried layers and the trust in them are bytes too, as in the engine.
pub struct Simulation<'a> {
    ends: &'a [f32],
    codes: Codes,
    /// Which convolution of the network is next.
    next: Cell<usize>,
    /// Whether what the one before gave was a map.
    is_map: Cell<bool>,
}

impl<'a> Simulation<'a> {
    /// For a network whose maps have these upper ends; it may run any number of times.
    pub fn new(ends: &'a [f32], codes: Codes) -> Self {
        Simulation { ends, codes, next: Cell::new(0), is_map: Cell::new(true) }
    }

    /// Map number `index` in its codes.
    fn coded(&self, map: &Tensor, index: usize) -> Result<Tensor> {
        let is_coded = self.codes == Codes::All || self.codes == Codes::Map(index);
        if is_coded { coded_map(map, self.ends[index]) } else { Ok(map.clone()) }
    }
}

impl ConvOps for Simulation<'_> {
    fn conv2d(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        addend: Option<&Tensor>,
        stride: usize,
        activation: Activation,
    ) -> Result<Tensor> {
        // A map stands behind each convolution but the last.
        let index = self.next.get();
        self.next.set((index + 1) % (self.ends.len() + 1));
        let weight = match self.codes {
            Codes::None | Codes::Map(_) => weight.clone(),
            Codes::All | Codes::Weights => coded_weight(weight)?,
        };
        // Maps are coded where they are made, since a skip connection reads them too. The map that the skip joins is
        // made outside of the convolutions and coded where it is read.
        let is_map = self.is_map.replace(activation == Activation::Relu);
        let x = match index {
            0 if self.codes == Codes::All => coded_map(x, 1.0)?,
            _ if index > 0 && !is_map => self.coded(x, index - 1)?,
            _ => x.clone(),
        };
        let y = TrainingOps.conv2d(&x, &weight, bias, addend, stride, activation)?;
        if activation == Activation::Relu { self.coded(&y, index) } else { Ok(y) }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn psnr_by_hand() {
        let tensor = |values: [f32; 2]| Tensor::new(&values, &Device::Cpu).unwrap();
        // The mean square of 0.1 and 0 is 0.005, and -10 log10 of it 23.01; what lies beyond 0..1 does not count.
        let decibels = psnr(&tensor([0.4, 7.0]), &tensor([0.5, 1.0])).unwrap();
        assert!((decibels - 23.01).abs() < 0.01, "{decibels}");
        assert_eq!(psnr(&tensor([0.4, 0.5]), &tensor([0.4, 0.5])).unwrap(), f64::INFINITY);
    }
}
