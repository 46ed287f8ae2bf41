use candle_core::{Device, Tensor};
use rand::{SeedableRng, rngs::StdRng};

use super::{bias_leaky_relu, leaky, total};
use crate::ops::tests::{check_gradients, largest_difference, tensor};

#[test]
fn values_by_hand() {
    let x = Tensor::new(&[[[[1f32, -3.0]], [[0.5, 4.0]]]], &Device::Cpu).unwrap();
    let bias = Tensor::new(&[1f32, -2.0], &Device::Cpu).unwrap();
    for (slope, expected) in
        [(0.25, [2.0, -0.5, -0.375, 2.0]), (0.0, [2.0, 0.0, 0.0, 2.0]), (1.0, [2.0, -2.0, -1.5, 2.0])]
    {
        let y = bias_leaky_relu(&x, &bias, slope).unwrap();
        assert_eq!(y.flatten_all().unwrap().to_vec1::<f32>().unwrap(), expected);
        let plain = leaky(&x.broadcast_add(&bias.reshape((1, 2, 1, 1)).unwrap()).unwrap(), slope).unwrap();
        assert!(largest_difference(&y, &plain) < 1e-6);
    }
}

#[test]
fn gradients_equal_differences() {
    let mut rng = StdRng::seed_from_u64(1);
    for slope in [0.0, 0.2, 1.0] {
        // Biases far from zero keep every value away from the kink, where a difference means nothing.
        let bias = Tensor::new(&[3f32, -3.0, 2.0], &Device::Cpu).unwrap();
        let start = [tensor(&mut rng, &[2, 3, 5, 7]), bias];
        let weights = tensor(&mut rng, &[2, 3, 7, 5]);
        check_gradients(&start, |t| (bias_leaky_relu(&t[0].t()?, &t[1], slope)? * &weights)?.sum_all());
    }
}

#[test]
fn wrong_sizes_and_slopes_are_refused() {
    let (x, bias) = (tensor(&mut StdRng::seed_from_u64(2), &[1, 2, 3, 3]), Tensor::new(&[1f32], &Device::Cpu).unwrap());
    assert!(bias_leaky_relu(&x, &bias, 0.2).is_err());
    assert!(bias_leaky_relu(&x, &bias.broadcast_as(2).unwrap(), -0.2).is_err());
    assert!(bias_leaky_relu(&x, &bias.broadcast_as(2).unwrap(), 0.2).is_ok());
}

#[test]
fn a_total_keeps_small_numbers_beside_large_ones() {
    // Added one after the other in floats, the ones would vanish beside 2^25.
    let mut values = vec![1f32; 5003];
    values[0] = (1 << 25) as f32;
    assert!((total(&values) - f64::from((1 << 25) + 5002)).abs() <= 64.0 * 2.0);
    assert_eq!(total(&[1.5; 77]), 115.5);
}
