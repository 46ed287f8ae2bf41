use inkcast_kit::guard::Guarded;
use inkcast_kit::noise::Random;
use inkcast_kit::variants;

use super::*;
use crate::variant::Variant;

const RANGE: [f32; 2] = [0.01, 0.03];

fn run(level: Level, forward: &Plane<[f32; 2]>, backward: &Plane<[f32; 2]>, difference: &Plane) -> Vec<f32> {
    run_with(Variant::Level(level), forward, backward, difference)
}

fn run_with(variant: Variant, forward: &Plane<[f32; 2]>, backward: &Plane<[f32; 2]>, difference: &Plane) -> Vec<f32> {
    let halves = Halves { forward, backward, difference, change_range: RANGE };
    let mut rows = Vec::new();
    for y in 0..backward.height() {
        let mut row = Guarded::<f32>::output(backward.width());
        match variant {
            Variant::Level(level) => agreement_row(level, &halves, y, row.values_mut()),
            Variant::Device => {
                inkcast_device::agreement::agreement_row(forward, backward, difference, RANGE, y, row.values_mut());
            }
        }
        row.check_written();
        rows.extend_from_slice(row.values());
    }
    rows
}

#[test]
fn by_hand_flow_and_flow_back() {
    // Two pixels to the right at full size are one at half size; what leads outside is not known.
    let forward = Plane::from_fn(11, 6, |_, _| [2.0, 0.0]);
    let still = Plane::new(6, 3);
    let found = run(Level::Plain, &forward, &Plane::from_fn(6, 3, |_, _| [-1.0, 0.0]), &still);
    assert_eq!(found[..6], [1.0, 1.0, 1.0, 1.0, 1.0, 0.0]);
    let found = run(Level::Plain, &forward, &Plane::new(6, 3), &still);
    assert!(found.iter().all(|&value| value == 0.0), "{found:?}");
    for variant in [Variant::Level(Level::Plain), Variant::Device] {
        let broken = Plane::from_fn(11, 6, |_, _| [f32::NAN, 0.0]);
        let found = run_with(variant, &broken, &Plane::new(6, 3), &still);
        assert!(found.iter().all(|&value| value == 0.0), "{variant:?}: {found:?}");
    }
}

#[test]
fn by_hand_a_change_all_around_counts_and_noise_does_not() {
    let (forward, backward) = (Plane::new(20, 20), Plane::new(10, 10));
    let changed = Plane::from_fn(10, 10, |_, _| -0.02);
    assert!(run(Level::Plain, &forward, &backward, &changed).iter().all(|&value| (value - 0.5).abs() < 1e-4));
    let noisy = Plane::from_fn(10, 10, |x, y| if (x + y) % 2 == 0 { 0.1 } else { -0.1 });
    assert!(run(Level::Plain, &forward, &backward, &noisy)[22..28].iter().all(|&value| value == 1.0));
}

#[test]
fn every_variant_gives_the_same_bits() {
    // Widths around tiles of 64 pixels.
    let cases = [(1, 1), (2, 2), (3, 1), (1, 7), (5, 5), (126, 3), (127, 4), (128, 2), (129, 5), (131, 7), (300, 6)];
    variants::check(
        "agreement",
        &Variant::all(),
        &cases,
        |&variant, &(width, height): &(usize, usize)| {
            let mut random = Random::new(9);
            let forward = Plane::from_fn(width, height, |_, _| [random.between(-2.0, 2.0), random.between(-1.0, 1.0)]);
            let half = (width.div_ceil(2), height.div_ceil(2));
            let backward =
                Plane::from_fn(half.0, half.1, |_, _| [random.between(-1.0, 1.0), random.between(-0.5, 0.5)]);
            let difference = Plane::from_fn(half.0, half.1, |_, _| random.between(-0.05, 0.05));
            run_with(variant, &forward, &backward, &difference)
        },
        variants::equal::<f32, Vec<f32>>,
    );
}
