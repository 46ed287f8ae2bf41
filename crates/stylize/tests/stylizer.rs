//! The frame path as a whole, with the embedded model on the CPU.

use inkcast_frame::{Format, FrameInfo, OwnedFrame, Picture};
use inkcast_generator::Package;
use inkcast_kit::measure::{mean_abs_diff, psnr};
use inkcast_kit::motion::{Motion, Scene};
use inkcast_kit::noise::Random;
use inkcast_stylize::{Compare, DeviceChoice, Report, Settings, StylizeError, Stylizer};

fn stylizer(threads: usize) -> Stylizer {
    Stylizer::new(Package::embedded().unwrap(), DeviceChoice::Cpu, threads).unwrap()
}

fn settings(steadiness: f32) -> Settings {
    Settings { steadiness, ..Settings::default() }
}

fn frame(picture: &Picture) -> OwnedFrame {
    let bytes = picture.data().iter().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    OwnedFrame::from_planes(FrameInfo::new(Format::Rgb, picture.width(), picture.height()).unwrap(), vec![bytes])
        .unwrap()
}

fn run(stylizer: &mut Stylizer, source: &OwnedFrame, settings: &Settings) -> (OwnedFrame, Report) {
    let info = source.info();
    let width = settings.compare.output_width(info.width);
    let mut output = OwnedFrame::new(FrameInfo { width, ..*info });
    let report = stylizer.process(&source.view(), &mut output.view_mut(), settings).unwrap();
    (output, report)
}

fn pan(count: usize) -> Vec<OwnedFrame> {
    let scene = Scene::new(4, Motion::Shift(1.5, -0.5), 96, 64);
    (0..count).map(|index| frame(&scene.picture(index))).collect()
}

/// A still scene under camera noise of two code values.
fn noisy_still(count: usize) -> Vec<OwnedFrame> {
    let scene = Scene::new(9, Motion::Still, 96, 64).picture(0);
    let mut random = Random::new(1);
    let mut noisy = || {
        let mut picture = scene.clone();
        for value in picture.data_mut().as_flattened_mut() {
            *value = (f32::from(*value) + random.between(-2.0, 2.0)).round() as u8;
        }
        frame(&picture)
    };
    (0..count).map(|_| noisy()).collect()
}

#[test]
fn strength_goes_from_the_source_to_the_style() {
    let source = &pan(1)[0];
    let at = |strength| run(&mut stylizer(1), source, &Settings { strength, ..Settings::default() }).0;
    assert_eq!(at(0.0), *source);
    let (half, full) = (at(0.5), at(1.0));
    let change = mean_abs_diff(full.plane(0), source.plane(0));
    assert!(change > 2.0, "the full style changes the picture by only {change} grey levels");
    let half_way = mean_abs_diff(half.plane(0), source.plane(0));
    assert!((half_way - change / 2.0).abs() < 0.5, "{half_way} is not half of {change}");
}

#[test]
fn threads_do_not_change_a_bit() {
    let results: Vec<Vec<OwnedFrame>> = [1, 2, 3]
        .map(|threads| {
            let mut stylizer = stylizer(threads);
            pan(3).iter().map(|source| run(&mut stylizer, source, &settings(0.8)).0).collect()
        })
        .into();
    assert!(results[0] == results[1] && results[1] == results[2]);
}

#[test]
fn steadiness_calms_noise_in_a_still_scene() {
    let flicker = |steadiness| {
        let mut stylizer = stylizer(1);
        let frames = noisy_still(12);
        let output: Vec<OwnedFrame> =
            frames.iter().map(|source| run(&mut stylizer, source, &settings(steadiness)).0).collect();
        let changes = output[6..].windows(2).map(|pair| mean_abs_diff(pair[0].plane(0), pair[1].plane(0)));
        changes.sum::<f64>() / 5.0
    };
    let (without, with) = (flicker(0.0), flicker(1.0));
    assert!(with < without / 3.0, "{without} grey levels of flicker per frame, {with} with full steadiness");
}

#[test]
fn the_carried_picture_follows_motion_without_blur() {
    let mut stylizer = stylizer(1);
    let frames = pan(8);
    let mut last = (frames[0].clone(), Report::default());
    for source in &frames {
        last = run(&mut stylizer, source, &settings(1.0));
    }
    let (alone, _) = run(&mut self::stylizer(1), &frames[7], &settings(1.0));
    assert!(last.1.carried > 0.5, "only {} of the previous frame is used", last.1.carried);
    let psnr = psnr(last.0.plane(0), alone.plane(0));
    assert!(psnr > 26.0, "{psnr} dB between the carried picture and one drawn anew");
}

#[test]
fn the_first_frame_after_a_reset_a_cut_or_a_change_of_size_stands_alone() {
    let frames = pan(3);
    let full = settings(1.0);
    let alone = run(&mut stylizer(1), &frames[2], &full).0;

    let mut reset = stylizer(1);
    run(&mut reset, &frames[0], &full);
    assert_ne!(run(&mut reset, &frames[2], &full).0, alone, "the history has no effect, so this test shows nothing");
    reset.reset();
    assert_eq!(run(&mut reset, &frames[2], &full).0, alone);

    let mut resized = stylizer(1);
    run(&mut resized, &frame(&Scene::new(1, Motion::Still, 50, 33).picture(0)), &full);
    assert_eq!(run(&mut resized, &frames[2], &full).0, alone);

    let mut cut = stylizer(1);
    let black = frame(&Picture::from_fn(96, 64, |x, _| [if x == 0 { 25 } else { 0 }; 4]));
    run(&mut cut, &black, &full);
    let (after, report) = run(&mut cut, &frames[2], &full);
    assert!(report.scene_cut);
    assert_eq!(after, alone);
}

#[test]
fn another_style_starts_anew() {
    let frames = pan(2);
    let style = |name: &str| Settings { style: name.to_string(), ..settings(1.0) };
    let mut changed = stylizer(1);
    run(&mut changed, &frames[0], &style("ink"));
    let halftone = run(&mut changed, &frames[1], &style("halftone")).0;
    assert_eq!(halftone, run(&mut stylizer(1), &frames[1], &style("halftone")).0);
    assert_ne!(halftone, run(&mut stylizer(1), &frames[1], &style("ink")).0);

    let mut output = OwnedFrame::new(*frames[0].info());
    let error = changed.process(&frames[0].view(), &mut output.view_mut(), &style("oil")).unwrap_err().to_string();
    assert!(error.contains("\"oil\"") && error.contains("ink") && error.contains("halftone"), "{error}");
}

#[test]
fn comparisons_show_the_source() {
    let source = &pan(1)[0];
    let with = |compare| run(&mut stylizer(1), source, &Settings { compare, ..Settings::default() }).0;
    let plain = with(Compare::None);
    let (row, width) = (source.view(), 3 * 96);

    let both = with(Compare::SideBySide);
    assert_eq!(both.info().width, 192);
    for y in 0..64 {
        assert_eq!(&both.view().row(0, y)[..width], row.row(0, y));
        assert_eq!(&both.view().row(0, y)[width..], plain.view().row(0, y));
    }
    let split = with(Compare::Split);
    for y in 0..64 {
        assert_eq!(split.view().row(0, y)[..width / 2], row.row(0, y)[..width / 2]);
        assert_eq!(split.view().row(0, y)[width / 2 + 3..], plain.view().row(0, y)[width / 2 + 3..]);
    }
}

#[test]
fn wrong_sizes_and_devices_are_refused() {
    let source = &pan(1)[0];
    let mut output = OwnedFrame::new(FrameInfo::new(Format::Rgb, 96, 63).unwrap());
    let error = stylizer(1).process(&source.view(), &mut output.view_mut(), &Settings::default()).unwrap_err();
    assert!(matches!(error, StylizeError::OutputSize { expected_height: 64, height: 63, .. }), "{error}");

    let error = Stylizer::new(Package::embedded().unwrap(), DeviceChoice::Cuda(97), 1).unwrap_err().to_string();
    assert!(error.contains("cuda:97") && error.contains("cannot be used"), "{error}");
}

#[test]
fn every_size_from_one_pixel_up_works() {
    let mut stylizer = stylizer(2);
    for format in Format::ALL {
        for (width, height) in [(1, 1), (1, 2), (2, 1), (3, 5), (17, 4), (33, 47)] {
            let source = inkcast_kit::noise::frame(FrameInfo::new(format, width, height).unwrap(), 3);
            for _ in 0..2 {
                let (output, _) = run(&mut stylizer, &source, &settings(1.0));
                assert_eq!(output.info(), source.info());
            }
        }
    }
}
