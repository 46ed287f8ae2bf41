//! Convolutions in 16-bit floats equal Candle's own.

use candle_core::{DType, Device, Tensor};
use inkcast_generator::{Activation, CandleOps, ConvOps, HalfOps};
use inkcast_kit::noise::Random;

fn noise(shape: &[usize], spread: f32, seed: u64, device: &Device) -> Tensor {
    let mut random = Random::new(seed);
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| random.between(-spread, spread)).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap().to_device(device).unwrap()
}

/// Runs both on convolutions of many shapes and compares; `most` limits what a case may cost.
fn compare(ops: &HalfOps, device: &Device, sizes: &[(usize, usize)]) {
    for (inputs, outputs) in [(3, 5), (16, 16), (24, 40), (64, 64), (128, 72), (32, 128)] {
        for ((kernel, stride), &(width, height)) in
            [(3, 1), (3, 2), (1, 1)].into_iter().flat_map(|kind| sizes.iter().map(move |size| (kind, size)))
        {
            let spread = (1.0 / (inputs * kernel * kernel) as f32).sqrt();
            let x = noise(&[2, inputs, height, width], 1.0, 1, device);
            let weight = noise(&[outputs, inputs, kernel, kernel], spread, 2, device);
            let bias = noise(&[outputs], 1.0, 3, device);
            let result = [2, outputs, height.div_ceil(stride), width.div_ceil(stride)];
            let addend = noise(&result, 1.0, 4, device);
            for (addend, activation) in [(None, Activation::None), (Some(&addend), Activation::Relu)] {
                let expected = CandleOps.conv2d(&x, &weight, &bias, addend, stride, activation).unwrap();
                let found = ops.conv2d(&x, &weight, &bias, addend, stride, activation).unwrap();
                assert_eq!((found.dims(), found.dtype()), (expected.dims(), DType::F32));
                // The relative error of the whole: that of rounding to 11 bits, several times over.
                let norm = |x: &Tensor| x.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap().sqrt();
                let error = norm(&(&found - &expected).unwrap()) / norm(&expected);
                let case = format!("{inputs} -> {outputs}, {kernel}x{kernel}, stride {stride}, {width}x{height}");
                assert!(error < 2e-3, "{case}: {error}");
            }
        }
    }
}

#[test]
fn on_the_cpu() {
    compare(&HalfOps::default(), &Device::Cpu, &[(1, 1), (18, 5)]);
}

#[cfg(feature = "cuda")]
#[test]
fn on_the_card() {
    let Some(device) = card::open() else { return };
    compare(&HalfOps::cuda(device.clone()), device.candle(), &[(1, 1), (18, 5), (67, 49), (480, 270)]);
}

#[cfg(feature = "cuda")]
mod card;
