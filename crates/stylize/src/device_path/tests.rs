//! The sequence that devices run, on the CPU, against the stylizer: the same frames and reports, bit for bit.

use std::time::Duration;

use inkcast_frame::{Format, FrameInfo, OwnedFrame, Picture};
use inkcast_generator::Package;
use inkcast_kit::motion::{Motion, Scene};

use super::host::HostMachine;
use super::{DevicePath, Ends};
use crate::{Compare, Compute, Report, ScreenAnchor, Settings, Stylizer, WorkingSize};

/// Both ways side by side.
struct Both {
    stylizer: Stylizer,
    path: DevicePath<HostMachine>,
}

impl Both {
    fn new() -> Self {
        let package = Package::embedded().unwrap();
        let compute = Compute { threads: 1, ..Compute::default() };
        let machine = HostMachine::new(package.clone()).unwrap();
        Both { stylizer: Stylizer::new(package, compute).unwrap(), path: DevicePath::new(machine) }
    }

    fn reset(&mut self) {
        self.stylizer.reset();
        self.path.reset();
    }

    /// Draws a frame on both ways, compares them and returns the report.
    #[track_caller]
    fn draw(&mut self, source: &OwnedFrame, settings: &Settings) -> Report {
        let info = *source.info();
        let output = FrameInfo { width: settings.compare.output_width(info.width), ..info };
        let [mut expected, mut drawn] = [(); 2].map(|()| OwnedFrame::new(output));
        let report = self.stylizer.process(&source.view(), &mut expected.view_mut(), settings).unwrap();
        let index = self.stylizer.styles().iter().position(|style| style.name == settings.style).unwrap();
        let working = settings.working_size.of((info.width, info.height), 1.0);
        let style = (index, &self.stylizer.styles()[index]);
        let bring = |machine: &mut HostMachine| {
            machine.upload(source);
            Ok(())
        };
        let take = |machine: &mut HostMachine| {
            drawn = machine.download();
            Ok(())
        };
        let ends = Ends { input: info, output, is_fetched: true };
        let same = self.path.process(ends, style, settings, working, bring, take).unwrap();
        let without_times = |report: Report| Report { stages: [Duration::ZERO; 7], ..report };
        assert_eq!(without_times(same), without_times(report));
        assert!(drawn == expected, "the frames differ");
        report
    }
}

fn settings(style: &str) -> Settings {
    Settings { style: style.to_string(), ..Settings::default() }
}

fn rgb(picture: &Picture) -> OwnedFrame {
    let bytes = picture.data().iter().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    OwnedFrame::from_planes(FrameInfo::new(Format::Rgb, picture.width(), picture.height()).unwrap(), vec![bytes])
        .unwrap()
}

/// Frames of a scene that moves.
fn moving(seed: u64, (width, height): (usize, usize), count: usize) -> Vec<OwnedFrame> {
    let scene = Scene::new(seed, Motion::Shift(1.5, -0.5), width, height);
    (0..count).map(|index| rgb(&scene.picture(index))).collect()
}

#[test]
fn a_scene_that_moves_is_carried_along() {
    let mut both = Both::new();
    let reports: Vec<Report> = moving(4, (96, 64), 6).iter().map(|frame| both.draw(frame, &settings("ink"))).collect();
    assert!(reports[5].carried > 0.3, "{reports:?}");
}

#[test]
fn a_cut_and_a_repeated_frame_take_the_same_launches() {
    let mut both = Both::new();
    let (one, other) = (moving(4, (96, 64), 3), moving(77, (96, 64), 3));
    let sequence = [&one[0], &one[1], &one[1], &one[2], &other[0], &other[1], &other[1], &other[1], &one[0]];
    let reports: Vec<Report> = sequence.iter().map(|frame| both.draw(frame, &settings("halftone"))).collect();
    let repeated: Vec<bool> = reports.iter().map(|report| report.repeated).collect();
    assert_eq!(repeated, [false, false, true, false, false, false, true, true, false]);
    assert!(reports[4].scene_cut && reports[8].scene_cut, "{reports:?}");
}

#[test]
fn what_ends_a_history_ends_it_on_both_ways() {
    let mut both = Both::new();
    let frames = moving(4, (96, 64), 4);
    let steady = settings("manga");
    both.draw(&frames[0], &steady);
    both.draw(&frames[1], &steady);
    both.reset();
    assert_eq!(both.draw(&frames[2], &steady).carried, 0.0);
    assert!(both.draw(&frames[3], &steady).carried > 0.1);
    // Another size, and back; sides that are no multiples of anything.
    for frame in moving(5, (51, 37), 3).iter().chain(&frames) {
        both.draw(frame, &steady);
    }
    // Nothing is kept, then it is again: what was drawn meanwhile is there.
    for steadiness in [0.0, 0.0, 0.6, 1.0] {
        both.draw(&frames[1], &Settings { steadiness, ..steady.clone() });
    }
}

#[test]
fn settings_may_change_from_frame_to_frame() {
    let mut both = Both::new();
    let frames = moving(4, (96, 64), 8);
    for (index, frame) in frames.iter().enumerate() {
        let settings = Settings {
            strength: [1.0, 0.5][index % 2],
            ink: [1.0, 0.0, 2.0][index % 3],
            steadiness: [0.7, 1.0, 0.2][index / 3],
            screen_size_px: [0.0, 7.0][index / 4],
            compare: [Compare::None, Compare::Split, Compare::SideBySide, Compare::None][index / 2],
            working_size: [WorkingSize::Full, WorkingSize::Within { width: 48, height: 48 }][index / 2 % 2],
            ..settings("halftone")
        };
        both.draw(frame, &settings);
    }
}

#[test]
fn dots_follow_the_camera() {
    let mut both = Both::new();
    let frames = moving(4, (96, 64), 6);
    for (index, frame) in frames.iter().enumerate() {
        // They go on from where the camera went while they stood still; with and without what is carried.
        let screen_anchor = if index == 0 || index == 3 { ScreenAnchor::Page } else { ScreenAnchor::Scene };
        let steadiness = if index < 5 { 0.7 } else { 0.0 };
        both.draw(frame, &Settings { screen_anchor, steadiness, screen_size_px: 9.0, ..settings("halftone") });
    }
    let cut = &moving(77, (96, 64), 1)[0];
    let anchored = Settings { screen_anchor: ScreenAnchor::Scene, screen_size_px: 9.0, ..settings("halftone") };
    assert!(both.draw(cut, &anchored).scene_cut);
}

#[test]
fn alpha_of_the_source_and_other_formats_pass() {
    let mut both = Both::new();
    for (format, size) in [(Format::Rgba, (33, 17)), (Format::Nv12, (64, 48)), (Format::P010, (1, 1))] {
        let info = FrameInfo::new(format, size.0, size.1).unwrap();
        let planes = (0..format.planes()).map(|plane| {
            let bytes = format.plane_layout(plane, size.0, size.1);
            (0..bytes.row_bytes * bytes.rows).map(|i| (i * 37 % 251) as u8).collect()
        });
        let frame = OwnedFrame::from_planes(info, planes.collect()).unwrap();
        for _ in 0..2 {
            both.draw(&frame, &settings("noir"));
        }
    }
}
