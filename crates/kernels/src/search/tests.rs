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

/// Searches all rows; no coarser level, no prior.
fn search_all(level: Level, previous: &Plane, current: &Plane, noise: f32) -> Plane<Match> {
    let (previous, current) = (bordered(previous), bordered(current));
    let search =
        Search { previous: &previous, current: &current, coarser: None, prior: Similarity::default(), noise, reach: 0 };
    run(level, &search)
}

fn run(level: Level, search: &Search<'_>) -> Plane<Match> {
    let (width, height) = search.current.size();
    let mut found = Plane::new(patches_along(width), patches_along(height));
    (0..found.height()).for_each(|row| search_row(level, search, row, found.row_mut(row)));
    found
}

/// The same by the bodies of the device.
fn on_device(search: &Search<'_>) -> Plane<Match> {
    let Search { previous, current, coarser, prior: Similarity { a, b, tx, ty }, noise, reach } = *search;
    let (width, height) = current.size();
    let bordered = |plane| inkcast_device::Bordered::new(Bordered::data(plane), plane.size());
    let (previous, current, prior) = (bordered(previous), bordered(current), [a, b, tx, ty]);
    let mut found = Plane::new(patches_along(width), patches_along(height));
    inkcast_device::search::search(previous, current, coarser, prior, noise, reach, &mut found);
    Plane::from_fn(found.width(), found.height(), |i, j| {
        let [dx, dy, error, contrast] = found.at(i, j);
        Match { flow: [dx, dy], error, contrast }
    })
}

#[test]
fn by_hand_a_bowl_that_moved_by_a_third_of_a_pixel() {
    // A slope that is the same everywhere would have no shape: without its mean it says nothing.
    let bowl = |shift: f32| {
        Plane::from_fn(24, 24, |x, y| {
            let (x, y) = (x as f32 + shift - 11.5, y as f32 - 11.5);
            0.3 + 0.002 * (x * x + y * y)
        })
    };
    let found = search_all(Level::Plain, &bowl(-1.0 / 3.0), &bowl(0.0), 1e-8);
    assert_eq!(found.size(), (5, 5));
    let Match { flow: [dx, dy], error, contrast } = found.at(2, 2);
    // Steps end at 0.03 pixels.
    assert!((dx - 1.0 / 3.0).abs() < 0.03 && dy.abs() < 0.01, "{dx} {dy}");
    assert!(error < 1e-6 && contrast > 1e-4, "{error} {contrast}");
}

#[test]
fn patches_cover_every_pixel() {
    for length in 1..200 {
        let count = patches_along(length);
        let end = (count - 1) * STEP + PATCH;
        assert!(end >= length && (count == 1 || end - STEP < length), "{count} patches along {length}");
    }
}

#[test]
fn brightness_moves_nothing_and_the_prior_wins_a_tie() {
    let scene = Scene::new(1, Motion::Still, 40, 32).frame(0);
    let brighter = Plane::from_fn(40, 32, |x, y| scene.at(x, y) + 0.1);
    for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
        let found = search_all(level, &scene, &brighter, 1e-5);
        assert!(found.data().iter().all(|found| found.flow == [0.0; 2] && found.error < 1e-6), "{level}");
        let flat = bordered(&Plane::from_fn(40, 32, |_, _| 0.3));
        let prior = Similarity { a: 0.0, b: 0.0, tx: 1.5, ty: -2.0 };
        let coarser = Plane::from_fn(20, 16, |_, _| [0.3, 0.1]);
        let search = Search { previous: &flat, current: &flat, coarser: Some(&coarser), prior, noise: 1e-5, reach: 0 };
        assert!(run(level, &search).data().iter().all(|found| found.flow == [1.5, -2.0]), "{level}");
    }
}

#[test]
fn a_wide_search_finds_what_steps_cannot() {
    let scene = Scene::new(4, Motion::Shift(5.0, -4.0), 48, 48);
    let (previous, current) = (bordered(&scene.frame(0)), bordered(&scene.frame(1)));
    let prior = Similarity::default();
    let search = Search { previous: &previous, current: &current, coarser: None, prior, noise: 1e-6, reach: 6 };
    let Match { flow: [dx, dy], .. } = run(Level::Plain, &search).at(5, 5);
    assert!((dx - 5.0).abs() < 0.05 && (dy + 4.0).abs() < 0.05, "{dx} {dy}");
}

#[derive(Debug)]
struct Case {
    width: usize,
    height: usize,
    motion: Motion,
    noise: f32,
    /// The flow of the coarser level, in its pixels: right, wrong, far outside or not finite.
    start: Option<[f32; 2]>,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (width, height) in [(1, 1), (3, 9), (8, 8), (9, 7), (13, 21), (40, 33), (67, 50)] {
        for motion in [Motion::Shift(0.6, -1.3), Motion::Shift(5.0, 2.0), Motion::Zoom(1.1), Motion::Still] {
            for start in [None, Some([0.25, -0.5]), Some([300.0, -1e9]), Some([f32::NAN, f32::INFINITY])] {
                cases.push(Case { width, height, motion, noise: 2e-5, start });
            }
        }
    }
    cases
}

#[test]
fn every_variant_gives_the_same_bits() {
    variants::check(
        "search",
        &Variant::all(),
        &cases(),
        |&variant, case| {
            let scene = Scene::new(7, case.motion, case.width, case.height);
            let mut random = Random::new(3);
            let mut noisy = |plane: Plane| {
                Plane::from_fn(case.width, case.height, |x, y| plane.at(x, y) + random.between(-0.003, 0.003))
            };
            let (previous, current) = (bordered(&noisy(scene.frame(0))), bordered(&noisy(scene.frame(1))));
            let coarser =
                case.start.map(|start| Plane::from_fn(case.width.div_ceil(2), case.height.div_ceil(2), |_, _| start));
            let prior = Similarity { a: 1e-3, b: -2e-3, tx: 0.1, ty: 0.2 };
            let reach = if case.start.is_none() { 3 } else { 0 };
            let (previous, current, coarser) = (&previous, &current, coarser.as_ref());
            let search = Search { previous, current, coarser, prior, noise: case.noise, reach };
            let found = match variant {
                Variant::Level(level) => run(level, &search),
                Variant::Device => on_device(&search),
            };
            found.data().iter().flat_map(|m| [m.flow[0], m.flow[1], m.error, m.contrast]).collect::<Vec<f32>>()
        },
        variants::equal::<f32, Vec<f32>>,
    );
}
