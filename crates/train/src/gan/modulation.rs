//! Convolutions that a style changes (Karras et al. 2020).

use candle_core::{Result, Tensor};
use inkcast_generator::{Activation, ConvOps};

use crate::ops::TrainingOps;

/// Keeps demodulation finite.
const EPSILON: f64 = 1e-8;

/// The weight `[O, I, K, K]` of a convolution with the style `[I]` folded in: `w'[o, i] = w[o, i] s[i]`, and if it is to
/// be demodulated, each `w'[o]` over its length, so that outputs have the variance of the inputs.
pub fn folded(weight: &Tensor, style: &Tensor, demodulate: bool) -> Result<Tensor> {
    let weight = weight.broadcast_mul(&style.reshape((1, (), 1, 1))?)?;
    if !demodulate {
        return Ok(weight);
    }
    let squares = weight.flatten_from(1)?.sqr()?.sum(1)?;
    weight.broadcast_div(&(squares + EPSILON)?.sqrt()?.reshape(((), 1, 1, 1))?)
}

/// The same convolution of `x` `[N, I, H, W]`, each picture under its own style `[N, I]`, for the whole batch at once:
/// inputs are scaled before and outputs after, which comes to the same as folding.
pub fn modulated(x: &Tensor, weight: &Tensor, styles: &Tensor, demodulate: bool) -> Result<Tensor> {
    let (batch, inputs) = styles.dims2()?;
    let outputs = weight.dim(0)?;
    let y = plain(&x.broadcast_mul(&styles.reshape((batch, inputs, 1, 1))?)?, weight)?;
    if !demodulate {
        return Ok(y);
    }
    let squares = styles.sqr()?.matmul(&weight.flatten_from(2)?.sqr()?.sum(2)?.t()?)?;
    y.broadcast_div(&(squares + EPSILON)?.sqrt()?.reshape((batch, outputs, 1, 1))?)
}

/// A convolution without bias.
pub fn plain(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let bias = Tensor::zeros(weight.dim(0)?, weight.dtype(), weight.device())?;
    TrainingOps.conv2d(x, weight, &bias, None, 1, Activation::None)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, IndexOp};
    use rand::{SeedableRng, rngs::StdRng};

    use super::super::randomness::noise;
    use super::*;

    #[test]
    fn folding_a_style_into_the_weights_by_hand() {
        // Rows (1, 2) and (0, 3) times the style (3, 2): (3, 4) of length 5 and (0, 6) of length 6.
        let weight = Tensor::new(&[1f32, 2.0, 0.0, 3.0], &Device::Cpu).unwrap().reshape((2, 2, 1, 1)).unwrap();
        let style = Tensor::new(&[3f32, 2.0], &Device::Cpu).unwrap();
        let numbers =
            |demodulate| folded(&weight, &style, demodulate).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(numbers(false), [3.0, 4.0, 0.0, 6.0]);
        for (got, expected) in numbers(true).iter().zip([0.6, 0.8, 0.0, 1.0]) {
            assert!((got - expected).abs() < 1e-6, "{got}");
        }
    }

    #[test]
    fn the_fold_is_the_unfolded_computation() {
        let mut rng = StdRng::seed_from_u64(1);
        let x = noise(&[3, 4, 6, 5], &mut rng).unwrap();
        let weight = noise(&[7, 4, 3, 3], &mut rng).unwrap();
        let styles = noise(&[3, 4], &mut rng).unwrap();
        for demodulate in [false, true] {
            let unfolded = modulated(&x, &weight, &styles, demodulate).unwrap();
            for index in 0..3 {
                let weight = folded(&weight, &styles.i(index).unwrap(), demodulate).unwrap();
                let y = plain(&x.narrow(0, index, 1).unwrap(), &weight).unwrap();
                let difference = (y - unfolded.narrow(0, index, 1).unwrap()).unwrap().abs().unwrap().max_all();
                assert!(difference.unwrap().to_scalar::<f32>().unwrap() < 2e-5);
            }
        }
    }
}
