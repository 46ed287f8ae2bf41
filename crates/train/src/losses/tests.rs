use candle_core::{Device, Tensor, Var};
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{TERMS, loss_terms};

fn layers(planes: [&[f32]; 4], width: usize) -> Tensor {
    let height = planes[0].len() / width;
    Tensor::from_vec(planes.concat(), (1, 4, height, width), &Device::Cpu).unwrap()
}

fn terms(output: &Tensor, target: &Tensor) -> Vec<f32> {
    loss_terms(output, target).unwrap().to_vec1().unwrap()
}

fn assert_near(got: &[f32], expected: [f32; TERMS.len()]) {
    for (term, (got, expected)) in TERMS.iter().zip(got.iter().zip(expected)) {
        assert!((got - expected).abs() < 1e-6, "{term}: {got} instead of {expected}");
    }
}

#[test]
fn equal_layers_have_no_loss() {
    let same = layers([&[0.1, 0.9], &[0.5, 0.5], &[0.3, 0.2], &[1.0, 0.0]], 2);
    assert_near(&terms(&same, &same), [0.0; 6]);
}

#[test]
fn the_terms_by_hand() {
    // Two pixels on white: the left one should be ink and has half of it, the right one is grey instead of white.
    let output = layers([&[1.0, 0.8], &[1.0, 0.8], &[1.0, 0.8], &[0.5, 0.0]], 2);
    let target = layers([&[1.0, 1.0], &[1.0, 1.0], &[1.0, 1.0], &[1.0, 0.0]], 2);
    // Ink misses 0.5, twice counted, in one of two pixels. Composites are 0.5 and 0.8 instead of 0 and 1: errors 0.5 and
    // -0.2, a step of 0.7 between them.
    assert_near(&terms(&output, &target), [0.5, 0.1, 0.35, 0.25, 0.35, 0.0]);
}

#[test]
fn colour_hardly_counts_under_ink_and_superfluous_ink_counts_once() {
    let output = layers([&[0.0], &[0.0], &[0.0], &[1.0]], 1);
    let target = layers([&[1.0], &[1.0], &[1.0], &[1.0]], 1);
    assert_near(&terms(&output, &target), [0.0, 0.1, 0.0, 0.0, 0.0, 0.0]);
    let output = layers([&[1.0], &[1.0], &[1.0], &[1.0]], 1);
    let target = layers([&[1.0], &[1.0], &[1.0], &[0.0]], 1);
    assert_near(&terms(&output, &target), [1.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
}

#[test]
fn beyond_the_range_a_twentieth_counts() {
    let output = layers([&[3.0], &[1.0], &[1.0], &[0.0]], 1);
    let target = layers([&[1.0], &[1.0], &[1.0], &[0.0]], 1);
    assert_near(&terms(&output, &target), [0.0, 0.1 / 3.0, 0.1 / 3.0, 0.0, 0.0, 0.0]);
}

#[test]
fn gradients_equal_differences() {
    const STEP: f32 = 1e-3;
    let mut rng = StdRng::seed_from_u64(1);
    let shape = (2, 4, 11, 12);
    let count = 2 * 4 * 11 * 12;
    // Some values lie beyond 0..1; none so near a kink that a difference would step over it, which the seed decides.
    let output: Vec<f32> = (0..count).map(|_| rng.random_range(-0.2..1.2)).collect();
    let target: Vec<f32> = (0..count).map(|_| rng.random_range(0.0..1.0)).collect();
    let target = Tensor::from_vec(target, shape, &Device::Cpu).unwrap();
    let weights = Tensor::new(&[1.0f32, 2.0, 3.0, 0.7, 0.4, 0.6], &Device::Cpu).unwrap();
    let total = |output: &Tensor| (loss_terms(output, &target).unwrap() * &weights).unwrap().sum_all().unwrap();
    let var = Var::from_vec(output.clone(), shape, &Device::Cpu).unwrap();
    let gradient = total(&var).backward().unwrap().get(&var).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let mut wrong = 0;
    for index in 0..count {
        let at = |offset: f32| {
            let mut moved = output.clone();
            moved[index] += offset;
            total(&Tensor::from_vec(moved, shape, &Device::Cpu).unwrap()).to_scalar::<f32>().unwrap()
        };
        let difference = (at(STEP) - at(-STEP)) / (2.0 * STEP);
        wrong += usize::from((difference - gradient[index]).abs() > 2e-3 + 0.01 * difference.abs());
    }
    assert!(wrong <= 3, "{wrong} of {count} gradients are not the slope; a kink explains one or two");
}

#[test]
fn on_devices_terms_and_gradients_are_the_same() {
    let mut rng = StdRng::seed_from_u64(4);
    let shape = (2, 4, 13, 16);
    let mut noise = |range: std::ops::Range<f32>| {
        let values: Vec<f32> = (0..2 * 4 * 13 * 16).map(|_| rng.random_range(range.clone())).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    };
    let (output, target) = (Var::from_tensor(&noise(-0.2..1.2)).unwrap(), noise(0.0..1.0));
    let weights = Tensor::new(&[1.0f32, 2.0, 3.0, 0.7, 0.4, 0.6], &Device::Cpu).unwrap();
    let of = |terms: Tensor| {
        let found = (&terms * &weights).unwrap().sum_all().unwrap().backward().unwrap();
        [terms, found.get(&output).unwrap().clone()].map(|t| t.flatten_all().unwrap().to_vec1::<f32>().unwrap())
    };
    let own = of(loss_terms(&output, &target).unwrap());
    let other = of(super::on_devices::terms(&output, &target).unwrap());
    for (own, other) in own.iter().zip(&other) {
        for (own, other) in own.iter().zip(other) {
            assert!((own - other).abs() < 1e-5, "{own} and {other}");
        }
    }
}
