use inkcast_kit::guard::Guarded;
use inkcast_kit::noise::Random;
use inkcast_kit::variants;

use super::*;
use crate::variant::Variant;

fn bordered(plane: &Plane) -> Bordered {
    let mut bordered = Bordered::default();
    bordered.copy_from(plane);
    bordered
}

fn run(level: Level, previous: &Bordered, current: &Bordered, matches: &Plane<Match>, noise: f32) -> Vec<f32> {
    run_with(Variant::Level(level), previous, current, matches, noise)
}

/// All bands, written between canaries: flow, then difference.
fn run_with(variant: Variant, previous: &Bordered, current: &Bordered, matches: &Plane<Match>, noise: f32) -> Vec<f32> {
    let (width, height) = current.size();
    let densify = Densify { previous, current, matches, noise };
    let level = match variant {
        Variant::Level(level) => level,
        Variant::Device => return on_device(&densify),
    };
    let (mut flows, mut differences) = (Vec::new(), Vec::new());
    for band in 0..height.div_ceil(BAND) {
        let count = BAND.min(height - band * BAND) * width;
        let (mut flow, mut difference) = (Guarded::<f32>::output(2 * count), Guarded::<f32>::output(count));
        densify_band(level, &densify, band, flow.values_mut().as_chunks_mut().0, difference.values_mut());
        flow.check_written();
        difference.check_written();
        flows.extend_from_slice(flow.values());
        differences.extend_from_slice(difference.values());
    }
    flows.extend(differences);
    flows
}

/// The same by the bodies of the device.
fn on_device(densify: &Densify<'_>) -> Vec<f32> {
    let Densify { previous, current, matches, noise } = *densify;
    let bordered = |plane| inkcast_device::Bordered::new(Bordered::data(plane), plane.size());
    let matches = Plane::from_fn(matches.width(), matches.height(), |i, j| {
        let Match { flow: [dx, dy], error, contrast } = matches.at(i, j);
        [dx, dy, error, contrast]
    });
    let count = current.width() * current.height();
    let (mut flow, mut difference) = (Guarded::<f32>::output(2 * count), Guarded::<f32>::output(count));
    let (flows, differences) = (flow.values_mut().as_chunks_mut().0, difference.values_mut());
    inkcast_device::densify::densify(bordered(previous), bordered(current), &matches, noise, flows, differences);
    flow.check_written();
    difference.check_written();
    [flow.values(), difference.values()].concat()
}

#[test]
fn by_hand_one_patch_gives_its_flow_to_all_its_pixels() {
    let previous = bordered(&Plane::from_fn(5, 3, |x, _| 0.1 * x as f32));
    let current = bordered(&Plane::from_fn(5, 3, |x, _| 0.1 * x as f32 - 0.02));
    let matches = Plane::from_fn(1, 1, |_, _| Match { flow: [0.0, 1.0], error: 0.0, contrast: 0.0 });
    let found = run(Level::Plain, &previous, &current, &matches, 0.01);
    for pixel in 0..15 {
        let [dx, dy, difference] = [found[2 * pixel], found[2 * pixel + 1], found[30 + pixel]];
        assert!(dx == 0.0 && (dy - 1.0).abs() < 1e-6 && (difference - 0.02).abs() < 1e-6, "{dx} {dy} {difference}");
    }
}

#[test]
fn by_hand_a_pixel_follows_the_patch_that_it_looks_like() {
    // Left half stands, right half came from three pixels further right.
    let texture = |x: usize, y: usize| 0.5 + 0.4 * ((x * 5 + y * 3) as f32).sin();
    let previous = Plane::from_fn(32, 8, texture);
    let current = Plane::from_fn(32, 8, |x, y| texture(if x < 16 { x } else { x + 3 }, y));
    let matches = Plane::from_fn(patches_along(32), 1, |i, _| Match {
        flow: [if i < 3 { 0.0 } else { 3.0 }, 0.0],
        error: 0.0,
        contrast: 0.1,
    });
    let found = run(Level::Plain, &bordered(&previous), &bordered(&current), &matches, 0.002);
    for y in 0..8 {
        for (x, truth) in [(12, 0.0), (15, 0.0), (16, 3.0), (19, 3.0)] {
            let dx = found[2 * (y * 32 + x)];
            assert!((dx - truth).abs() < 0.3, "at {x}, {y}: {dx} instead of {truth}");
        }
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
    // Widths around tiles of 128 pixels.
    for (width, height) in
        [(1, 1), (7, 2), (8, 8), (9, 13), (127, 9), (128, 4), (132, 8), (136, 5), (137, 12), (300, 6)]
    {
        for reach in [0.0, 2.5, 1e4] {
            cases.push(Case { width, height, reach });
        }
    }
    variants::check(
        "densify",
        &Variant::all(),
        &cases,
        |&variant, &Case { width, height, reach }| {
            let mut random = Random::new(11);
            let mut plane = || bordered(&Plane::from_fn(width, height, |_, _| random.unit()));
            let (previous, current) = (plane(), plane());
            let matches = Plane::from_fn(patches_along(width), patches_along(height), |_, _| Match {
                flow: [random.between(-reach, reach), random.between(-reach, reach)],
                error: 0.01 * random.unit(),
                contrast: 0.1,
            });
            run_with(variant, &previous, &current, &matches, 0.01)
        },
        variants::equal::<f32, Vec<f32>>,
    );
}
