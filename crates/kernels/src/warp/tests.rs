use inkcast_kit::noise::Random;

use super::*;
use crate::variant::Variant;

fn layers(width: usize, height: usize) -> Layers {
    // No two pixels are equal, so that a wrong index shows.
    Layers::from_fn(width, height, |x, y| [500 * x as i16, 500 * y as i16, 7 * (y * width + x) as i16, 16_000])
}

fn run_with(variant: Variant, layers: &Layers, flow: &Plane<[f32; 2]>, confidence: &Plane, shift: u32) -> Warped {
    let (width, height) = layers.size();
    let age = Plane::from_fn(width, height, |x, y| (y * width + x) as u8);
    // What is written must not be there before.
    let mut warped = Warped {
        layers: Layers::from_fn(width, height, |_, _| [-1; 4]),
        confidence: Plane::from_fn(width, height, |_, _| 0x55),
        age: Plane::from_fn(width, height, |_, _| 0x55),
    };
    match variant {
        Variant::Level(level) => warp(level, layers, &age, MotionField { flow, confidence, shift }, &mut warped),
        Variant::Device => {
            let Warped { layers: out_layers, confidence: out_confidence, age: out_age } = &mut warped;
            inkcast_device::warp::warp(layers, &age, flow, confidence, shift, out_layers, out_confidence, out_age);
        }
    }
    warped
}

fn run_at(level: Level, layers: &Layers, flow: &Plane<[f32; 2]>, shift: u32) -> Warped {
    let confidence = Plane::from_fn(flow.width(), flow.height(), |_, _| 0.8);
    run_with(Variant::Level(level), layers, flow, &confidence, shift)
}

fn run(layers: &Layers, flow: [f32; 2]) -> Warped {
    run_at(Level::Plain, layers, &Plane::from_fn(layers.width(), layers.height(), |_, _| flow), 0)
}

#[test]
fn still_and_whole_pixels_copy_exactly() {
    let source = layers(9, 7);
    let still = run(&source, [0.0, 0.0]);
    assert_eq!(still.layers, source);
    assert!(still.confidence.data().iter().all(|&value| value == 204));
    let moved = run(&source, [2.0, -1.0]);
    assert_eq!(moved.layers.at(3, 4), source.at(5, 3));
    assert_eq!(moved.age.at(3, 4), 3 * 9 + 5);
}

#[test]
fn a_ramp_is_interpolated_between_pixels() {
    let source = Layers::from_fn(12, 12, |x, y| [100 * x as i16 + 1000 * y as i16; 4]);
    let moved = run(&source, [0.5, 0.5]);
    assert_eq!(moved.layers.at(5, 5)[2], 550 + 5500);
    // Elsewhere within a few percent of a step.
    let moved = run(&source, [0.25, 0.5]).layers.at(5, 5)[2];
    assert!((moved - 525 - 5500).abs() <= 5, "{moved}");
}

#[test]
fn flow_on_blocks_is_in_pixels_of_its_own_grid() {
    let source = layers(8, 8);
    let flow = Plane::from_fn(4, 4, |_, _| [1.0, 0.0]);
    assert_eq!(run_at(Level::Plain, &source, &flow, 1).layers.at(3, 3), source.at(5, 3));
}

#[test]
fn outside_and_broken_flow_is_not_trusted() {
    let source = layers(4, 4);
    for flow in [[10.0, 0.0], [0.0, -10.0], [f32::NAN, 0.0], [0.0, f32::NEG_INFINITY], [f32::INFINITY, 0.0]] {
        let (flow, confidence) = (Plane::from_fn(4, 4, |_, _| flow), Plane::from_fn(4, 4, |_, _| 0.8));
        for variant in [Variant::Level(Level::Plain), Variant::Device] {
            let moved = run_with(variant, &source, &flow, &confidence, 0);
            assert!(moved.confidence.data().iter().all(|&value| value == 0), "{variant:?} {flow:?}");
            assert!(moved.layers.data().iter().all(|value| *value == [0; 4]), "{variant:?} {flow:?}");
        }
    }
    let edge = run(&source, [1.0, 0.0]);
    assert_eq!(edge.confidence.row(0), [204, 204, 204, 0]);
}

#[test]
fn repeated_quarter_steps_do_not_blur() {
    // A line four pixels wide, there and back by quarters sixteen times.
    let line = |x: usize| if (14..18).contains(&x) { 32_000 } else { 0 };
    let source = Layers::from_fn(32, 6, |x, _| [line(x); 4]);
    let mut picture = source.clone();
    for step in 0..16 {
        let flow = if step % 2 == 0 { 0.25 } else { -0.25 };
        picture = run(&picture, [flow, 0.0]).layers;
    }
    let row: Vec<i16> = (0..32).map(|x| picture.at(x, 3)[0]).collect();
    let inside = row[15..17].iter().copied().min().unwrap();
    assert!(inside > 30_400, "linear interpolation leaves less than 25600 here, this leaves {inside}: {row:?}");
    let outside = row[..12].iter().chain(&row[20..]).copied().max().unwrap();
    assert!(outside < 3200, "a halo of {outside}: {row:?}");
}

#[test]
fn grids_are_read_between_the_centres_of_blocks() {
    let flow = Plane::from_fn(2, 1, |x, _| [x as f32, 0.0]);
    let source = Layers::from_fn(16, 1, |x, _| [100 * x as i16; 4]);
    let warped = run_at(Level::Plain, &source, &flow, 2);
    // Centres at 1.5 and 5.5; the flow there is 0 and 4 pixels.
    let moved = |x: usize| warped.layers.at(x, 0)[0] - 100 * x as i16;
    for (x, expected) in [(0, 0), (1, 0), (2, 50), (5, 350), (7, 400)] {
        assert_eq!(moved(x), expected, "{x}");
    }
}

#[test]
fn every_variant_gives_the_same_numbers() {
    let mut random = Random::new(5);
    for (width, height) in [(1, 1), (3, 2), (5, 9), (63, 5), (64, 4), (65, 3), (131, 7)] {
        let mut source = Layers::new(width, height);
        source.data_mut().as_flattened_mut().fill_with(|| random.below(32_641) as i16);
        for shift in 0..4 {
            let size = 1 << shift;
            let flow = Plane::from_fn(width.div_ceil(size), height.div_ceil(size), |x, _| {
                // Stretches without motion are copied in another way.
                if x % 80 < 40 { [random.between(-4.0, 4.0), random.between(-4.0, 4.0)] } else { [0.0; 2] }
            });
            let confidence = Plane::from_fn(flow.width(), flow.height(), |_, _| random.between(0.0, 1.0));
            let expected = run_with(Variant::Level(Level::Plain), &source, &flow, &confidence, shift);
            let levels = Level::ALL.into_iter().filter(|level| level.is_available()).map(Variant::Level);
            for variant in levels.chain([Variant::Device]) {
                let found = run_with(variant, &source, &flow, &confidence, shift);
                assert!(found.layers == expected.layers, "{variant:?} {width}x{height}, blocks of {size}: layers");
                assert!(found.confidence == expected.confidence, "{variant:?} {width}x{height}, {size}: confidence");
                assert!(found.age == expected.age, "{variant:?} {width}x{height}, blocks of {size}: age");
            }
        }
    }
}

#[cfg(feature = "cuda")]
#[test]
fn what_moves_on_the_card_is_the_same() {
    use crate::device::tests::card;
    use crate::device::{DeviceBuffer, DevicePlane, Verdict};

    let Some(device) = card() else { return };
    let mut random = Random::new(6);
    for (width, height) in [(1, 1), (5, 9), (131, 70)] {
        let source = Layers::from_fn(width, height, |_, _| [(); 4].map(|()| random.below(32_641) as i16));
        let age = Plane::from_fn(width, height, |_, _| random.bits() as u8);
        let on_card = DevicePlane::with_values(&device, &source).unwrap();
        let card_age = DevicePlane::with_values(&device, &age).unwrap();
        for shift in 0..4 {
            let (columns, rows) = (width.div_ceil(1 << shift), height.div_ceil(1 << shift));
            let flow = Plane::from_fn(columns, rows, |_, _| [random.between(-4.0, 4.0), random.between(-4.0, 4.0)]);
            let confidence = Plane::from_fn(columns, rows, |_, _| random.between(0.0, 1.0));
            let mut expected = Warped::default();
            let field = MotionField { flow: &flow, confidence: &confidence, shift };
            warp(Level::Plain, &source, &age, field, &mut expected);
            let card_flow = DevicePlane::with_values(&device, &flow).unwrap();
            let card_confidence = DevicePlane::with_values(&device, &confidence).unwrap();
            let run = |verdict| {
                let verdict = DeviceBuffer::with_values(&device, &[verdict]).unwrap();
                let mut warped = cuda::DeviceWarped::new(&device, width, height).unwrap();
                cuda::warp(&device, &on_card, &card_age, &card_flow, &card_confidence, shift, &verdict, &mut warped)
                    .unwrap();
                let layers = warped.layers.download(&device).unwrap();
                (layers, warped.confidence.download(&device).unwrap(), warped.age.download(&device).unwrap())
            };
            let case = format!("{width}x{height}, blocks of {}", 1 << shift);
            assert!(run(0) == (expected.layers, expected.confidence, expected.age), "{case}");
            let nothing = (Layers::new(width, height), Plane::new(width, height), Plane::new(width, height));
            assert!(run(Verdict::CUT) == nothing, "{case}: after a cut");
            let all = (source.clone(), Plane::from_fn(width, height, |_, _| 255), age.clone());
            assert!(run(Verdict::REPEATED) == all, "{case}: repeated");
        }
    }
}
