use candle_core::{Tensor, Var};
use rand::{SeedableRng, rngs::StdRng};

use super::convolve;
use crate::ops::tests::{largest_difference, tensor};
use crate::ops::{self, Convolution};

/// Batch, inputs, outputs, kernel, stride, padding, height, width.
const CASES: [[usize; 8]; 10] = [
    [1, 1, 1, 1, 1, 0, 1, 1],
    [1, 1, 1, 3, 1, 1, 1, 1],
    [2, 2, 3, 3, 1, 1, 5, 4],
    [1, 2, 3, 3, 2, 1, 5, 7],
    [2, 3, 2, 3, 2, 1, 6, 4],
    [1, 2, 2, 1, 2, 0, 5, 6],
    [2, 3, 4, 4, 2, 1, 8, 6],
    [1, 2, 3, 4, 2, 1, 7, 9],
    [1, 2, 3, 3, 2, 0, 8, 7],
    [2, 8, 16, 5, 3, 2, 17, 14],
];

#[test]
fn results_and_gradients_are_those_of_the_kernels_for_the_cpu() {
    let mut rng = StdRng::seed_from_u64(5);
    for sizes in CASES {
        let [batch, inputs, outputs, kernel, stride, padding, height, width] = sizes;
        let x = Var::from_tensor(&tensor(&mut rng, &[batch, inputs, height, width])).unwrap();
        let weight = Var::from_tensor(&tensor(&mut rng, &[outputs, inputs, kernel, kernel])).unwrap();
        let bias = Tensor::zeros(outputs, x.dtype(), x.device()).unwrap();
        let own = ops::convolve(&x, &weight, &bias, Convolution { stride, padding, slope: 1.0 }).unwrap();
        let factors = tensor(&mut rng, own.dims());
        let of = |y: Tensor| {
            let found = (&y * &factors).unwrap().sum_all().unwrap().backward().unwrap();
            [y, found.get(&x).unwrap().clone(), found.get(&weight).unwrap().clone()]
        };
        let products = of(convolve(&x, &weight, stride, padding).unwrap());
        for (own, products) in of(own).iter().zip(&products) {
            let difference = largest_difference(own, products);
            assert!(difference < 1e-4, "{sizes:?}: {difference}");
        }
    }
}

#[test]
fn nothing_is_computed_for_what_is_fixed() {
    let mut rng = StdRng::seed_from_u64(6);
    let (x, weight) = (tensor(&mut rng, &[1, 2, 4, 4]), tensor(&mut rng, &[3, 2, 3, 3]));
    let weight = Var::from_tensor(&weight).unwrap();
    let found = convolve(&x, &weight, 1, 1).unwrap().sum_all().unwrap().backward().unwrap();
    assert!(found.get(&weight).is_some() && found.get(&x).is_none());
}
