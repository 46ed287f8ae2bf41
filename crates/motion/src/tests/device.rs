use inkcast_frame::Picture;
use inkcast_kernels::confidence;
use inkcast_kernels::motion::MotionReport;

use super::*;

/// Checks that the passes of the device, with their bodies compiled for the host, find the same, bit for bit.
pub fn check(previous: &Plane, current: &Plane, expected: &Motion) {
    let found = inkcast_device::motion::estimate(previous, current, None, false, 0.0);
    let MotionReport { confidence: steps, scene_cut, camera, gain, offset, .. } = found.report;
    let (width, height) = current.size();
    for y in 0..height {
        assert_eq!(found.flow.row(y), expected.flow.row(y), "flow in row {y} of {width}x{height}");
        assert_eq!(found.confidence.row(y), expected.confidence.row(y), "confidence in row {y} of {width}x{height}");
    }
    assert_eq!((scene_cut != 0, found.report.repeated()), (expected.scene_cut, expected.repeated), "cut, repeated");
    assert_eq!((camera, Exposure { gain, offset }), (expected.camera, expected.exposure), "camera, exposure");
    let verdict = if expected.scene_cut { 1 } else { 2 * u32::from(expected.repeated) };
    assert_eq!((found.verdict, found.camera), (verdict, expected.camera), "verdict, camera");
    let mean = steps as f32 / confidence::CONFIDENCE_STEPS / (width * height) as f32;
    assert!((mean - confidence::mean(&expected.confidence)).abs() < 1e-6, "mean confidence {mean}");
}

#[test]
fn a_repeated_frame_has_the_same_picture_too() {
    let luma = Scene::new(5, Known::Still, 60, 40).frame(0);
    let picture = Picture::from_fn(120, 80, |x, y| [x as u8, y as u8, 3, 4]);
    let mut other = picture.clone();
    other.row_mut(79)[119][2] = 9;
    let report = |pictures| inkcast_device::motion::estimate(&luma, &luma, Some(pictures), false, 0.0).report;
    assert!(report([&picture, &picture]).repeated());
    assert!(!report([&picture, &other]).repeated());
    let verdict = |pictures| inkcast_device::motion::estimate(&luma, &luma, Some(pictures), false, 0.0).verdict;
    assert_eq!((verdict([&picture, &picture]), verdict([&picture, &other])), (2, 0));
    // Motion has nothing to look for in either.
    assert_eq!((report([&picture, &other]).luma_differs, report([&picture, &other]).scene_cut), (0, 0));
}

#[test]
fn a_first_frame_has_no_past() {
    let luma = Scene::new(5, Known::Still, 60, 40).frame(0);
    // Whatever lies where the previous frame would be.
    let nothing = Plane::from_fn(60, 40, |x, _| if x % 2 == 0 { f32::NAN } else { f32::INFINITY });
    let found = inkcast_device::motion::estimate(&nothing, &luma, None, true, 0.0);
    assert!(found.report.scene_cut != 0 && !found.report.repeated() && found.verdict == 1);
    assert!(found.flow.data().iter().all(|&flow| flow == [0.0; 2]));
    assert!(found.confidence.data().iter().all(|&confidence| confidence == 0.0));
}

#[test]
fn a_frame_that_hardly_anything_is_known_of_is_a_cut() {
    let scene = Scene::new(5, Known::Shift(2.0, 1.0), 120, 80);
    let (previous, current) = (scene.frame(0), scene.frame(1));
    let mean = confidence::mean(&estimate(&previous, &current).confidence);
    for (least, is_cut) in [(mean - 1e-3, false), (mean + 1e-3, true)] {
        let found = inkcast_device::motion::estimate(&previous, &current, None, false, least);
        assert_eq!(found.report.scene_cut != 0, is_cut, "a mean confidence of {mean}, at least {least}");
    }
}
