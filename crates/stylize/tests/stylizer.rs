//! The frame path as a whole, with the embedded model on the CPU.

use inkcast_frame::{Format, FrameInfo, OwnedFrame, Picture};
use inkcast_generator::Package;
use inkcast_kit::measure::{mean_abs_diff, psnr};
use inkcast_kit::motion::{Motion, Scene};
use inkcast_kit::noise::Random;
use inkcast_stylize::{
    Compare, Compute, DeviceChoice, Report, Screen, ScreenAnchor, Settings, StylizeError, Stylizer, WARM_UP,
    WorkingSize,
};

fn stylizer(threads: usize) -> Stylizer {
    Stylizer::new(Package::embedded().unwrap(), Compute { threads, ..Compute::default() }).unwrap()
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

    // Black, and black but for a bright edge, as bars or a damaged capture leave it.
    for edge in [0, 25, 255] {
        let mut cut = stylizer(1);
        let black = frame(&Picture::from_fn(96, 64, |x, _| [if x == 0 { edge } else { 0 }; 4]));
        run(&mut cut, &black, &full);
        let (after, report) = run(&mut cut, &frames[2], &full);
        assert!(report.scene_cut, "an edge of {edge}");
        assert_eq!(after, alone, "an edge of {edge}");
    }
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

    let error =
        Stylizer::new(Package::embedded().unwrap(), Compute { device: DeviceChoice::Cuda(97), ..Compute::default() })
            .unwrap_err()
            .to_string();
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

#[test]
fn a_repeated_frame_gives_the_same_result_again() {
    let mut stylizer = stylizer(1);
    let frames = noisy_still(3);
    let last = frames.iter().fold(None, |_, source| Some(run(&mut stylizer, source, &settings(1.0)).0)).unwrap();
    for _ in 0..2 {
        let (again, report) = run(&mut stylizer, &frames[2], &settings(1.0));
        assert!(report.repeated);
        assert_eq!(again, last);
    }
    // Other settings still count.
    let (weak, report) = run(&mut stylizer, &frames[2], &Settings { strength: 0.5, ..settings(1.0) });
    assert!(report.repeated);
    assert_ne!(weak, last);
    assert!(!run(&mut stylizer, &frames[0], &settings(1.0)).1.repeated);
}

#[test]
fn colour_alone_makes_another_frame() {
    // The same luma to the last bit, by its weights, but another colour.
    let picture = |r, g, b| frame(&Picture::from_fn(64, 48, |x, _| if x < 32 { [r, g, b, 0] } else { [200; 4] }));
    let (one, other) = (picture(200, 100, 50), picture(196, 101, 52));
    let mut stylizer = stylizer(1);
    let mut luma = [inkcast_frame::Picture::default(), inkcast_frame::Picture::default()];
    for (frame, picture) in [&one, &other].into_iter().zip(&mut luma) {
        inkcast_kernels::ingest::ingest(inkcast_kernels::Level::Plain, &frame.view(), picture);
    }
    assert_eq!(luma[0].at(0, 0)[3], luma[1].at(0, 0)[3], "the colours were chosen to have the same luma");
    run(&mut stylizer, &one, &settings(1.0));
    assert!(!run(&mut stylizer, &other, &settings(1.0)).1.repeated);
}

#[test]
fn flicker_is_reported_and_falls() {
    let mut stylizer = stylizer(1);
    let flicker: Vec<Option<f32>> =
        noisy_still(14).iter().map(|source| run(&mut stylizer, source, &settings(1.0)).1.flicker).collect();
    assert_eq!(flicker[0], None);
    let (early, late) = (flicker[1].unwrap(), flicker[13].unwrap());
    assert!(late < 0.5 * early, "{early} grey levels at first, {late} in the end");
}

#[test]
fn every_style_can_be_had_without_dots() {
    let source = &pan(1)[0];
    let grey_steps = |screen| {
        let settings = Settings { style: "manga".to_string(), screen, ..Settings::default() };
        let (comic, _) = run(&mut stylizer(1), source, &settings);
        comic.plane(0).windows(4).filter(|pair| pair[0].abs_diff(pair[3]) > 16).count()
    };
    let (dots, flat) = (grey_steps(Screen::Style), grey_steps(Screen::None));
    assert!(flat * 2 < dots, "{flat} steps without dots, {dots} with them");
}

#[test]
fn dots_anchored_to_the_scene_follow_the_camera() {
    // A flat grey world with marks that show its motion, four pixels to the left with each frame.
    let world = |index: usize| {
        let scene = Scene::new(4, Motion::Shift(4.0, 0.0), 192, 96);
        frame(&scene.picture(index))
    };
    let last = |screen_anchor, steadiness| {
        let settings =
            Settings { style: "manga".to_string(), screen_anchor, screen_size_px: 9.0, ..settings(steadiness) };
        let mut stylizer = stylizer(1);
        [0, 1].map(|index| run(&mut stylizer, &world(index), &settings).0)
    };
    // How well the second frame is the first one moved, over the middle of the picture.
    let error = |[before, after]: &[OwnedFrame; 2]| {
        let row = |frame: &OwnedFrame, y: usize, x: usize| f64::from(frame.plane(0)[(y * 192 + x) * 3]);
        let pixels = (20..76).flat_map(|y| (20..168).map(move |x| (y, x)));
        pixels.map(|(y, x)| (row(after, y, x) - row(before, y, x + 4)).abs()).sum::<f64>() / (56.0 * 148.0)
    };
    let (page, scene) = (error(&last(ScreenAnchor::Page, 1.0)), error(&last(ScreenAnchor::Scene, 1.0)));
    // Dots follow without steadiness too, but then lines are drawn anew.
    assert_ne!(last(ScreenAnchor::Page, 0.0), last(ScreenAnchor::Scene, 0.0));
    assert!(scene < 0.6 * page, "{page} grey levels off with dots on the page, {scene} with dots on the scene");
}

#[test]
fn a_stream_cut_in_pieces_joins_with_warm_up_frames() {
    let frames = pan(40);
    let play = |from: usize| {
        let mut stylizer = stylizer(1);
        frames[from..].iter().map(|source| run(&mut stylizer, source, &settings(0.5)).0).collect::<Vec<_>>()
    };
    let whole = play(0);
    // With half the steadiness hardly more than four frames count; what is left of the start fades with each frame.
    let difference = |warm_up: usize| {
        let piece = play(30 - warm_up);
        mean_abs_diff(piece[warm_up].plane(0), whole[30].plane(0))
    };
    let (without, with) = (difference(0), difference(WARM_UP));
    assert!(with < 0.25 && with < without / 4.0, "{without} grey levels off without warm-up, {with} with it");
}

#[test]
fn a_piece_that_begins_at_a_cut_is_the_same_bit_for_bit() {
    let scene = |seed, shift| {
        let scene = Scene::new(seed, Motion::Shift(shift, 1.0), 320, 180);
        (0..5).map(move |index| frame(&scene.picture(index)))
    };
    let frames: Vec<OwnedFrame> = scene(4, 1.5).take(4).chain(scene(77, -2.0)).collect();
    let anchored = Settings { style: "manga".to_string(), screen_anchor: ScreenAnchor::Scene, ..settings(1.0) };
    for settings in [settings(1.0), anchored] {
        let mut stylizer = stylizer(1);
        let whole: Vec<_> = frames.iter().map(|source| run(&mut stylizer, source, &settings)).collect();
        assert!(whole[4].1.scene_cut, "the test's cut was not seen");
        let mut fresh = self::stylizer(2);
        for (source, (expected, _)) in frames[4..].iter().zip(&whole[4..]) {
            assert_eq!(run(&mut fresh, source, &settings).0, *expected);
        }
    }
}

#[test]
fn a_smaller_working_size_keeps_the_look() {
    let source = photo();
    let info = source.info();
    let at = |working_size| {
        let (comic, report) = run(&mut stylizer(1), &source, &Settings { working_size, ..Settings::default() });
        (comic, report.working_size)
    };
    let (full, size) = at(WorkingSize::Full);
    assert_eq!(size, (info.width, info.height));
    let (half, size) = at(WorkingSize::Within { width: info.width / 2, height: info.height / 2 });
    assert_eq!(size, (info.width / 2, info.height / 2));
    let change = mean_abs_diff(full.plane(0), source.plane(0));
    let off = mean_abs_diff(half.plane(0), full.plane(0));
    assert!(off < change, "{off} grey levels off, where the style itself changes {change}");
    // Larger than the picture is the picture.
    assert_eq!(at(WorkingSize::Within { width: 4000, height: 4000 }).0, full);
}

#[test]
fn guided_layers_are_nearer_to_the_full_size_than_an_enlarged_comic() {
    let source = photo();
    let info = *source.info();
    let full = run(&mut stylizer(1), &source, &Settings::default()).0;
    let working_size = WorkingSize::Within { width: info.width / 2, height: info.height / 2 };
    let guided = run(&mut stylizer(1), &source, &Settings { working_size, ..Settings::default() }).0;

    // The plain way: the small comic, enlarged linearly.
    let small = shrunk(&source);
    let comic = run(&mut stylizer(1), &small, &Settings::default()).0;
    let enlarged = enlarged(&comic, info.width, info.height);
    let (guided, plain) =
        (mean_abs_diff(guided.plane(0), full.plane(0)), mean_abs_diff(enlarged.plane(0), full.plane(0)));
    assert!(guided < plain, "{guided} grey levels off the full size, plain enlarging is {plain} off");
}

/// A still from the assets, half its size.
fn photo() -> OwnedFrame {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/street.jpg");
    let picture = image::open(path).unwrap().to_rgb8();
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let info = FrameInfo::new(Format::Rgb, width, height).unwrap();
    shrunk(&OwnedFrame::from_planes(info, vec![picture.into_raw()]).unwrap())
}

/// Means of 2x2 pixels.
fn shrunk(frame: &OwnedFrame) -> OwnedFrame {
    let (width, height) = (frame.info().width / 2, frame.info().height / 2);
    let at = |x: usize, y: usize, c: usize| u32::from(frame.plane(0)[(y * frame.info().width + x) * 3 + c]);
    let pixels = (0..height).flat_map(|y| (0..width).flat_map(move |x| (0..3).map(move |c| (x, y, c))));
    let mean = |(x, y, c)| {
        let sum = at(2 * x, 2 * y, c) + at(2 * x + 1, 2 * y, c) + at(2 * x, 2 * y + 1, c) + at(2 * x + 1, 2 * y + 1, c);
        ((sum + 2) / 4) as u8
    };
    let info = FrameInfo::new(Format::Rgb, width, height).unwrap();
    OwnedFrame::from_planes(info, vec![pixels.map(mean).collect()]).unwrap()
}

/// Linear interpolation between the centres of pixels.
fn enlarged(frame: &OwnedFrame, width: usize, height: usize) -> OwnedFrame {
    let small = (frame.info().width, frame.info().height);
    let place = |at: usize, large: usize, small: usize| {
        let position = ((at as f64 + 0.5) * small as f64 / large as f64 - 0.5).clamp(0.0, small as f64 - 1.0);
        (position as usize, (position as usize + 1).min(small - 1), position.fract())
    };
    let at = |x: usize, y: usize, c: usize| f64::from(frame.plane(0)[(y * small.0 + x) * 3 + c]);
    let mut bytes = Vec::new();
    for y in 0..height {
        let (upper, lower, down) = place(y, height, small.1);
        for x in 0..width {
            let (left, right, across) = place(x, width, small.0);
            for c in 0..3 {
                let row = |y| at(left, y, c) * (1.0 - across) + at(right, y, c) * across;
                bytes.push((row(upper) * (1.0 - down) + row(lower) * down).round() as u8);
            }
        }
    }
    OwnedFrame::from_planes(FrameInfo::new(Format::Rgb, width, height).unwrap(), vec![bytes]).unwrap()
}

#[test]
fn the_working_size_is_chosen_by_the_time_there_is() {
    let source = &pan(1)[0];
    let last = |budget| {
        let mut stylizer = stylizer(1);
        let settings = Settings {
            steadiness: 0.0,
            working_size: WorkingSize::Auto,
            frame_budget: Some(std::time::Duration::from_nanos(budget)),
            ..Settings::default()
        };
        (0..80).fold((0, 0), |_, _| run(&mut stylizer, source, &settings).1.working_size)
    };
    assert_eq!(last(3_600_000_000_000), (96, 64), "an hour a frame");
    assert_eq!(last(1), (36, 24), "a nanosecond a frame");
}
