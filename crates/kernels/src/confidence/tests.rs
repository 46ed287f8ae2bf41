use inkcast_kit::guard::Guarded;
use inkcast_kit::noise::Random;
use inkcast_kit::variants;

use super::*;
use crate::variant::Variant;

const RANGE: [f32; 2] = [0.02, 0.08];

fn run(level: Level, flow: &Plane<[f32; 2]>, difference: &Plane, agreement: &Plane) -> Vec<f32> {
    run_with(Variant::Level(level), flow, difference, agreement)
}

fn run_with(variant: Variant, flow: &Plane<[f32; 2]>, difference: &Plane, agreement: &Plane) -> Vec<f32> {
    let evidence = Evidence { flow, difference, agreement, difference_range: RANGE };
    let mut rows = Vec::new();
    for y in 0..flow.height() {
        let mut row = Guarded::<f32>::output(flow.width());
        match variant {
            Variant::Level(level) => confidence_row(level, &evidence, y, row.values_mut()),
            Variant::Device => {
                inkcast_device::confidence::confidence_row(flow, difference, agreement, RANGE, y, row.values_mut());
            }
        }
        row.check_written();
        rows.extend_from_slice(row.values());
    }
    rows
}

fn halves(width: usize, height: usize) -> Plane {
    Plane::from_fn(width.div_ceil(2), height.div_ceil(2), |_, _| 1.0)
}

#[test]
fn by_hand_a_difference_is_a_mean_of_nine() {
    let flow = Plane::new(5, 5);
    let mut difference = Plane::new(5, 5);
    // A mean of 0.05, the middle of the range, around the pixel; its sign does not matter.
    difference.row_mut(2)[2] = -0.45;
    let found = run(Level::Plain, &flow, &difference, &halves(5, 5));
    for y in 0..5 {
        for x in 0..5 {
            let expected = if (1..4).contains(&x) && (1..4).contains(&y) { 0.5 } else { 1.0 };
            assert!((found[y * 5 + x] - expected).abs() < 1e-5, "{x} {y}: {}", found[y * 5 + x]);
        }
    }
}

#[test]
fn by_hand_a_tear_is_not_trusted_and_a_slow_bend_is() {
    let torn = Plane::from_fn(8, 4, |x, _| [if x < 4 { 0.0 } else { 2.0 }, 0.0]);
    let still = Plane::new(8, 4);
    let found = run(Level::Plain, &torn, &still, &halves(8, 4));
    assert_eq!(found[..8], [1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
    let bent = Plane::from_fn(8, 4, |x, _| [0.02 * x as f32, 0.0]);
    assert!(run(Level::Plain, &bent, &still, &halves(8, 4)).iter().all(|&value| value == 1.0));
}

#[test]
fn by_hand_agreement_counts_for_blocks() {
    let mut agreement = halves(5, 3);
    agreement.row_mut(1)[2] = 0.25;
    agreement.row_mut(0)[0] = 0.5;
    let found = run(Level::Plain, &Plane::new(5, 3), &Plane::new(5, 3), &agreement);
    assert_eq!(found, [0.5, 0.5, 1.0, 1.0, 1.0, 0.5, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.25]);
}

#[test]
fn by_hand_a_mean_of_confidence() {
    assert_eq!(mean(&Plane::from_fn(4, 2, |x, _| if x < 3 { 1.0 } else { 0.0 })), 0.75);
    assert_eq!(mean(&Plane::from_fn(3, 3, |_, _| 0.5)), 0.5);
}

#[test]
fn every_variant_gives_the_same_bits() {
    // Widths around tiles of 128 pixels.
    let cases = [(1, 1), (2, 1), (1, 5), (7, 3), (127, 2), (128, 3), (129, 4), (130, 2), (300, 5)];
    variants::check(
        "confidence",
        &Variant::all(),
        &cases,
        |&variant, &(width, height)| {
            let mut random = Random::new(5);
            let flow = Plane::from_fn(width, height, |_, _| [random.between(-0.3, 0.3), random.between(-2.0, 2.0)]);
            let difference = Plane::from_fn(width, height, |_, _| random.between(-0.15, 0.15));
            let agreement = Plane::from_fn(width.div_ceil(2), height.div_ceil(2), |_, _| random.unit());
            run_with(variant, &flow, &difference, &agreement)
        },
        variants::equal::<f32, Vec<f32>>,
    );
}
