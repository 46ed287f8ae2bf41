//! What the tests of all operations share, and those of convolutions.

mod conv;

use candle_core::{Device, Result, Tensor, Var};
use rand::{Rng, rngs::StdRng};

fn noise(rng: &mut StdRng, shape: &[usize]) -> Vec<f32> {
    (0..shape.iter().product()).map(|_| rng.random_range(-1.0..1.0)).collect()
}

pub(super) fn tensor(rng: &mut StdRng, shape: &[usize]) -> Tensor {
    Tensor::from_vec(noise(rng, shape), shape, &Device::Cpu).unwrap()
}

pub(super) fn largest_difference(a: &Tensor, b: &Tensor) -> f32 {
    assert_eq!(a.dims(), b.dims());
    (a - b).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar().unwrap()
}

/// Compares the gradients of `scalar` with central differences, number by number.
pub(super) fn check_gradients(start: &[Tensor], scalar: impl Fn(&[Tensor]) -> Result<Tensor>) {
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
