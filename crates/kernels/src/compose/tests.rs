use inkcast_kit::noise::Random;

use super::*;

/// Grey levels as layers hold them.
fn level(grey: f32) -> i16 {
    (grey * f32::from(LAYER_STEP)) as i16
}

fn carried(layers: Layers, confidence: f32, age: f32) -> Warped {
    let (width, height) = layers.size();
    let plane = |value: f32| Plane::from_fn(width, height, |_, _| value.round() as u8);
    Warped { layers, confidence: plane(255.0 * confidence), age: plane(age * f32::from(AGE_STEP)) }
}

fn flat(grey: f32) -> Layers {
    Layers::from_fn(6, 5, |_, _| [level(grey); 4])
}

fn run(fresh: &Layers, carried: &Warped, steadiness: f32) -> (Layers, Plane<u8>, f32) {
    let (mut settled, mut age) = (Layers::default(), Plane::default());
    let mean = compose(Level::Plain, fresh, carried, steadiness, &mut settled, &mut age);
    (settled, age, mean)
}

#[test]
fn without_trust_steadiness_or_age_the_new_layers_stand() {
    for (steadiness, confidence, age) in [(1.0, 0.0, 5.0), (0.0, 1.0, 5.0), (1.0, 1.0, 0.0)] {
        let (settled, _, mean) = run(&flat(120.0), &carried(flat(122.0), confidence, age), steadiness);
        assert_eq!(settled, flat(120.0));
        assert_eq!(mean, 0.0);
    }
}

#[test]
fn by_hand_an_old_pixel_keeps_most_of_its_past() {
    let (settled, age, mean) = run(&flat(120.0), &carried(flat(125.0), 0.8, 3.0), 1.0);
    // w = 0.8 * 3 / 4
    assert!((mean - 0.6).abs() < 1e-4);
    assert_eq!(settled.at(2, 2)[0], level(123.0));
    assert_eq!(f32::from(age.at(2, 2)) / f32::from(AGE_STEP), 3.375, "3.4 in whole steps");
    // Half the steadiness counts a quarter of the oldest age: 3.75 frames of however many.
    let (_, _, mean) = run(&flat(120.0), &carried(flat(125.0), 1.0, 12.0), 0.5);
    assert!((mean - 3.75 / 4.75).abs() < 1e-4);
}

#[test]
fn what_has_left_the_picture_does_not_stay() {
    let (settled, _, _) = run(&flat(120.0), &carried(flat(255.0), 1.0, 15.0), 1.0);
    assert!(settled.at(2, 2)[0] <= level(120.0) + MARGIN, "{:?}", settled.at(2, 2));
}

#[test]
fn a_still_noisy_pixel_converges_to_its_mean() {
    let mut past = carried(flat(120.0), 1.0, 0.0);
    let mut spread = Vec::new();
    for frame in 0..40 {
        let fresh = flat(if frame % 2 == 0 { 118.0 } else { 123.0 });
        let (settled, age, _) = run(&fresh, &past, 1.0);
        spread.push((settled.at(3, 3)[0] - past.layers.at(3, 3)[0]).abs());
        past = Warped { confidence: past.confidence, layers: settled, age };
    }
    let late = spread[30..].iter().copied().max().unwrap();
    assert!(late < level(0.5), "a swing of 5 grey levels is left as {late} of {LAYER_STEP}");
}

#[test]
fn age_has_a_limit_and_shrinks_with_doubt() {
    let (_, age, _) = run(&flat(120.0), &carried(flat(120.0), 1.0, OLDEST), 1.0);
    assert_eq!(f32::from(age.at(0, 0)), OLDEST * f32::from(AGE_STEP));
    let (_, age, _) = run(&flat(120.0), &carried(flat(120.0), 0.0, 8.0), 1.0);
    assert_eq!(age.at(0, 0), AGE_STEP);
}

#[test]
fn every_level_gives_the_same_numbers() {
    let mut random = Random::new(8);
    for (width, height) in [(1, 1), (4, 3), (63, 5), (64, 6), (66, 7), (67, 4), (140, 3)] {
        let mut noise = || {
            let mut layers = Layers::new(width, height);
            layers.data_mut().as_flattened_mut().fill_with(|| random.below(32_641) as i16);
            layers
        };
        let (fresh, layers) = (noise(), noise());
        let mut bytes = || Plane::from_fn(width, height, |_, _| random.bits() as u8);
        let carried = Warped { layers, confidence: bytes(), age: bytes() };
        let run = |level| {
            let (mut settled, mut age) = (Layers::default(), Plane::default());
            let mean = compose(level, &fresh, &carried, 0.9, &mut settled, &mut age);
            (settled, age, mean)
        };
        let expected = run(Level::Plain);
        for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
            assert!(run(level) == expected, "{level} {width}x{height}");
        }
    }
}
