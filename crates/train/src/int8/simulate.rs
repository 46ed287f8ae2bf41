use std::cell::Cell;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use inkcast_generator::{Activation, ConvOps, Folded};
use inkcast_kernels::{WeightCodes, weight_codes};

use crate::ops::{TrainingOps, values, with_values};

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
    folded.forward(&Simulation { ends, codes, convolutions: Cell::new(0) }, rgb, None)
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

struct Simulation<'a> {
    ends: &'a [f32],
    codes: Codes,
    convolutions: Cell<usize>,
}

impl Simulation<'_> {
    /// Map number `index` in its codes.
    fn coded(&self, map: &Tensor, index: usize) -> Result<Tensor> {
        let is_coded = self.codes == Codes::All || self.codes == Codes::Map(index);
        if is_coded { map.contiguous()?.apply_op1_no_bwd(&Unsigned { end: self.ends[index] }) } else { Ok(map.clone()) }
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
        let index = self.convolutions.replace(self.convolutions.get() + 1);
        let weight = match self.codes {
            Codes::None | Codes::Map(_) => weight.clone(),
            Codes::All | Codes::Weights => coded_weight(weight)?,
        };
        // Maps are coded where they are made, since a skip connection reads them too. The map that the skip joins is
        // made outside of the convolutions and coded where it is read; codes of codes are the same codes.
        let x = match index {
            0 if self.codes == Codes::All => x.contiguous()?.apply_op1_no_bwd(&Unsigned { end: 1.0 })?,
            0 => x.clone(),
            _ => self.coded(x, index - 1)?,
        };
        let y = TrainingOps.conv2d(&x, &weight, bias, addend, stride, activation)?;
        if activation == Activation::Relu { self.coded(&y, index) } else { Ok(y) }
    }
}

/// The value of the code nearest to each value.
struct Unsigned {
    end: f32,
}

impl CustomOp1 for Unsigned {
    fn name(&self) -> &'static str {
        "unsigned-codes"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (scale, step) = (255.0 / self.end, self.end / 255.0);
        let coded =
            values(storage, layout)?.iter().map(|value| (value * scale).round_ties_even().clamp(0.0, 255.0) * step);
        Ok((CpuStorage::F32(coded.collect()), layout.shape().clone()))
    }
}

/// Weights `[O, I, K, K]` in their codes.
fn coded_weight(weight: &Tensor) -> Result<Tensor> {
    let (outputs, inputs, kernel, _) = weight.dims4()?;
    let mut coded = Vec::with_capacity(weight.elem_count());
    with_values(&weight.contiguous()?, |weight| {
        for output in weight.chunks_exact(inputs * kernel * kernel).take(outputs) {
            let WeightCodes { codes, step } = weight_codes(output, kernel * kernel);
            coded.extend(codes.iter().map(|&code| f32::from(code) * step));
        }
        Ok(())
    })?;
    Tensor::from_vec(coded, weight.dims(), weight.device())
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn unsigned_codes_by_hand() {
        let map = Tensor::new(&[-1f32, 0.0, 0.4, 0.5, 0.6, 1.5, 254.6, 300.0], &Device::Cpu).unwrap();
        let coded = map.apply_op1_no_bwd(&Unsigned { end: 255.0 }).unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(coded, [0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 255.0, 255.0]);
    }

    #[test]
    fn psnr_by_hand() {
        let tensor = |values: [f32; 2]| Tensor::new(&values, &Device::Cpu).unwrap();
        // The mean square of 0.1 and 0 is 0.005, and -10 log10 of it 23.01; what lies beyond 0..1 does not count.
        let decibels = psnr(&tensor([0.4, 7.0]), &tensor([0.5, 1.0])).unwrap();
        assert!((decibels - 23.01).abs() < 0.01, "{decibels}");
        assert_eq!(psnr(&tensor([0.4, 0.5]), &tensor([0.4, 0.5])).unwrap(), f64::INFINITY);
    }
}
