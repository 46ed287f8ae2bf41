use inkcast_kit::noise::Random;

use super::*;
use inkcast_frame::Plane;

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
    let mut past =
        Warped { layers: carried.layers.clone(), confidence: carried.confidence.clone(), age: carried.age.clone() };
    let settling = compose(Level::Plain, fresh, &mut past, steadiness);
    (past.layers, past.age, settling.carried)
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
    // Too far apart to be held: 40 grey levels within the margin of full trust.
    let (settled, age, mean) = run(&flat(120.0), &carried(flat(160.0), 1.0, 3.0), 1.0);
    assert!((mean - 0.75).abs() < 1e-4);
    assert_eq!(settled.at(2, 2)[0], level(150.0));
    assert_eq!(f32::from(age.at(2, 2)) / f32::from(AGE_STEP), 4.0);
    // A confidence of 0.35 / 1.35 is trusted half.
    let (_, age, mean) = run(&flat(120.0), &carried(flat(160.0), 0.35 / 1.35, 3.0), 1.0);
    assert!((mean - 0.5 * 0.75).abs() < 4e-3, "{mean}");
    assert_eq!(f32::from(age.at(2, 2)) / f32::from(AGE_STEP), 2.5);
    // Half the steadiness counts a quarter of the oldest age: 3.75 frames of however many.
    let (_, _, mean) = run(&flat(120.0), &carried(flat(160.0), 1.0, 12.0), 0.5);
    assert!((mean - 3.75 / 4.75).abs() < 1e-4);
}

#[test]
fn by_hand_a_small_difference_is_held() {
    // 8 of 32 grey levels apart: three quarters of the way from 3/4 to 63/64. Ink is 8 of 128 apart.
    let (settled, _, _) = run(&flat(120.0), &carried(flat(128.0), 1.0, 3.0), 1.0);
    let kept = |nearness: f32| 0.75 + (63.0 / 64.0 - 0.75) * nearness;
    for (c, nearness) in [(0, 0.75), (3, 1.0 - 8.0 / 128.0)] {
        let found = f32::from(settled.at(2, 2)[c]) / f32::from(LAYER_STEP);
        assert!((found - (120.0 + 8.0 * kept(nearness))).abs() < 0.02, "{c}: {found}");
    }
    // What was seen but once is not.
    let (settled, _, _) = run(&flat(120.0), &carried(flat(128.0), 1.0, 1.0), 1.0);
    assert_eq!(settled.at(2, 2)[0], level(124.0));
}

#[test]
fn flicker_is_the_change_where_motion_is_certain() {
    let flicker =
        |confidence| compose(Level::Plain, &flat(120.0), &mut carried(flat(160.0), confidence, 3.0), 1.0).flicker;
    // A quarter of 40 grey levels is new.
    assert_eq!(flicker(1.0), Some(10.0));
    assert_eq!(flicker(0.9), None);
}

#[test]
fn what_has_left_the_picture_does_not_stay() {
    for (confidence, margin) in [(1.0, TRUSTED_MARGIN), (1.0 / 255.0, MARGIN + 0.0002 * (TRUSTED_MARGIN - MARGIN))] {
        let (settled, _, _) = run(&flat(120.0), &carried(flat(255.0), confidence, 15.0), 1.0);
        assert!(f32::from(settled.at(2, 2)[0] - level(120.0)) <= margin, "{:?}", settled.at(2, 2));
    }
}

#[test]
fn a_tone_on_the_border_between_two_stays_on_one_side_and_a_lasting_change_is_taken_over() {
    let mut past = carried(flat(120.0), 1.0, 0.0);
    let mut run_for = |frames: std::ops::Range<usize>, grey: &dyn Fn(usize) -> f32| {
        frames
            .map(|frame| {
                let (settled, age, _) = run(&flat(grey(frame)), &past, 1.0);
                let change = (settled.at(3, 3)[0] - past.layers.at(3, 3)[0]).abs();
                past = Warped { confidence: past.confidence.clone(), layers: settled, age };
                (change, past.layers.at(3, 3)[0])
            })
            .collect::<Vec<_>>()
    };
    let flickering = run_for(0..40, &|frame| if frame % 2 == 0 { 116.0 } else { 124.0 });
    let late = flickering[30..].iter().map(|(change, _)| *change).max().unwrap();
    assert!(late < level(0.25), "a swing of 8 grey levels is left as {late} of {LAYER_STEP}");
    let changed = run_for(0..240, &|_| 130.0);
    assert!(changed[239].1 > level(128.0), "after 240 frames the change is {} of {LAYER_STEP}", changed[239].1);
    let jumped = run_for(0..4, &|_| 220.0);
    assert!(jumped[3].1 > level(180.0), "a real change is still {} of {LAYER_STEP} after four frames", jumped[3].1);
}

#[test]
fn age_has_a_limit_and_shrinks_with_doubt() {
    let (_, age, _) = run(&flat(120.0), &carried(flat(120.0), 1.0, OLDEST), 1.0);
    assert_eq!(f32::from(age.at(0, 0)), OLDEST * f32::from(AGE_STEP));
    let (_, age, _) = run(&flat(120.0), &carried(flat(120.0), 0.0, 8.0), 1.0);
    assert_eq!(age.at(0, 0), AGE_STEP);
}

#[test]
fn every_variant_gives_the_same_numbers() {
    let mut random = Random::new(8);
    for (width, height) in [(1, 1), (4, 3), (63, 5), (64, 6), (66, 7), (67, 4), (140, 3)] {
        let mut noise = || {
            let mut layers = Layers::new(width, height);
            layers.data_mut().as_flattened_mut().fill_with(|| random.below(32_641) as i16);
            layers
        };
        let (fresh, layers) = (noise(), noise());
        let mut bytes = || Plane::from_fn(width, height, |_, _| random.bits() as u8);
        let (confidence, age) = (bytes(), bytes());
        for steadiness in [0.0, 0.001, 0.1, 0.9, 1.0] {
            let run = |level| {
                let mut past = Warped { layers: layers.clone(), confidence: confidence.clone(), age: age.clone() };
                let settling = compose(level, &fresh, &mut past, steadiness);
                (past.layers, past.age, settling)
            };
            let expected = run(Level::Plain);
            for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
                assert!(run(level) == expected, "{level} {width}x{height}, steadiness {steadiness}");
            }
            // The body of the CUDA kernel, compiled for the host.
            let (mut layers, mut age) = (layers.clone(), age.clone());
            let Limits { oldest, hold } = Limits::new(steadiness);
            let sums = inkcast_device::compose::compose(&fresh, &mut layers, &confidence, &mut age, &[oldest, hold]);
            let [weights, changes, trusted] = sums;
            let settling = Sums { weights, changes, trusted }.settling(width * height);
            assert!((layers, age, settling) == expected, "device {width}x{height}, steadiness {steadiness}");
        }
    }
}

#[cfg(feature = "cuda")]
#[test]
fn what_is_settled_on_the_card_is_the_same() {
    use crate::device::tests::card;
    use crate::device::{DeviceBuffer, DevicePlane, Verdict};
    use crate::warp::cuda::DeviceWarped;

    let Some(device) = card() else { return };
    let mut random = Random::new(9);
    for (width, height) in [(1, 1), (66, 7), (131, 70)] {
        let mut noise = || Layers::from_fn(width, height, |_, _| [(); 4].map(|()| random.below(32_641) as i16));
        let (fresh, layers) = (noise(), noise());
        let mut bytes = || Plane::from_fn(width, height, |_, _| random.bits() as u8);
        let (confidence, age) = (bytes(), bytes());
        let card_fresh = DevicePlane::with_values(&device, &fresh).unwrap();
        let run = |steadiness, verdict| {
            let mut carried = DeviceWarped {
                layers: DevicePlane::with_values(&device, &layers).unwrap(),
                confidence: DevicePlane::with_values(&device, &confidence).unwrap(),
                age: DevicePlane::with_values(&device, &age).unwrap(),
            };
            let limits = DeviceBuffer::with_values(&device, &cuda::limits(steadiness)).unwrap();
            let verdict = DeviceBuffer::with_values(&device, &[verdict]).unwrap();
            let mut sums = DeviceBuffer::new(&device, cuda::SUMS).unwrap();
            cuda::compose(&device, &card_fresh, &mut carried, &limits, &verdict, &mut sums).unwrap();
            let mut found = [0; cuda::SUMS];
            sums.download(&device, &mut found).unwrap();
            let settling = cuda::settling(found, width * height);
            (carried.layers.download(&device).unwrap(), carried.age.download(&device).unwrap(), settling)
        };
        for steadiness in [0.0, 0.1, 1.0] {
            let mut past = Warped { layers: layers.clone(), confidence: confidence.clone(), age: age.clone() };
            let settling = compose(Level::Plain, &fresh, &mut past, steadiness);
            assert!(run(steadiness, 0) == (past.layers, past.age, settling), "{width}x{height} {steadiness}");
        }
        let (kept, kept_age, settling) = run(1.0, Verdict::REPEATED);
        assert!((kept, kept_age) == (layers.clone(), age.clone()) && settling.flicker.is_none(), "{width}x{height}");
    }
}
