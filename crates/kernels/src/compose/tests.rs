use super::*;

fn carried(layers: Layers, confidence: f32, age: f32) -> Warped {
    let (width, height) = layers.size();
    let plane = |value| Plane::from_fn(width, height, |_, _| value);
    Warped { layers, confidence: plane(confidence), age: plane(age) }
}

fn flat(value: f32) -> Layers {
    Layers::from_fn(6, 5, |_, _| [value; 4])
}

fn run(fresh: &Layers, carried: &Warped, steadiness: f32) -> (Layers, Plane, f32) {
    let (mut settled, mut age) = (Layers::default(), Plane::default());
    let mean = compose(fresh, carried, steadiness, &mut settled, &mut age);
    (settled, age, mean)
}

#[test]
fn without_trust_steadiness_or_age_the_new_layers_stand() {
    for (steadiness, confidence, age) in [(1.0, 0.0, 5.0), (0.0, 1.0, 5.0), (1.0, 1.0, 0.0)] {
        let (settled, _, mean) = run(&flat(0.5), &carried(flat(0.51), confidence, age), steadiness);
        assert_eq!(settled, flat(0.5));
        assert_eq!(mean, 0.0);
    }
}

#[test]
fn by_hand_an_old_pixel_keeps_most_of_its_past() {
    let (settled, age, mean) = run(&flat(0.5), &carried(flat(0.52), 0.8, 3.0), 1.0);
    // w = 0.8 * 3 / 4
    assert!((mean - 0.6).abs() < 1e-6);
    assert!((settled.at(2, 2)[0] - (0.5 + 0.6 * 0.02)).abs() < 1e-6);
    assert!((age.at(2, 2) - 3.4).abs() < 1e-6);
    // Half the steadiness counts a quarter of the oldest age: 3.75 frames of however many.
    let (_, _, mean) = run(&flat(0.5), &carried(flat(0.52), 1.0, 12.0), 0.5);
    assert!((mean - 3.75 / 4.75).abs() < 1e-6);
}

#[test]
fn what_has_left_the_picture_does_not_stay() {
    let (settled, _, _) = run(&flat(0.5), &carried(flat(1.0), 1.0, 15.0), 1.0);
    assert!(settled.at(2, 2)[0] <= 0.5 + MARGIN, "{:?}", settled.at(2, 2));
}

#[test]
fn a_still_noisy_pixel_converges_to_its_mean() {
    let mut past = carried(flat(0.5), 1.0, 0.0);
    let mut spread = Vec::new();
    for frame in 0..40 {
        let fresh = flat(if frame % 2 == 0 { 0.49 } else { 0.51 });
        let (settled, age, _) = run(&fresh, &past, 1.0);
        spread.push((settled.at(3, 3)[0] - past.layers.at(3, 3)[0]).abs());
        past = Warped { confidence: past.confidence, layers: settled, age };
    }
    let late = spread[30..].iter().copied().fold(0.0, f32::max);
    assert!(late < 0.002, "a swing of 0.02 is left as {late}");
}

#[test]
fn age_has_a_limit_and_shrinks_with_doubt() {
    let (_, age, _) = run(&flat(0.5), &carried(flat(0.5), 1.0, OLDEST), 1.0);
    assert_eq!(age.at(0, 0), OLDEST);
    let (_, age, _) = run(&flat(0.5), &carried(flat(0.5), 0.5, 8.0), 1.0);
    assert_eq!(age.at(0, 0), 5.0);
}
