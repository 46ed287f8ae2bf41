use candle_core::{Device, Result, Tensor};
use rand::{SeedableRng, rngs::StdRng};

use super::*;
use crate::ops::tests::{check_gradients, largest_difference, tensor};

fn flat(y: Tensor) -> Vec<f32> {
    y.flatten_all().unwrap().to_vec1::<f32>().unwrap()
}

fn rows<const W: usize, const H: usize>(rows: [[f32; W]; H]) -> Tensor {
    Tensor::new(&[[rows]], &Device::Cpu).unwrap()
}

#[test]
fn reflection_by_hand() {
    let padded = reflection_pad2d(&rows([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]), 2).unwrap();
    assert_eq!(padded.dims(), [1, 1, 7, 7]);
    let padded = flat(padded);
    assert_eq!(padded[..7], [9.0, 8.0, 7.0, 8.0, 9.0, 8.0, 7.0]);
    assert_eq!(padded[14..21], [3.0, 2.0, 1.0, 2.0, 3.0, 2.0, 1.0]);
    assert_eq!(padded[42..], [3.0, 2.0, 1.0, 2.0, 3.0, 2.0, 1.0]);
    assert!(reflection_pad2d(&rows([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), 2).is_err());
}

#[test]
fn means_by_hand() {
    let x = rows([[1.0, 2.0, 3.0], [5.0, 6.0, 7.0], [0.0, 4.0, 8.0]]);
    assert_eq!(flat(avg_pool2d(&x, 2, 1).unwrap()), [3.5, 4.5, 3.75, 6.25]);
    assert_eq!(flat(avg_pool2d(&x, 2, 2).unwrap()), [3.5]);
    assert!((flat(avg_pool2d(&x, 3, 2).unwrap())[0] - 4.0).abs() < 1e-6);
    assert!(avg_pool2d(&x, 4, 1).is_err() && avg_pool2d(&x, 2, 0).is_err() && avg_pool2d(&x, 0, 1).is_err());
}

#[test]
fn nearest_by_hand() {
    let x = rows([[1.0, 2.0, 3.0]]);
    assert_eq!(flat(resize_nearest(&x, 1, 6).unwrap()), [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
    // Centres at 0.3, 0.9, 1.5, 2.1 and 2.7.
    assert_eq!(flat(resize_nearest(&x, 1, 5).unwrap()), [1.0, 1.0, 2.0, 3.0, 3.0]);
    assert_eq!(flat(resize_nearest(&x, 2, 1).unwrap()), [2.0, 2.0]);
    assert!(resize_nearest(&x, 0, 1).is_err());
}

#[test]
fn bilinear_by_hand() {
    // Twice the size: centres lie a quarter and three quarters between pixels, beyond the ends the ends count.
    let y = flat(resize_bilinear(&rows([[0.0, 4.0]]), 1, 4).unwrap());
    assert_eq!(y, [0.0, 1.0, 3.0, 4.0]);
    // From two to three: centres at -1/6, 1/2 and 7/6.
    let y = flat(resize_bilinear(&rows([[0.0, 4.0], [8.0, 12.0]]), 3, 3).unwrap());
    for (found, expected) in y.iter().zip([0.0, 2.0, 4.0, 4.0, 6.0, 8.0, 8.0, 10.0, 12.0]) {
        assert!((found - expected).abs() < 1e-5, "{y:?}");
    }
    // To one pixel: the mean.
    assert_eq!(flat(resize_bilinear(&rows([[1.0, 4.0]]), 1, 1).unwrap()), [2.5]);
}

type Resampling = Box<dyn Fn(&Tensor) -> Result<Tensor>>;

/// Every resampling at sizes that divide and sizes that do not.
fn cases() -> Vec<(&'static str, Resampling)> {
    vec![
        ("reflection 1", Box::new(|x| reflection_pad2d(x, 1))),
        ("reflection 3", Box::new(|x| reflection_pad2d(x, 3))),
        ("mean 2 by 2", Box::new(|x| avg_pool2d(x, 2, 2))),
        ("mean 3 by 2", Box::new(|x| avg_pool2d(x, 3, 2))),
        ("mean 3 by 1", Box::new(|x| avg_pool2d(x, 3, 1))),
        ("mean 2 by 3", Box::new(|x| avg_pool2d(x, 2, 3))),
        ("nearest twice", Box::new(|x| resize_nearest(x, 10, 8))),
        ("nearest odd", Box::new(|x| resize_nearest(x, 7, 3))),
        ("bilinear twice", Box::new(|x| resize_bilinear(x, 10, 8))),
        ("bilinear odd", Box::new(|x| resize_bilinear(x, 13, 3))),
    ]
}

#[test]
fn gradients_equal_differences() {
    let mut rng = StdRng::seed_from_u64(1);
    for (name, resample) in cases() {
        for shape in [[2, 2, 4, 5], [1, 3, 7, 6]] {
            println!("{name} of {shape:?}");
            // Given as [.., W, H] and transposed: not contiguous.
            let start = tensor(&mut rng, &shape);
            let weights = tensor(&mut rng, resample(&start.t().unwrap()).unwrap().dims());
            check_gradients(&[start], |t| (resample(&t[0].t()?)? * &weights)?.sum_all());
        }
    }
}

#[test]
fn a_source_with_other_consumers_gets_the_whole_gradient() {
    let mut rng = StdRng::seed_from_u64(2);
    let start = tensor(&mut rng, &[1, 2, 5, 4]);
    let weights = tensor(&mut rng, &[1, 2, 10, 8]);
    check_gradients(&[start], |t| (resize_nearest(&t[0], 10, 8)? * &weights)?.sum_all()? + t[0].sqr()?.sum_all()?);
}

#[test]
fn other_devices_compute_the_same() {
    let x = tensor(&mut StdRng::seed_from_u64(3), &[2, 3, 6, 9]);
    let axis = |from: usize, to: usize| Axis::new(from, to, 2, |at, tap| ((at + tap) % from, 0.25 + tap as f32));
    let mine = resample(&x, axis(6, 4), axis(9, 13)).unwrap();
    assert!(largest_difference(&mine, &by_products(&x, &axis(6, 4), &axis(9, 13)).unwrap()) < 1e-5);
}
