use candle_core::{Device, Tensor, Var};
use inkcast_generator::{Activation, CandleOps, ConvOps};
use rand::{SeedableRng, rngs::StdRng};

use super::{check_gradients, largest_difference, tensor};
use crate::ops::{Convolution, TrainingOps, add_relu, conv2d, convolve};

/// Sizes of a convolution: batch, inputs, outputs, kernel, stride, height, width.
const CASES: [[usize; 7]; 8] = [
    [1, 1, 1, 1, 1, 1, 1],
    [1, 1, 1, 3, 1, 1, 1],
    [2, 3, 2, 1, 1, 4, 5],
    [2, 2, 3, 3, 1, 5, 4],
    [1, 2, 3, 3, 2, 5, 7],
    [2, 3, 2, 3, 2, 6, 4],
    [1, 2, 2, 1, 2, 5, 6],
    [1, 4, 3, 3, 2, 1, 2],
];

fn case([batch, inputs, outputs, kernel, _, height, width]: [usize; 7], rng: &mut StdRng) -> [Tensor; 3] {
    [
        tensor(rng, &[batch, inputs, height, width]),
        tensor(rng, &[outputs, inputs, kernel, kernel]),
        tensor(rng, &[outputs]),
    ]
}

#[test]
fn a_convolution_by_hand() {
    let x = Tensor::new(&[[[[1f32, 2.0], [3.0, 4.0]]]], &Device::Cpu).unwrap();
    let weight = Tensor::new(&[[[[1f32, 0.0, 0.0], [0.0, 10.0, 0.0], [0.0, 0.0, 100.0]]]], &Device::Cpu).unwrap();
    let bias = Tensor::new(&[-35f32], &Device::Cpu).unwrap();
    let y = conv2d(&x, &weight, &bias, 1, Activation::Relu).unwrap();
    // Top left: 10 * 1 + 100 * 4; top right: 10 * 2; bottom left: 10 * 3; bottom right: 1 * 1 + 10 * 4.
    assert_eq!(y.flatten_all().unwrap().to_vec1::<f32>().unwrap(), [375.0, 0.0, 0.0, 6.0]);
}

#[test]
fn convolutions_equal_those_of_candle() {
    let mut rng = StdRng::seed_from_u64(1);
    for sizes in CASES.into_iter().chain([[2, 16, 32, 3, 2, 47, 53], [1, 32, 32, 3, 1, 61, 40]]) {
        let [x, weight, bias] = case(sizes, &mut rng);
        let plain = CandleOps.conv2d(&x, &weight, &bias, None, sizes[4], Activation::None).unwrap();
        let addend = tensor(&mut rng, plain.dims());
        for (addend, activation) in [
            (None, Activation::None),
            (None, Activation::Relu),
            (Some(&addend), Activation::None),
            (Some(&addend), Activation::Relu),
        ] {
            let expected = CandleOps.conv2d(&x, &weight, &bias, addend, sizes[4], activation).unwrap();
            let got = TrainingOps.conv2d(&x, &weight, &bias, addend, sizes[4], activation).unwrap();
            let difference = largest_difference(&got, &expected);
            assert!(difference < 1e-4, "{sizes:?} {activation:?}: {difference}");
        }
    }
}

#[test]
fn gradients_of_convolutions_equal_differences() {
    let mut rng = StdRng::seed_from_u64(2);
    for sizes in CASES {
        let start = case(sizes, &mut rng);
        let y = conv2d(&start[0], &start[1], &start[2], sizes[4], Activation::None).unwrap();
        let weights = tensor(&mut rng, y.dims());
        check_gradients(&start, |t| (conv2d(&t[0], &t[1], &t[2], sizes[4], Activation::None)? * &weights)?.sum_all());
    }
}

#[test]
fn a_relu_lets_no_gradient_through_where_it_cut() {
    let mut rng = StdRng::seed_from_u64(3);
    let [x, weight, _] = case([2, 2, 3, 3, 1, 4, 5], &mut rng);
    // Biases far from zero keep every value away from the kink, where a difference means nothing.
    let bias = Tensor::new(&[30f32, -30.0, 30.0], &Device::Cpu).unwrap();
    let weights = tensor(&mut rng, &[2, 3, 4, 5]);
    check_gradients(&[x, weight, bias], |t| (conv2d(&t[0], &t[1], &t[2], 1, Activation::Relu)? * &weights)?.sum_all());
}

#[test]
fn gradients_of_add_relu() {
    let a = Var::new(&[1f32, -2.0, 3.0], &Device::Cpu).unwrap();
    let b = Var::new(&[1f32, 1.0, -4.0], &Device::Cpu).unwrap();
    let sum = add_relu(&a, &b).unwrap();
    assert_eq!(sum.to_vec1::<f32>().unwrap(), [2.0, 0.0, 0.0]);
    let grads = (sum * 5.0).unwrap().sum_all().unwrap().backward().unwrap();
    for var in [&a, &b] {
        assert_eq!(grads.get(var).unwrap().to_vec1::<f32>().unwrap(), [5.0, 0.0, 0.0]);
    }
}

#[test]
fn the_same_tensor_may_be_used_twice() {
    // A residual block uses its input twice; both gradients must arrive.
    let mut rng = StdRng::seed_from_u64(4);
    let [x, weight, bias] = case([1, 2, 2, 3, 1, 3, 4], &mut rng);
    let weights = tensor(&mut rng, &[1, 2, 3, 4]);
    check_gradients(&[x, weight, bias], |t| {
        let y = TrainingOps.conv2d(&t[0], &t[1], &t[2], Some(&t[0]), 1, Activation::None)?;
        (y * &weights)?.sum_all()
    });
}

#[test]
fn batches_give_the_sum_of_their_pictures() {
    let mut rng = StdRng::seed_from_u64(5);
    let [x, weight, bias] = case([3, 4, 5, 3, 2, 9, 11], &mut rng);
    let gradient = |x: &Tensor| {
        let weight = Var::from_tensor(&weight).unwrap();
        let y = conv2d(x, &weight, &bias, 2, Activation::Relu).unwrap();
        y.sqr().unwrap().sum_all().unwrap().backward().unwrap().get(&weight).unwrap().clone()
    };
    let single = (0..3).map(|n| gradient(&x.narrow(0, n, 1).unwrap()));
    let sum = single.reduce(|a, b| (a + b).unwrap()).unwrap();
    assert!(largest_difference(&gradient(&x), &sum) < 1e-3);
}

/// Batch, inputs, outputs, kernel, stride, padding, height, width: even and large kernels, and sizes that a stride does
/// not divide.
const PADDED: [[usize; 8]; 8] = [
    [2, 3, 5, 4, 2, 1, 8, 6],
    [1, 2, 9, 4, 2, 1, 7, 9],
    [2, 2, 3, 4, 1, 1, 5, 6],
    [1, 3, 4, 2, 2, 0, 5, 4],
    [1, 1, 2, 7, 1, 3, 5, 8],
    [2, 2, 2, 5, 3, 4, 6, 7],
    [1, 2, 3, 3, 1, 0, 3, 5],
    [1, 2, 2, 2, 3, 0, 8, 7],
];

fn padded_case(sizes: [usize; 8], rng: &mut StdRng) -> [Tensor; 3] {
    let [batch, inputs, outputs, kernel, stride, _, height, width] = sizes;
    case([batch, inputs, outputs, kernel, stride, height, width], rng)
}

#[test]
fn padded_convolutions_equal_those_of_candle() {
    let mut rng = StdRng::seed_from_u64(6);
    for sizes in PADDED {
        let [x, weight, bias] = padded_case(sizes, &mut rng);
        let [.., stride, padding, _, _] = sizes;
        let plain = x.conv2d(&weight, padding, stride, 1, 1).unwrap();
        let plain = plain.broadcast_add(&bias.reshape((1, (), 1, 1)).unwrap()).unwrap();
        for slope in [1.0, 0.2, 0.0] {
            let expected = (plain.relu().unwrap() - (plain.neg().unwrap().relu().unwrap() * slope).unwrap()).unwrap();
            let slope = slope as f32;
            // Transposed twice: equal numbers, not contiguous.
            let x = x.t().unwrap().contiguous().unwrap().t().unwrap();
            let got = convolve(&x, &weight, &bias, Convolution { stride, padding, slope }).unwrap();
            assert!(largest_difference(&got, &expected) < 1e-4, "{sizes:?}");
        }
    }
}

#[test]
fn gradients_of_padded_convolutions_equal_differences() {
    let mut rng = StdRng::seed_from_u64(7);
    for sizes in PADDED {
        let [.., stride, padding, _, _] = sizes;
        for slope in [1.0, 0.2] {
            let [x, weight, _] = padded_case(sizes, &mut rng);
            // Biases far from zero keep every value away from the kink, where a difference means nothing.
            let bias: Vec<f32> = (0..sizes[2]).map(|output| if output % 2 == 0 { 6.0 } else { -6.0 }).collect();
            let weight = (weight * 0.1).unwrap();
            let start = [x.t().unwrap().contiguous().unwrap(), weight, Tensor::new(bias, &Device::Cpu).unwrap()];
            let run = |t: &[Tensor]| convolve(&t[0].t()?, &t[1], &t[2], Convolution { stride, padding, slope });
            let y = run(&start).unwrap();
            let weights = tensor(&mut rng, y.dims());
            // Small numbers only, for the sake of rounding.
            check_gradients(&start, |t| ((run(t)? - &y)? * &weights)?.sum_all());
        }
    }
}

#[test]
fn what_is_detached_gets_no_gradient() {
    let [x, weight, bias] = case([1, 2, 3, 3, 1, 4, 5], &mut StdRng::seed_from_u64(8));
    let [x, weight, bias] = [x, weight, bias].map(|tensor| Var::from_tensor(&tensor).unwrap());
    let grads = |x: &Tensor, weight: &Tensor| {
        conv2d(x, weight, &bias, 1, Activation::None).unwrap().sqr().unwrap().sum_all().unwrap().backward().unwrap()
    };
    let (whole, of_x, of_weight) = (grads(&x, &weight), grads(&x, &weight.detach()), grads(&x.detach(), &weight));
    assert!(of_x.get(&weight).is_none() && of_weight.get(&x).is_none());
    assert_eq!(largest_difference(of_x.get(&x).unwrap(), whole.get(&x).unwrap()), 0.0);
    assert_eq!(largest_difference(of_weight.get(&weight).unwrap(), whole.get(&weight).unwrap()), 0.0);
}

#[test]
fn impossible_sizes_are_refused() {
    let [x, weight, bias] = case([1, 2, 3, 3, 1, 4, 5], &mut StdRng::seed_from_u64(9));
    for (stride, padding, slope) in [(0, 1, 1.0), (1, 3, 1.0), (1, 1, 1.5), (1, 1, -0.1)] {
        assert!(convolve(&x, &weight, &bias, Convolution { stride, padding, slope }).is_err());
    }
    let small = x.narrow(2, 0, 2).unwrap();
    assert!(convolve(&small, &weight, &bias, Convolution { stride: 1, padding: 0, slope: 1.0 }).is_err());
    assert!(convolve(&x, &weight, &weight, Convolution { stride: 1, padding: 1, slope: 1.0 }).is_err());
}
