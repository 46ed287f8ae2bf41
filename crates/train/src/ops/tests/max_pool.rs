use candle_core::{Device, Tensor, Var};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};

use super::{by_selections, max_pool2d, windows};
use crate::ops::tests::{check_gradients, largest_difference, tensor};

/// Numbers at least 0.1 apart, so that a difference of steps does not change which is the largest.
fn distinct(rng: &mut StdRng, shape: &[usize]) -> Tensor {
    let mut numbers: Vec<f32> = (0..shape.iter().product::<usize>()).map(|index| index as f32 * 0.1).collect();
    numbers.shuffle(rng);
    Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
}

#[test]
fn values_by_hand() {
    let x = Tensor::new(&[[[[1f32, 5.0, 2.0], [7.0, 3.0, 4.0], [0.0, 6.0, 8.0]]]], &Device::Cpu).unwrap();
    let flat = |y: Tensor| y.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert_eq!(flat(max_pool2d(&x, 2, 1).unwrap()), [7.0, 5.0, 7.0, 8.0]);
    assert_eq!(flat(max_pool2d(&x, 2, 2).unwrap()), [7.0]);
    assert_eq!(flat(max_pool2d(&x, 1, 2).unwrap()), [1.0, 2.0, 0.0, 8.0]);
    assert!(max_pool2d(&x, 4, 1).is_err() && max_pool2d(&x, 2, 0).is_err());
}

#[test]
fn the_first_of_equal_maxima_gets_the_gradient() {
    let x = Var::new(&[[[[2f32, 2.0], [1.0, 2.0]]]], &Device::Cpu).unwrap();
    let grads = (max_pool2d(&x, 2, 2).unwrap() * 3.0).unwrap().backward().unwrap();
    let grad = grads.get(&x).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert_eq!(grad, [3.0, 0.0, 0.0, 0.0]);
}

#[test]
fn what_is_not_a_number_is_not_hidden() {
    let x = Tensor::new(&[[[[f32::NAN, 2.0], [1.0, 2.0]]]], &Device::Cpu).unwrap();
    assert!(max_pool2d(&x, 2, 2).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()[0].is_nan());
}

#[test]
fn gradients_equal_differences() {
    let mut rng = StdRng::seed_from_u64(1);
    for (kernel, stride, height, width) in [(2, 2, 4, 6), (2, 2, 5, 7), (3, 2, 7, 6), (3, 1, 5, 4), (2, 3, 8, 5)] {
        let (rows, columns) = (windows(height, kernel, stride).unwrap(), windows(width, kernel, stride).unwrap());
        let weights = tensor(&mut rng, &[2, 2, rows, columns]);
        // Given as [.., W, H] and transposed: not contiguous.
        let start = distinct(&mut rng, &[2, 2, width, height]);
        let x = start.t().unwrap();
        let plain = by_selections(&x, kernel, stride, rows, columns).unwrap();
        assert_eq!(largest_difference(&max_pool2d(&x, kernel, stride).unwrap(), &plain), 0.0);
        check_gradients(&[start], |t| (max_pool2d(&t[0].t()?, kernel, stride)? * &weights)?.sum_all());
    }
}
