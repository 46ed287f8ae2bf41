use inkcast_frame::Plane;
use inkcast_kit::motion::{Motion as Known, Scene};
use inkcast_kit::noise::Random;

use super::*;

fn estimate(previous: &Plane, current: &Plane) -> Motion {
    let mut motion = Motion::default();
    MotionEstimator::default().estimate(previous, current, &mut motion);
    motion
}

/// Mean end-point error in pixels where the true flow stays `margin` pixels inside.
fn end_point_error(found: &Plane<[f32; 2]>, truth: &Plane<[f32; 2]>, margin: usize) -> f32 {
    let (width, height) = truth.size();
    let (mut sum, mut count) = (0.0, 0);
    for y in margin..height - margin {
        for x in margin..width - margin {
            let (f, t) = (found.at(x, y), truth.at(x, y));
            sum += (f[0] - t[0]).hypot(f[1] - t[1]);
            count += 1;
        }
    }
    sum / count as f32
}

#[test]
fn known_motion_is_found() {
    for (known, limit) in [
        (Known::Shift(1.0, 0.0), 0.05),
        (Known::Shift(0.4, -0.7), 0.05),
        (Known::Shift(-6.0, 9.0), 0.2),
        (Known::Shift(21.0, 5.5), 0.5),
        (Known::Rotation(1.5), 0.2),
        (Known::Zoom(1.02), 0.2),
    ] {
        let scene = Scene::new(3, known, 256, 160);
        let motion = estimate(&scene.frame(0), &scene.frame(1));
        let error = end_point_error(&motion.flow, &scene.flow(), 28);
        assert!(error < limit, "{known:?}: end-point error {error} px");
        let trust = motion.confidence.data().iter().sum::<f32>() / motion.confidence.data().len() as f32;
        assert!(trust > 0.7, "{known:?}: mean confidence {trust}");
    }
}

#[test]
fn a_still_picture_with_noise_does_not_move_at_all() {
    let still = Scene::new(5, Known::Still, 160, 96).frame(0);
    let noisy = |seed| {
        let mut random = Random::new(seed);
        Plane::from_fn(160, 96, |x, y| still.at(x, y) + random.between(-1.0, 1.0) / 255.0)
    };
    let motion = estimate(&noisy(1), &noisy(2));
    assert!(motion.flow.data().iter().all(|&flow| flow == [0.0, 0.0]));
    assert!(motion.confidence.data().iter().all(|&confidence| confidence == 1.0));
}

#[test]
fn a_step_of_exposure_moves_nothing() {
    let scene = Scene::new(8, Known::Shift(2.0, 1.0), 192, 128);
    let (previous, current) = (scene.frame(0), scene.frame(1));
    let brighter = Plane::from_fn(192, 128, |x, y| 0.9 * current.at(x, y) + 0.08);
    let motion = estimate(&previous, &brighter);
    let error = end_point_error(&motion.flow, &scene.flow(), 16);
    assert!(error < 0.25, "end-point error {error} px");
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
    let mean = |xs: std::ops::Range<usize>, ys: std::ops::Range<usize>| {
        let values = ys.flat_map(|y| motion.confidence.row(y)[xs.clone()].to_vec());
        values.sum::<f32>() / (40 * 40) as f32
    };
    let (inside, outside) = (mean(60..100, 40..80), mean(110..150, 0..40));
    assert!(inside < 0.5 && outside > 0.95, "inside {inside}, outside {outside}");
}

#[test]
fn another_scene_is_a_cut_and_a_pan_is_none() {
    let dark = Plane::from_fn(64, 48, |x, y| 0.2 + 0.1 * ((x * y) as f32 * 0.1).sin());
    let bright = Plane::from_fn(64, 48, |x, y| 0.7 + 0.1 * ((x + y) as f32 * 0.2).cos());
    let motion = estimate(&dark, &bright);
    assert!(motion.scene_cut && motion.confidence.data().iter().all(|&value| value == 0.0));
    let pan = Scene::new(4, Known::Shift(30.0, 0.0), 320, 180);
    assert!(!estimate(&pan.frame(0), &pan.frame(1)).scene_cut);
}

#[test]
fn tiny_pictures_work() {
    for (width, height) in [(1, 1), (1, 9), (7, 2), (8, 8), (9, 21)] {
        let plane = Plane::from_fn(width, height, |x, y| 0.1 * (x + y) as f32 % 1.0);
        let motion = estimate(&plane, &plane);
        assert_eq!(motion.flow.size(), (width, height));
        assert!(motion.flow.data().iter().all(|&flow| flow == [0.0, 0.0]), "{width}x{height}");
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let scene = Scene::new(6, Known::Shift(3.3, -1.7), 200, 130);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| estimate(&scene.frame(0), &scene.frame(1)))
    };
    let (one, three) = (run(1), run(3));
    assert!(one.flow == three.flow && one.confidence == three.confidence);
}
