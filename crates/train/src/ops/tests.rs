use candle_core::{Device, Result, Tensor, Var};
use inkcast_generator::{Activation, CandleOps, ConvOps};
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{TrainingOps, add_relu, conv2d};

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

fn noise(rng: &mut StdRng, shape: &[usize]) -> Vec<f32> {
    (0..shape.iter().product()).map(|_| rng.random_range(-1.0..1.0)).collect()
}

fn tensor(rng: &mut StdRng, shape: &[usize]) -> Tensor {
    Tensor::from_vec(noise(rng, shape), shape, &Device::Cpu).unwrap()
}

fn case([batch, inputs, outputs, kernel, _, height, width]: [usize; 7], rng: &mut StdRng) -> [Tensor; 3] {
    [
        tensor(rng, &[batch, inputs, height, width]),
        tensor(rng, &[outputs, inputs, kernel, kernel]),
        tensor(rng, &[outputs]),
    ]
}

fn largest_difference(a: &Tensor, b: &Tensor) -> f32 {
    assert_eq!(a.dims(), b.dims());
    (a - b).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar().unwrap()
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

/// Compares the gradients of `scalar` with central differences, number by number.
fn check_gradients(start: &[Tensor], scalar: impl Fn(&[Tensor]) -> Result<Tensor>) {
    const STEP: f32 = 1e-2;
    let vars: Vec<Var> = start.iter().map(|tensor| Var::from_tensor(tensor).unwrap()).collect();
    let tensors: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
    let grads = scalar(&tensors).unwrap().backward().unwrap();
    for (index, tensor) in start.iter().enumerate() {
        let grad = grads.get(&vars[index]).expect("every argument has a gradient");
        let grad = grad.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let values = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for (position, &expected) in grad.iter().enumerate() {
            let at = |offset: f32| -> f64 {
                let mut moved = values.clone();
                moved[position] += offset;
                let mut tensors = start.to_vec();
                tensors[index] = Tensor::from_vec(moved, tensor.shape(), &Device::Cpu).unwrap();
                scalar(&tensors).unwrap().to_scalar::<f32>().unwrap().into()
            };
            let difference = ((at(STEP) - at(-STEP)) / f64::from(2.0 * STEP)) as f32;
            let tolerance = 2e-3 + 2e-2 * expected.abs();
            assert!(
                (difference - expected).abs() < tolerance,
                "argument {index}, number {position}: {expected} by the gradient, {difference} by differences"
            );
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
