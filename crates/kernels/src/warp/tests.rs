use super::*;

fn layers(width: usize, height: usize) -> Layers {
    // No two pixels are equal, so that a wrong index shows.
    Layers::from_fn(width, height, |x, y| [x as f32 / 64.0, y as f32 / 64.0, (y * width + x) as f32 / 4096.0, 0.5])
}

fn run(layers: &Layers, flow: [f32; 2]) -> Warped {
    let (width, height) = layers.size();
    let flow = Plane::from_fn(width, height, |_, _| flow);
    let confidence = Plane::from_fn(width, height, |_, _| 0.75);
    let age = Plane::from_fn(width, height, |x, y| (y * width + x) as f32);
    let mut warped = Warped::default();
    warp(layers, &age, MotionField { flow: &flow, confidence: &confidence, shift: 0 }, &mut warped);
    warped
}

#[test]
fn still_and_whole_pixels_copy_exactly() {
    let source = layers(9, 7);
    let still = run(&source, [0.0, 0.0]);
    assert_eq!(still.layers, source);
    assert!(still.confidence.data().iter().all(|&value| value == 0.75));
    let moved = run(&source, [2.0, -1.0]);
    assert_eq!(moved.layers.at(3, 4), source.at(5, 3));
    assert_eq!(moved.age.at(3, 4), (3 * 9 + 5) as f32);
}

#[test]
fn a_ramp_is_interpolated_exactly_between_pixels() {
    let source = Layers::from_fn(12, 12, |x, y| [x as f32 + 10.0 * y as f32; 4]);
    let moved = run(&source, [0.25, 0.5]);
    assert!((moved.layers.at(5, 5)[2] - (5.25 + 55.0)).abs() < 1e-4);
}

#[test]
fn flow_on_blocks_is_in_pixels_of_its_own_grid() {
    let source = layers(8, 8);
    let flow = Plane::from_fn(4, 4, |_, _| [1.0, 0.0]);
    let confidence = Plane::from_fn(4, 4, |_, _| 1.0);
    let mut warped = Warped::default();
    warp(&source, &Plane::new(8, 8), MotionField { flow: &flow, confidence: &confidence, shift: 1 }, &mut warped);
    assert_eq!(warped.layers.at(3, 3), source.at(5, 3));
}

#[test]
fn outside_and_broken_flow_is_not_trusted() {
    let source = layers(4, 4);
    for flow in [[10.0, 0.0], [0.0, -10.0], [f32::NAN, 0.0], [0.0, f32::NEG_INFINITY], [f32::INFINITY, 0.0]] {
        let moved = run(&source, flow);
        assert!(moved.confidence.data().iter().all(|&value| value == 0.0), "{flow:?}");
        assert!(moved.layers.data().as_flattened().iter().all(|value| value.is_finite()), "{flow:?}");
    }
    let edge = run(&source, [1.0, 0.0]);
    assert_eq!(edge.confidence.row(0), [0.75, 0.75, 0.75, 0.0]);
}

#[test]
fn repeated_quarter_steps_do_not_blur() {
    // A line four pixels wide, there and back by quarters sixteen times.
    let line = |x: usize| if (14..18).contains(&x) { 1.0 } else { 0.0 };
    let source = Layers::from_fn(32, 6, |x, _| [line(x); 4]);
    let mut picture = source.clone();
    for step in 0..16 {
        let flow = if step % 2 == 0 { 0.25 } else { -0.25 };
        picture = run(&picture, [flow, 0.0]).layers;
    }
    let peak = (0..32).map(|x| picture.at(x, 3)[0]).fold(0.0, f32::max);
    assert!(peak > 0.95, "linear interpolation leaves less than 0.8 here, this leaves {peak}");
    assert!(picture.at(10, 3)[0].abs() < 0.1 && picture.at(21, 3)[0].abs() < 0.1);
}

#[test]
fn grids_are_read_between_the_centres_of_blocks() {
    let flow = Plane::from_fn(2, 1, |x, _| [x as f32, 0.0]);
    let confidence = Plane::from_fn(2, 1, |_, _| 1.0);
    let source = Layers::from_fn(16, 1, |x, _| [x as f32; 4]);
    let mut warped = Warped::default();
    warp(&source, &Plane::new(16, 1), MotionField { flow: &flow, confidence: &confidence, shift: 2 }, &mut warped);
    // Centres at 1.5 and 5.5; the flow there is 0 and 4 pixels.
    let moved = |x: usize| warped.layers.at(x, 0)[0] - x as f32;
    for (x, expected) in [(0, 0.0), (1, 0.0), (2, 0.5), (5, 3.5), (7, 4.0)] {
        assert!((moved(x) - expected).abs() < 1e-4, "{x}: {}", moved(x));
    }
}
