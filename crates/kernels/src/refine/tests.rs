use inkcast_kit::guard::Guarded;
use inkcast_kit::motion::{Motion, Scene};
use inkcast_kit::noise::Random;
use inkcast_kit::variants;

use super::*;
use crate::variant::Variant;

fn bordered(plane: &Plane) -> Bordered {
    let mut bordered = Bordered::default();
    bordered.copy_from(plane);
    bordered
}

/// All bands, written between canaries: flow, then difference.
fn run(level: Level, previous: &Plane, current: &Plane, flow: &Plane<[f32; 2]>, noise: f32) -> Vec<f32> {
    let (width, height) = current.size();
    let (previous, current) = (bordered(previous), bordered(current));
    let refine = Refine { previous: &previous, current: &current, flow, noise };
    let (mut flows, mut differences) = (Vec::new(), Vec::new());
    for band in 0..height.div_ceil(BAND) {
        let count = BAND.min(height - band * BAND) * width;
        let (mut flow, mut difference) = (Guarded::<f32>::output(2 * count), Guarded::<f32>::output(count));
        refine_band(level, &refine, band, flow.values_mut().as_chunks_mut().0, difference.values_mut());
        flow.check_written();
        difference.check_written();
        flows.extend_from_slice(flow.values());
        differences.extend_from_slice(difference.values());
    }
    flows.extend(differences);
    flows
}

/// The same by the bodies of the device.
fn on_device(previous: &Plane, current: &Plane, rough: &Plane<[f32; 2]>, noise: f32) -> Vec<f32> {
    let (previous, current) = (bordered(previous), bordered(current));
    let [previous, current] =
        [&previous, &current].map(|plane| inkcast_device::Bordered::new(plane.data(), plane.size()));
    let count = rough.width() * rough.height();
    let (mut flow, mut difference) = (Guarded::<f32>::output(2 * count), Guarded::<f32>::output(count));
    let (flows, differences) = (flow.values_mut().as_chunks_mut().0, difference.values_mut());
    inkcast_device::refine::refine(previous, current, rough, noise, flows, differences);
    flow.check_written();
    difference.check_written();
    [flow.values(), difference.values()].concat()
}

#[test]
fn what_stands_still_does_not_move_whatever_the_noise() {
    let mut random = Random::new(3);
    let mut noise = || Plane::from_fn(150, 40, |_, _| random.unit());
    let (previous, current) = (noise(), noise());
    let found = run(Level::Plain, &previous, &current, &Plane::new(150, 40), 0.01);
    let (flow, difference) = found.split_at(2 * 150 * 40);
    assert!(flow.iter().all(|&value| value == 0.0));
    for (index, &found) in difference.iter().enumerate() {
        let (x, y) = (index % 150, index / 150);
        assert_eq!(found, previous.at(x, y) - current.at(x, y), "{x} {y}");
    }
}

#[test]
fn without_texture_a_flow_is_only_made_smooth() {
    let grey = Plane::from_fn(60, 20, |_, _| 0.5);
    let found = run(Level::Plain, &grey, &grey, &Plane::from_fn(60, 20, |_, _| [1.5, -0.25]), 0.01);
    for [dx, dy] in found[..2 * 60 * 20].as_chunks::<2>().0 {
        assert!((dx - 1.5).abs() < 1e-4 && (dy + 0.25).abs() < 1e-4, "{dx} {dy}");
    }
}

/// Mean distance to the truth, and the mean difference of luma, away from the edge.
fn errors(found: &[f32], truth: &Plane<[f32; 2]>) -> (f32, f32) {
    let (width, height) = truth.size();
    let (flow, difference) = found.split_at(2 * width * height);
    let (mut apart, mut left, mut count) = (0.0, 0.0, 0.0);
    for y in 12..height - 12 {
        for x in 12..width - 12 {
            let (at, [dx, dy]) = (y * width + x, truth.at(x, y));
            apart += (flow[2 * at] - dx).hypot(flow[2 * at + 1] - dy);
            left += difference[at].abs();
            count += 1.0;
        }
    }
    (apart / count, left / count)
}

#[test]
fn squares_of_patches_become_the_motion_of_the_picture() {
    for motion in [Motion::Shift(1.3, -0.6), Motion::Rotation(1.5), Motion::Zoom(1.02)] {
        let scene = Scene::new(7, motion, 192, 128);
        let (previous, current, truth) = (scene.frame(0), scene.frame(1), scene.flow());
        // Each square of 4x4 is wrong by up to 0.4 pixels.
        let mut random = Random::new(1);
        let wrong = Plane::from_fn(48, 32, |_, _| [random.between(-0.4, 0.4), random.between(-0.4, 0.4)]);
        let rough = Plane::from_fn(192, 128, |x, y| {
            let ([dx, dy], [wrong_x, wrong_y]) = (truth.at(x, y), wrong.at(x / 4, y / 4));
            [dx + wrong_x, dy + wrong_y]
        });
        let before = rough.data().as_flattened().iter().copied().chain(std::iter::repeat_n(0.0, 192 * 128));
        let (before, _) = errors(&before.collect::<Vec<f32>>(), &truth);
        let (after, left) = errors(&run(Level::Plain, &previous, &current, &rough, 0.002), &truth);
        println!("{motion:?}: {before:.3} px before, {after:.3} px after, {:.2} grey levels left", 255.0 * left);
        assert!(after < 0.35 * before, "{motion:?}: {before} px before, {after} px after");
        assert!(left < 1.0 / 255.0, "{motion:?}: {left} of luma left");
    }
}

#[derive(Debug)]
struct Case {
    width: usize,
    height: usize,
    reach: f32,
}

#[test]
fn every_variant_gives_the_same_bits() {
    let mut cases = Vec::new();
    // Sizes around tiles of 128 pixels and bands of 32.
    for (width, height) in [(1, 1), (7, 2), (3, 40), (127, 9), (128, 32), (129, 33), (137, 12), (260, 65)] {
        for reach in [0.0, 2.5, 1e4] {
            cases.push(Case { width, height, reach });
        }
    }
    variants::check(
        "refine",
        &Variant::all(),
        &cases,
        |&variant, &Case { width, height, reach }| {
            let mut random = Random::new(11);
            let mut plane = || Plane::from_fn(width, height, |_, _| random.unit());
            let (previous, current) = (plane(), plane());
            let flow =
                Plane::from_fn(width, height, |_, _| [random.between(-reach, reach), random.between(-reach, reach)]);
            match variant {
                Variant::Level(level) => run(level, &previous, &current, &flow, 0.01),
                Variant::Device => on_device(&previous, &current, &flow, 0.01),
            }
        },
        variants::equal::<f32, Vec<f32>>,
    );
}
