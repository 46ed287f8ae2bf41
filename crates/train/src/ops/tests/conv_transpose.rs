use candle_core::{Device, Tensor};
use rand::{SeedableRng, rngs::StdRng};

use super::{Transposed, conv_transpose2d};
use crate::ops::tests::{check_gradients, largest_difference, tensor};

/// Inputs, outputs, kernel, stride, padding, output padding, height, width.
const CASES: [[usize; 8]; 8] = [
    [1, 1, 1, 1, 0, 0, 1, 1],
    [2, 3, 3, 1, 1, 0, 4, 5],
    [3, 2, 4, 2, 1, 0, 3, 4],
    [2, 2, 3, 2, 1, 1, 3, 5],
    [2, 3, 2, 2, 0, 0, 5, 3],
    [1, 2, 1, 2, 0, 1, 3, 2],
    [2, 1, 5, 3, 2, 2, 3, 4],
    [3, 2, 4, 1, 3, 0, 4, 5],
];

fn case(sizes: [usize; 8], rng: &mut StdRng) -> ([Tensor; 3], Transposed) {
    let [inputs, outputs, kernel, stride, padding, output_padding, height, width] = sizes;
    let tensors = [
        // Given as [.., W, H], to be transposed: not contiguous.
        tensor(rng, &[2, inputs, width, height]),
        tensor(rng, &[inputs, outputs, kernel, kernel]),
        tensor(rng, &[outputs]),
    ];
    (tensors, Transposed { stride, padding, output_padding })
}

#[test]
fn a_transposed_convolution_by_hand() {
    let x = Tensor::new(&[[[[1f32, 2.0], [3.0, 4.0]]]], &Device::Cpu).unwrap();
    let weight = Tensor::new(&[[[[1f32, 10.0], [100.0, 1000.0]]]], &Device::Cpu).unwrap();
    let bias = Tensor::new(&[0.5f32], &Device::Cpu).unwrap();
    let flat = |stride, padding, output_padding| {
        let y = conv_transpose2d(&x, &weight, &bias, Transposed { stride, padding, output_padding }).unwrap();
        y.flatten_all().unwrap().to_vec1::<f32>().unwrap()
    };
    // Each pixel draws the kernel; with a step of one they overlap.
    assert_eq!(flat(1, 0, 0), [1.5, 12.5, 20.5, 103.5, 1234.5, 2040.5, 300.5, 3400.5, 4000.5]);
    assert_eq!(flat(1, 1, 0), [1234.5]);
    assert_eq!(flat(2, 0, 0)[..4], [1.5, 10.5, 2.5, 20.5]);
    assert_eq!(flat(2, 0, 1)[..5], [1.5, 10.5, 2.5, 20.5, 0.5]);
}

#[test]
fn transposed_convolutions_equal_those_of_candle() {
    let mut rng = StdRng::seed_from_u64(1);
    for sizes in CASES {
        let ([x, weight, bias], transposed) = case(sizes, &mut rng);
        let x = x.t().unwrap();
        let Transposed { stride, padding, output_padding } = transposed;
        let plain = x.contiguous().unwrap().conv_transpose2d(&weight, padding, output_padding, stride, 1).unwrap();
        let plain = plain.broadcast_add(&bias.reshape((1, (), 1, 1)).unwrap()).unwrap();
        let difference = largest_difference(&conv_transpose2d(&x, &weight, &bias, transposed).unwrap(), &plain);
        assert!(difference < 1e-4, "{sizes:?}: {difference}");
    }
}

#[test]
fn gradients_equal_differences() {
    let mut rng = StdRng::seed_from_u64(2);
    for sizes in CASES {
        let (start, transposed) = case(sizes, &mut rng);
        let run = |t: &[Tensor]| conv_transpose2d(&t[0].t()?, &t[1], &t[2], transposed);
        let weights = tensor(&mut rng, run(&start).unwrap().dims());
        check_gradients(&start, |t| (run(t)? * &weights)?.sum_all());
    }
}

#[test]
fn impossible_sizes_are_refused() {
    let ([x, weight, bias], _) = case(CASES[1], &mut StdRng::seed_from_u64(3));
    for (stride, padding, output_padding) in [(0, 0, 0), (1, 0, 1), (1, 9, 0), (2, 0, 2)] {
        let transposed = Transposed { stride, padding, output_padding };
        assert!(conv_transpose2d(&x, &weight, &bias, transposed).is_err(), "{transposed:?}");
    }
    let transposed = Transposed { stride: 1, padding: 0, output_padding: 0 };
    assert!(conv_transpose2d(&x, &weight, &weight, transposed).is_err());
}
