//! Whole frames on a CUDA device against the CPU. Without a device the tests say so and pass, unless
//! `REQUIRE_VARIANTS` names `cuda`.
#![cfg(feature = "cuda")]

use inkcast_frame::{Format, FrameInfo, OwnedFrame, Picture};
use inkcast_generator::{Package, Precision};
use inkcast_kit::measure::psnr;
use inkcast_kit::motion::{Motion, Scene};
use inkcast_kit::variants;
use inkcast_stylize::{
    Compare, Compute, DeviceChoice, PrecisionChoice, Report, ScreenAnchor, Settings, Stylizer, WorkingSize,
};

/// A stylizer on the device, if there is one.
fn on_the_card() -> Option<Stylizer> {
    match DeviceChoice::Cuda(0).check() {
        Ok(()) => Some(stylizer(DeviceChoice::Cuda(0))),
        Err(error) => {
            assert!(!variants::is_required("cuda"), "{}: {error}", variants::REQUIRE);
            println!("skipped: {error}");
            None
        }
    }
}

fn stylizer(device: DeviceChoice) -> Stylizer {
    let precision = PrecisionChoice(Precision::F32);
    Stylizer::new(Package::embedded().unwrap(), Compute { device, precision, threads: 2, ..Compute::default() })
        .unwrap()
}

fn draw(stylizer: &mut Stylizer, source: &OwnedFrame, settings: &Settings) -> (OwnedFrame, Report) {
    let info = source.info();
    let width = settings.compare.output_width(info.width);
    let mut output = OwnedFrame::new(FrameInfo { width, ..*info });
    let report = stylizer.process(&source.view(), &mut output.view_mut(), settings).unwrap();
    (output, report)
}

fn rgb(picture: &Picture) -> OwnedFrame {
    let bytes = picture.data().iter().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    OwnedFrame::from_planes(FrameInfo::new(Format::Rgb, picture.width(), picture.height()).unwrap(), vec![bytes])
        .unwrap()
}

/// Frames that move, one of them twice, then those of another scene.
fn clip(width: usize, height: usize) -> Vec<OwnedFrame> {
    let scene = |seed| Scene::new(seed, Motion::Shift(1.5, -0.5), width, height);
    let (one, other) = (scene(4), scene(77));
    let frames = [0, 1, 2, 2, 3, 4].map(|index| rgb(&one.picture(index)));
    frames.into_iter().chain([0, 1, 2].map(|index| rgb(&other.picture(index)))).collect()
}

#[test]
fn frames_are_those_of_the_cpu_on_the_card() {
    let Some(mut card) = on_the_card() else { return };
    let mut cpu = stylizer(DeviceChoice::Cpu);
    for (style, screen_anchor, working_size) in [
        ("ink", ScreenAnchor::Page, WorkingSize::Full),
        ("halftone", ScreenAnchor::Scene, WorkingSize::Full),
        ("manga", ScreenAnchor::Page, WorkingSize::Within { width: 160, height: 160 }),
    ] {
        let settings = Settings { style: style.to_string(), screen_anchor, working_size, ..Settings::default() };
        card.reset();
        cpu.reset();
        for (index, source) in clip(320, 180).iter().enumerate() {
            let (expected, report) = draw(&mut cpu, source, &settings);
            let (drawn, found) = draw(&mut card, source, &settings);
            let psnr = psnr(drawn.plane(0), expected.plane(0));
            println!("{style}, frame {index}: {psnr:.1} dB, {found:?}");
            assert!(psnr > 36.0, "{style}, frame {index}: {psnr} dB");
            assert_eq!(
                (found.scene_cut, found.repeated),
                (report.scene_cut, report.repeated),
                "{style}, frame {index}"
            );
            assert!((found.carried - report.carried).abs() < 0.02, "{found:?} {report:?}");
        }
    }
}

#[test]
fn recorded_launches_draw_what_single_ones_do_on_the_card() {
    let (Some(mut recorded), Some(mut single)) = (on_the_card(), on_the_card()) else { return };
    let settings = Settings::default();
    let frames = clip(320, 180);
    // In both sets of buffers every way was taken before, and so is recorded.
    for _ in 0..3 {
        frames.iter().for_each(|source| drop(draw(&mut recorded, source, &settings)));
        recorded.reset();
    }
    for (index, source) in frames.iter().take(3).enumerate() {
        let (expected, _) = draw(&mut single, source, &settings);
        let (drawn, _) = draw(&mut recorded, source, &settings);
        assert!(drawn == expected, "frame {index}");
    }
}

#[test]
fn every_format_and_size_passes_on_the_card() {
    let Some(mut card) = on_the_card() else { return };
    let mut cpu = stylizer(DeviceChoice::Cpu);
    for format in Format::ALL {
        for (width, height) in [(1, 1), (33, 17), (128, 72)] {
            let info = FrameInfo::new(format, width, height).unwrap();
            let planes = (0..format.planes()).map(|plane| {
                let layout = format.plane_layout(plane, width, height);
                (0..layout.row_bytes * layout.rows).map(|at| (at * 37 % 251) as u8).collect()
            });
            let source = OwnedFrame::from_planes(info, planes.collect()).unwrap();
            for compare in [Compare::None, Compare::Split, Compare::SideBySide] {
                let settings = Settings { compare, ..Settings::default() };
                card.reset();
                cpu.reset();
                let (expected, _) = draw(&mut cpu, &source, &settings);
                let (drawn, _) = draw(&mut card, &source, &settings);
                let psnr = psnr(drawn.plane(0), expected.plane(0));
                assert!(psnr > 30.0, "{format:?} {width}x{height} {compare:?}: {psnr} dB");
            }
            let nothing = Settings { strength: 0.0, ..Settings::default() };
            assert!(draw(&mut card, &source, &nothing).0 == source, "{format:?}: the source, bit for bit");
        }
    }
}
