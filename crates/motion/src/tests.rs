use inkcast_frame::Plane;
use inkcast_kernels::Level;
use inkcast_kit::motion::{Motion as Known, Scene};
use inkcast_kit::noise::Random;

use super::*;

mod device;

/// Motion as the estimator finds it, and the passes of the device too.
fn estimate(previous: &Plane, current: &Plane) -> Motion {
    let mut motion = Motion::default();
    MotionEstimator::default().estimate(previous, current, &mut motion);
    device::check(previous, current, &motion);
    motion
}

/// Mean end-point error in pixels over the pixels that `counts` names.
fn end_point_error(found: &Plane<[f32; 2]>, truth: &Plane<[f32; 2]>, counts: impl Fn(usize, usize) -> bool) -> f32 {
    mean(found, counts, |x, y| {
        let (f, t) = (found.at(x, y), truth.at(x, y));
        (f[0] - t[0]).hypot(f[1] - t[1])
    })
}

/// The mean of `value` over the pixels of `plane` that `counts` names.
fn mean<T: Copy + Default>(
    plane: &Plane<T>,
    counts: impl Fn(usize, usize) -> bool,
    value: impl Fn(usize, usize) -> f32,
) -> f32 {
    let (mut sum, mut count) = (0.0, 0);
    for y in 0..plane.height() {
        for x in 0..plane.width() {
            if counts(x, y) {
                sum += value(x, y);
                count += 1;
            }
        }
    }
    assert!(count > 0, "no pixel counts");
    sum / count as f32
}

/// Pixels at least `margin` from the edge.
fn inside((width, height): (usize, usize), margin: usize) -> impl Fn(usize, usize) -> bool {
    move |x, y| (margin..width - margin).contains(&x) && (margin..height - margin).contains(&y)
}

fn trust(motion: &Motion, counts: impl Fn(usize, usize) -> bool) -> f32 {
    mean(&motion.confidence, counts, |x, y| motion.confidence.at(x, y))
}

/// Noise of a camera: uniform, `levels` of 255 up and down.
fn noisy(plane: &Plane, levels: f32, seed: u64) -> Plane {
    let mut random = Random::new(seed);
    Plane::from_fn(plane.width(), plane.height(), |x, y| plane.at(x, y) + random.between(-levels, levels) / 255.0)
}

/// Every value `v` becomes `gain * v + offset`, limited to what a camera gives.
fn exposed(plane: &Plane, gain: f32, offset: f32) -> Plane {
    Plane::from_fn(plane.width(), plane.height(), |x, y| (gain * plane.at(x, y) + offset).clamp(0.0, 1.0))
}

fn mixed(a: &Plane, b: &Plane, t: f32) -> Plane {
    Plane::from_fn(a.width(), a.height(), |x, y| a.at(x, y) + t * (b.at(x, y) - a.at(x, y)))
}

/// The figures in the description of the crate are those that this prints with `--nocapture`.
#[test]
fn known_motion_is_found() {
    for (known, limit) in [
        (Known::Shift(1.0, 0.0), 0.03),
        (Known::Shift(0.4, -0.7), 0.03),
        (Known::Shift(-6.0, 9.0), 0.05),
        (Known::Shift(21.0, 5.5), 0.1),
        (Known::Rotation(1.5), 0.1),
        (Known::Zoom(1.02), 0.1),
    ] {
        let scene = Scene::new(3, known, 256, 160);
        for noise in [0.0, 1.5] {
            let motion = estimate(&noisy(&scene.frame(0), noise, 1), &noisy(&scene.frame(1), noise, 2));
            let error = end_point_error(&motion.flow, &scene.flow(), inside((256, 160), 28));
            println!("{known:?}, noise {noise}: end-point error {error:.3} px");
            assert!(error < limit + 0.05 * noise, "{known:?}, noise {noise}: end-point error {error} px");
            let trust = trust(&motion, inside((256, 160), 28));
            assert!(trust > 0.95, "{known:?}, noise {noise}: mean confidence {trust}");
            assert!(!motion.scene_cut && !motion.repeated);
        }
    }
}

#[test]
fn a_still_picture_with_noise_does_not_move_at_all() {
    let still = Scene::new(5, Known::Still, 320, 192).frame(0);
    for noise in [0.5, 1.0, 3.0] {
        let motion = estimate(&noisy(&still, noise, 1), &noisy(&still, noise, 2));
        assert!(motion.flow.data().iter().all(|&flow| flow == [0.0, 0.0]), "noise {noise}");
        assert!(motion.confidence.data().iter().all(|&confidence| confidence == 1.0), "noise {noise}");
        assert!(motion.camera == [0.0; 2] && motion.exposure == Exposure::default() && !motion.repeated);
    }
}

#[test]
fn a_repeated_frame_is_told() {
    let scene = Scene::new(5, Known::Shift(3.0, 0.0), 160, 96);
    let (mut estimator, mut motion) = (MotionEstimator::default(), Motion::default());
    estimator.estimate(&scene.frame(0), &scene.frame(1), &mut motion);
    assert!(!motion.repeated && motion.camera != [0.0; 2]);
    estimator.estimate(&scene.frame(1), &scene.frame(1), &mut motion);
    device::check(&scene.frame(1), &scene.frame(1), &motion);
    assert!(motion.repeated && !motion.scene_cut && motion.camera == [0.0; 2]);
    assert!(motion.flow.data().iter().all(|&flow| flow == [0.0, 0.0]));
    assert!(motion.confidence.data().iter().all(|&confidence| confidence == 1.0));
}

#[test]
fn a_step_of_exposure_moves_nothing_and_keeps_trust() {
    let scene = Scene::new(8, Known::Shift(2.0, 1.0), 256, 160);
    let (previous, current) = (scene.frame(0), scene.frame(1));
    for (gain, offset) in [(0.9, 0.08), (0.7, 0.0), (1.0, -0.1), (1.25, -0.1)] {
        let motion = estimate(&previous, &exposed(&current, gain, offset));
        let error = end_point_error(&motion.flow, &scene.flow(), inside((256, 160), 16));
        let trust = trust(&motion, inside((256, 160), 16));
        let Exposure { gain: found_gain, offset: found_offset } = motion.exposure;
        assert!((found_gain - gain).abs() < 0.05 && (found_offset - offset).abs() < 0.03, "{:?}", motion.exposure);
        assert!(error < 0.1 && trust > 0.9 && !motion.scene_cut, "{gain} {offset}: {error} px, confidence {trust}");
    }
}

#[test]
fn a_flash_is_no_cut_and_what_it_did_not_burn_out_is_kept() {
    let scene = Scene::new(12, Known::Shift(1.0, 0.5), 256, 160);
    for (gain, offset) in [(1.6, 0.1), (2.5, 0.2), (1.0, 0.9)] {
        let frames = [scene.frame(0), exposed(&scene.frame(1), gain, offset), scene.frame(2)];
        for pair in frames.windows(2) {
            assert!(!estimate(&pair[0], &pair[1]).scene_cut, "flash of {gain}, {offset}");
        }
        let after = estimate(&frames[1], &frames[2]);
        let around = inside((256, 160), 16);
        // A place is kept if the flash left it and its surroundings below white.
        let burnt = |x: usize, y: usize| (0..9).any(|j| (0..9).any(|i| frames[1].at(x + i - 4, y + j - 4) > 0.97));
        if (gain, offset) == (1.6, 0.1) {
            let trust = trust(&after, |x, y| around(x, y) && !burnt(x, y));
            assert!(trust > 0.85, "mean confidence {trust} after the flash");
        }
    }
}

#[test]
fn a_fade_to_black_and_back_is_no_cut_and_keeps_trust() {
    let scene = Scene::new(21, Known::Shift(1.5, 0.0), 256, 160);
    for step in 0..24 {
        let light = |step: usize| (step as f32 - 12.0).abs() / 12.0;
        let (previous, current) = (scene.frame(step), scene.frame(step + 1));
        let motion = estimate(&exposed(&previous, light(step), 0.0), &exposed(&current, light(step + 1), 0.0));
        assert!(!motion.scene_cut, "step {step}");
        // Where some light is left.
        if light(step).min(light(step + 1)) > 0.2 {
            let trust = trust(&motion, inside((256, 160), 16));
            let error = end_point_error(&motion.flow, &scene.flow(), inside((256, 160), 16));
            assert!(trust > 0.9 && error < 0.2, "step {step}: confidence {trust}, end-point error {error} px");
        }
    }
}

#[test]
fn light_that_rolls_over_the_picture_moves_nothing() {
    // Lamps that flicker under a rolling shutter: bands that wander down.
    let scene = Scene::new(30, Known::Shift(1.0, -1.5), 256, 160);
    let lit = |index: usize| {
        let plane = scene.frame(index);
        let band = |y: usize| 0.03 * (y as f32 * 0.05 + index as f32 * 2.0).sin();
        Plane::from_fn(256, 160, |x, y| plane.at(x, y) * (1.0 + band(y)))
    };
    let motion = estimate(&lit(0), &lit(1));
    let error = end_point_error(&motion.flow, &scene.flow(), inside((256, 160), 16));
    assert!(error < 0.15 && !motion.scene_cut, "end-point error {error} px");
}

#[test]
fn something_in_front_moves_on_its_own_and_what_it_uncovers_is_not_trusted() {
    let (width, height) = (320, 192);
    let (back, front) =
        (Scene::new(2, Known::Still, width, height), Scene::new(77, Known::Shift(-7.0, 3.0), width, height));
    let is_front = |index: usize, x: usize, y: usize| {
        let (left, top) = (100 + 7 * index, 60 - 3 * index);
        (left..left + 80).contains(&x) && (top..top + 70).contains(&y)
    };
    let frame = |index: usize| {
        let (back, front) = (back.frame(index), front.frame(index));
        let plane =
            Plane::from_fn(width, height, |x, y| if is_front(index, x, y) { front.at(x, y) } else { back.at(x, y) });
        noisy(&plane, 1.0, index as u64)
    };
    let motion = estimate(&frame(0), &frame(1));
    let truth = Plane::from_fn(width, height, |x, y| if is_front(1, x, y) { front.flow().at(0, 0) } else { [0.0; 2] });
    let near = |index: usize, x: usize, y: usize, reach: usize| {
        [(0, 0), (reach, 0), (0, reach), (reach, reach), (reach, 2 * reach), (2 * reach, reach), (2 * reach, 2 * reach)]
            .iter()
            .any(|(i, j)| is_front(index, (x + i).saturating_sub(reach), (y + j).saturating_sub(reach)))
    };
    // Well inside what moves, and well away from it.
    let (inner, outer) = (
        |x: usize, y: usize| (119..=174).contains(&x) && (69..=114).contains(&y),
        |x: usize, y: usize| !near(0, x, y, 12) && !near(1, x, y, 12),
    );
    let (error_front, error_back) =
        (end_point_error(&motion.flow, &truth, inner), end_point_error(&motion.flow, &truth, outer));
    println!("in front {error_front:.3} px, behind {error_back:.3} px");
    assert!(error_front < 0.15 && error_back < 0.02, "in front {error_front} px, behind {error_back} px");
    let uncovered = trust(&motion, |x, y| is_front(0, x, y) && !is_front(1, x, y));
    let (front, back) = (trust(&motion, inner), trust(&motion, outer));
    assert!(uncovered < 0.2 && front > 0.9 && back > 0.98, "uncovered {uncovered}, front {front}, back {back}");
    assert_eq!(motion.camera, [0.0; 2], "the camera stands still");
}

#[test]
fn the_cameras_motion_is_that_of_most_of_the_picture() {
    for (known, expected) in [
        (Known::Shift(4.0, -2.5), [4.0, -2.5]),
        (Known::Shift(0.0, 15.0), [0.0, 15.0]),
        (Known::Rotation(2.0), [0.0, 0.0]),
        (Known::Zoom(1.03), [0.0, 0.0]),
    ] {
        let scene = Scene::new(14, known, 320, 192);
        let other = Scene::new(15, Known::Shift(-5.0, 5.0), 320, 192);
        let frame = |index: usize| {
            let (back, front) = (scene.frame(index), other.frame(index));
            let columns = 40 + 5 * index..120 + 5 * index;
            let front_here = |x: usize, y: usize| columns.contains(&x) && (60..160).contains(&(y + 5 * index));
            Plane::from_fn(320, 192, |x, y| if front_here(x, y) { front.at(x, y) } else { back.at(x, y) })
        };
        let [dx, dy] = estimate(&frame(0), &frame(1)).camera;
        assert!((dx - expected[0]).hypot(dy - expected[1]) < 0.1, "{known:?}: {dx} {dy}");
    }
}

#[test]
fn what_appears_is_not_trusted() {
    let background = Scene::new(2, Known::Still, 160, 120);
    let (previous, mut current) = (background.frame(0), background.frame(1));
    let other = Scene::new(77, Known::Still, 160, 120).frame(0);
    for y in 40..80 {
        current.row_mut(y)[60..100].copy_from_slice(&other.row(y)[60..100]);
    }
    let motion = estimate(&previous, &current);
    let appeared = trust(&motion, |x, y| (60..100).contains(&x) && (40..80).contains(&y));
    let stayed = trust(&motion, |x, y| x >= 110 && y < 40);
    assert!(appeared < 0.3 && stayed > 0.95, "appeared {appeared}, stayed {stayed}");
}

#[test]
fn another_scene_of_the_same_brightness_is_a_cut() {
    for seed in 0..12 {
        let scene = |seed| Scene::new(seed, Known::Still, 256, 144).frame(0);
        let (before, after) = (scene(100 + seed), scene(200 + seed));
        let motion = estimate(&noisy(&before, 1.0, seed), &noisy(&after, 1.0, seed + 50));
        assert!(motion.scene_cut, "seed {seed}");
        assert!(motion.confidence.data().iter().all(|&value| value == 0.0));
        assert!(motion.flow.data().iter().all(|&value| value == [0.0, 0.0]));
        // The mirror image has the same histogram.
        let mirrored = Plane::from_fn(256, 144, |x, y| before.at(255 - x, y));
        assert!(estimate(&before, &mirrored).scene_cut, "seed {seed}, mirrored");
    }
}

#[test]
fn a_picture_after_black_is_a_cut() {
    let after = Scene::new(4, Known::Still, 96, 64).frame(0);
    assert!(estimate(&Plane::from_fn(96, 64, |x, _| if x == 0 { 0.1 } else { 0.0 }), &after).scene_cut);
}

#[test]
fn fast_motion_is_no_cut() {
    for known in [Known::Shift(30.0, 0.0), Known::Shift(-10.0, 20.0), Known::Zoom(1.12), Known::Rotation(6.0)] {
        let scene = Scene::new(4, known, 320, 180);
        assert!(!estimate(&scene.frame(0), &scene.frame(1)).scene_cut, "{known:?}");
    }
}

#[test]
fn nothing_of_a_dissolve_is_left_when_it_ends() {
    let (width, height) = (256, 160);
    let (from, to) =
        (Scene::new(40, Known::Still, width, height).frame(0), Scene::new(41, Known::Still, width, height).frame(0));
    for length in [6, 12, 25] {
        let frame = |index: usize| {
            let t = (index as f32 / length as f32).min(1.0);
            noisy(&mixed(&from, &to, t), 1.0, index as u64)
        };
        let (mut estimator, mut motion) = (MotionEstimator::default(), Motion::default());
        // A stand-in for what is carried: luma that keeps eight ninths of its past where it is trusted.
        let mut carried = frame(0);
        for index in 1..=length + 1 {
            let current = frame(index);
            estimator.estimate(&frame(index - 1), &current, &mut motion);
            device::check(&frame(index - 1), &current, &motion);
            carried = Plane::from_fn(width, height, |x, y| {
                let [dx, dy] = motion.flow.at(x, y);
                let past = carried.at_clamped((x as f32 + dx).round() as isize, (y as f32 + dy).round() as isize);
                let weight = motion.confidence.at(x, y) * 8.0 / 9.0;
                current.at(x, y) + weight * (past - current.at(x, y))
            });
        }
        let ghost = 255.0 * mean(&carried, |_, _| true, |x, y| (carried.at(x, y) - to.at(x, y)).abs());
        println!("dissolve of {length} frames: {ghost:.2} grey levels of the past are left");
        assert!(ghost < 6.0, "dissolve of {length} frames: {ghost} grey levels");
    }
}

#[test]
fn tiny_pictures_work() {
    for (width, height) in [(1, 1), (1, 9), (7, 2), (8, 8), (9, 21), (40, 40), (41, 19), (80, 45), (200, 3)] {
        let plane = |shift: usize| Plane::from_fn(width, height, |x, y| 0.1 * (x + y + shift) as f32 % 1.0);
        let motion = estimate(&plane(0), &plane(0));
        assert_eq!(motion.flow.size(), (width, height));
        assert!(motion.flow.data().iter().all(|&flow| flow == [0.0, 0.0]), "{width}x{height}");
        let motion = estimate(&plane(0), &plane(3));
        assert_eq!((motion.flow.size(), motion.confidence.size()), ((width, height), (width, height)));
        assert!(motion.flow.data().iter().flatten().all(|value| value.is_finite()), "{width}x{height}");
        assert!(motion.confidence.data().iter().all(|value| (0.0..=1.0).contains(value)), "{width}x{height}");
    }
}

#[test]
fn neither_threads_nor_levels_nor_earlier_frames_change_a_bit() {
    let scene = Scene::new(6, Known::Shift(3.3, -1.7), 200, 130);
    let other = Scene::new(9, Known::Zoom(1.1), 120, 90);
    let run = |threads: usize, level: Level, is_first: bool| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (mut estimator, mut motion) = (MotionEstimator::new(level), Motion::default());
            if !is_first {
                estimator.estimate(&other.frame(0), &other.frame(1), &mut motion);
            }
            estimator.estimate(&noisy(&scene.frame(0), 1.0, 1), &noisy(&scene.frame(1), 1.0, 2), &mut motion);
            motion
        })
    };
    let plain = run(1, Level::Plain, true);
    for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
        for (threads, is_first) in [(1, true), (3, false), (5, true)] {
            let found = run(threads, level, is_first);
            assert!(plain.flow == found.flow && plain.confidence == found.confidence, "{level}, {threads} threads");
            assert_eq!((plain.camera, plain.exposure), (found.camera, found.exposure));
        }
    }
}

#[test]
fn memory_is_used_again() {
    let scene = Scene::new(6, Known::Shift(3.3, -1.7), 200, 130);
    let frames: Vec<Plane> = (0..4).map(|index| scene.frame(index)).collect();
    let (mut estimator, mut motion) = (MotionEstimator::default(), Motion::default());
    let mut places = std::collections::BTreeSet::new();
    for round in 0..3 {
        for pair in frames.windows(2) {
            estimator.estimate(&pair[0], &pair[1], &mut motion);
            let place = (motion.flow.data().as_ptr() as usize, motion.confidence.data().as_ptr() as usize);
            // The flow changes places with that of the search, so there are two.
            let is_new = places.insert(place);
            assert!(!is_new || (round == 0 && places.len() <= 2), "new memory in round {round}");
        }
    }
}
