//! Layers of the adversarial networks. Each finds its tensors in a [`View`] below its name.

use candle_core::{Result, Tensor};
use inkcast_generator::{Activation, ConvOps};

use super::view::{Mode, View};
use crate::ops::{TrainingOps, Transposed, conv_transpose2d, resize_nearest};

/// Slope of leaky rectifiers below zero (Radford et al. 2015).
pub const SLOPE: f64 = 0.2;
/// Added to variances before their root is taken.
const EPSILON: f64 = 1e-5;
/// Share of a new batch in the running means.
const MOMENTUM: f64 = 0.1;

/// `x weight^T + bias` of `[N, I]`, giving `[N, O]`.
pub fn dense(view: &View, name: &str, x: &Tensor) -> Result<Tensor> {
    x.matmul(&view.part(name, "weight")?.t()?)?.broadcast_add(view.part(name, "bias")?)
}

/// A convolution with odd kernel and zero padding of half of it: `[N, I, H, W]` to
/// `[N, O, ceil(H / stride), ceil(W / stride)]`.
pub fn conv(view: &View, name: &str, x: &Tensor, stride: usize) -> Result<Tensor> {
    TrainingOps.conv2d(x, view.part(name, "weight")?, view.part(name, "bias")?, None, stride, Activation::None)
}

/// A transposed convolution that doubles both sides, kernel 4: `[N, I, H, W]` to `[N, O, 2H, 2W]`. A kernel that is a
/// multiple of the stride gives every pixel equally many terms and so no checkerboard. Its weight is `[I, O, 4, 4]`.
pub fn transposed(view: &View, name: &str, x: &Tensor) -> Result<Tensor> {
    let doubling = Transposed { stride: 2, padding: 1, output_padding: 0 };
    conv_transpose2d(x, view.part(name, "weight")?, view.part(name, "bias")?, doubling)
}

/// `x` where it is positive, [`SLOPE`] `x` elsewhere.
pub fn leaky_relu(x: &Tensor) -> Result<Tensor> {
    candle_nn::ops::leaky_relu(x, SLOPE)
}

/// Both sides doubled, each pixel four times: `[N, C, H, W]` to `[N, C, 2H, 2W]`.
pub fn doubled(x: &Tensor) -> Result<Tensor> {
    let (_, _, height, width) = x.dims4()?;
    resize_nearest(x, 2 * height, 2 * width)
}

/// Batch normalisation (Ioffe and Szegedy 2015) of `[N, C, H, W]`, each channel by its mean and variance over the batch
/// or, at inference, by the running ones; then `(1 + gain) x + bias`.
pub fn batch_norm(view: &View, name: &str, x: &Tensor) -> Result<Tensor> {
    let channels = x.dim(1)?;
    let (mean, variance) = match view.mode() {
        Mode::Inference => (view.part(name, "running-mean")?.clone(), view.part(name, "running-variance")?.clone()),
        Mode::Training => {
            let flat = x.transpose(0, 1)?.flatten_from(1)?;
            let mean = flat.mean(1)?;
            let variance = flat.broadcast_sub(&mean.unsqueeze(1)?)?.sqr()?.mean(1)?;
            // What is kept is the estimate of the variance without bias.
            let count = flat.dim(1)? as f64;
            view.note(name, mean.detach(), (variance.detach() * (count / (count - 1.0).max(1.0)))?);
            (mean, variance)
        }
    };
    let scale = ((view.part(name, "gain")? + 1.0)? / (variance + EPSILON)?.sqrt()?)?;
    let shift = (view.part(name, "bias")? - (&scale * mean)?)?;
    let per_channel = |values: Tensor| values.reshape((1, channels, 1, 1));
    x.broadcast_mul(&per_channel(scale)?)?.broadcast_add(&per_channel(shift)?)
}

/// Running mean and variance after a batch with these.
pub fn running(old: &Tensor, of_batch: &Tensor) -> Result<Tensor> {
    (old * (1.0 - MOMENTUM))? + (of_batch * MOMENTUM)?
}

/// Each channel of each picture to mean 0 and variance 1 (Ulyanov et al. 2016), `[N, C, H, W]`.
pub fn instance_norm(x: &Tensor) -> Result<Tensor> {
    let flat = x.flatten_from(2)?;
    let centred = flat.broadcast_sub(&flat.mean_keepdim(2)?)?;
    let deviation = (centred.sqr()?.mean_keepdim(2)? + EPSILON)?.sqrt()?;
    centred.broadcast_div(&deviation)?.reshape(x.shape())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use candle_core::{Device, Var};

    use super::*;

    fn view(tensors: &[(&str, Tensor)], mode: Mode) -> View {
        View::new(tensors.iter().map(|(name, tensor)| (name.to_string(), tensor.clone())).collect(), mode)
    }

    fn tensor(values: &[f32]) -> Tensor {
        Tensor::new(values, &Device::Cpu).unwrap()
    }

    fn numbers(tensor: &Tensor) -> Vec<f32> {
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn a_dense_layer_is_a_product_and_a_sum() {
        let weight = tensor(&[1.0, 2.0, 3.0, 4.0]).reshape((2, 2)).unwrap();
        let view = view(&[("a.weight", weight), ("a.bias", tensor(&[10.0, 20.0]))], Mode::Training);
        let y = dense(&view, "a", &tensor(&[1.0, -1.0]).reshape((1, 2)).unwrap()).unwrap();
        // 1 * 1 - 1 * 2 + 10 and 1 * 3 - 1 * 4 + 20.
        assert_eq!(numbers(&y), [9.0, 19.0]);
    }

    #[test]
    fn a_transposed_convolution_spreads_each_pixel_over_its_kernel() {
        let weight = Tensor::arange(0f32, 16.0, &Device::Cpu).unwrap().reshape((1, 1, 4, 4)).unwrap();
        let view = view(&[("a.weight", weight), ("a.bias", tensor(&[0.5]))], Mode::Training);
        let y = transposed(&view, "a", &tensor(&[1.0, 10.0]).reshape((1, 1, 1, 2)).unwrap()).unwrap();
        // The pixel of column x reaches columns 2x - 1 to 2x + 2 with the rows of the kernel, from row -1 on: row 0 of
        // the result has row 1 of the kernel (4 5 6 7), row 1 has row 2 (8 9 10 11).
        assert_eq!(y.dims(), [1, 1, 2, 4]);
        assert_eq!(numbers(&y), [5.5, 6.0 + 40.5, 7.0 + 50.5, 60.5, 9.5, 10.0 + 80.5, 11.0 + 90.5, 100.5]);
    }

    #[test]
    fn batch_normalisation_uses_the_batch_or_the_running_means() {
        let tensors = [
            ("n.gain", tensor(&[1.0])),
            ("n.bias", tensor(&[3.0])),
            ("n.running-mean", tensor(&[1.0])),
            ("n.running-variance", tensor(&[4.0])),
        ];
        let x = tensor(&[1.0, 3.0, 5.0, 7.0]).reshape((2, 1, 1, 2)).unwrap();
        // Mean 4, variance (9 + 1 + 1 + 9) / 4 = 5; gain 2, bias 3.
        let training = view(&tensors, Mode::Training);
        let y = numbers(&batch_norm(&training, "n", &x).unwrap());
        for (y, x) in y.iter().zip([1f32, 3.0, 5.0, 7.0]) {
            assert!((y - (2.0 * (x - 4.0) / 5f32.sqrt() + 3.0)).abs() < 1e-4, "{y}");
        }
        let noted = training.into_noted();
        assert_eq!(noted[0].0, "n");
        assert_eq!(numbers(&noted[0].1), [4.0]);
        // Without bias: 20 / 3. A tenth of it goes into the running variance.
        assert!((numbers(&noted[0].2)[0] - 20.0 / 3.0).abs() < 1e-5);
        let kept = numbers(&running(&tensor(&[4.0]), &noted[0].2).unwrap())[0];
        assert!((kept - (3.6 + 2.0 / 3.0)).abs() < 1e-5);

        let y = numbers(&batch_norm(&view(&tensors, Mode::Inference), "n", &x).unwrap());
        for (y, x) in y.iter().zip([1f32, 3.0, 5.0, 7.0]) {
            assert!((y - (2.0 * (x - 1.0) / 2.0 + 3.0)).abs() < 1e-4, "{y}");
        }
    }

    #[test]
    fn instance_normalisation_knows_each_picture_alone() {
        let x = tensor(&[1.0, 3.0, 10.0, 30.0]).reshape((2, 1, 1, 2)).unwrap();
        for (y, expected) in numbers(&instance_norm(&x).unwrap()).iter().zip([-1.0, 1.0, -1.0, 1.0]) {
            assert!((y - expected).abs() < 1e-4, "{y}");
        }
    }

    #[test]
    fn doubling_repeats_pixels_and_sums_their_gradients() {
        let x = Var::from_tensor(&tensor(&[1.0, 2.0]).reshape((1, 1, 1, 2)).unwrap()).unwrap();
        let y = doubled(&x).unwrap();
        assert_eq!(numbers(&y), [1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0]);
        let weights = Tensor::arange(0f32, 8.0, &Device::Cpu).unwrap().reshape((1, 1, 2, 4)).unwrap();
        let gradients = (y * weights).unwrap().sum_all().unwrap().backward().unwrap();
        assert_eq!(numbers(gradients.get(&x).unwrap()), [10.0, 18.0]);
    }

    #[test]
    fn a_missing_tensor_is_named() {
        let error = View::new(HashMap::new(), Mode::Training).part("a", "weight").unwrap_err().to_string();
        assert!(error.contains("a.weight"), "{error}");
    }
}
