//! Properties: what they say of themselves, what they do, and that they may change while frames pass.

use gst::prelude::*;
use gst_controller::prelude::*;
use gstreamer as gst;
use gstreamer_controller as gst_controller;
use inkcast_frame::{Format, OwnedFrame};
use inkcast_kit::{measure, picture};

use crate::comic::{self, Comic, info, moving};

fn source() -> OwnedFrame {
    picture::frame(info(Format::Rgb, 160, 96))
}

fn drawn_with(properties: &str) -> OwnedFrame {
    Comic::new(*source().info(), properties).draw(&source(), 0)
}

fn apart(a: &OwnedFrame, b: &OwnedFrame) -> f64 {
    measure::mean_abs_diff(a.plane(0), b.plane(0))
}

#[test]
fn every_property_is_described() {
    let (element, _bus) = comic::element("");
    let names = [
        "model",
        "device",
        "precision",
        "threads",
        "working-size",
        "style",
        "strength",
        "steadiness",
        "ink",
        "screen-size",
        "screen",
        "screen-anchor",
        "report-interval",
        "compare",
    ];
    for name in names {
        let description = element.find_property(name).unwrap_or_else(|| panic!("{name} is missing"));
        assert!(!description.nick().is_empty() && description.nick() != name, "nick of {name}");
        assert!(description.blurb().is_some_and(|blurb| blurb.len() > 20), "blurb of {name}");
        let flag = |flag: u32| description.flags().bits() & flag != 0;
        let (controllable, ready, playing) = (
            flag(gst::ffi::GST_PARAM_CONTROLLABLE as u32),
            flag(gst::ffi::GST_PARAM_MUTABLE_READY as u32),
            flag(gst::ffi::GST_PARAM_MUTABLE_PLAYING as u32),
        );
        let expected = match name {
            "model" | "device" | "precision" | "threads" => (false, true, false),
            "working-size" | "style" | "screen" | "screen-anchor" | "report-interval" | "compare" => {
                (false, false, true)
            }
            _ => (true, false, true),
        };
        assert_eq!((controllable, ready, playing), expected, "{name}");
    }
}

#[test]
fn ranges_and_defaults_are_those_of_the_stylizer() {
    let (element, _bus) = comic::element("");
    let defaults = inkcast_stylize::Settings::default();
    for (name, maximum, default) in [
        ("strength", 1.0, defaults.strength),
        ("steadiness", 1.0, defaults.steadiness),
        ("ink", 2.0, defaults.ink),
        ("screen-size", 256.0, defaults.screen_size_px),
    ] {
        let description = element.find_property(name).unwrap().downcast::<gst::glib::ParamSpecDouble>().unwrap();
        assert_eq!((description.minimum(), description.maximum()), (0.0, maximum), "{name}");
        assert_eq!((description.default_value() as f32, element.property::<f64>(name) as f32), (default, default));
    }
    assert_eq!(element.property::<String>("style"), defaults.style);
    assert_eq!(element.property::<u32>("threads"), 0);
}

#[test]
fn strength_goes_from_the_source_to_the_comic() {
    let source = source();
    let steps: Vec<f64> = ["0", "0.25", "0.5", "0.75", "1"]
        .into_iter()
        .map(|strength| apart(&source, &drawn_with(&format!("strength={strength}"))))
        .collect();
    assert!(steps[0] < 0.1 && steps.windows(2).all(|pair| pair[1] > pair[0] + 0.2), "{steps:?}");
}

#[test]
fn ink_and_style_and_screen_change_the_picture() {
    for (a, b) in [
        ("style=ink", "style=halftone"),
        ("ink=0", "ink=1"),
        ("ink=1", "ink=2"),
        ("style=halftone screen=style", "style=halftone screen=none"),
        ("style=halftone screen-size=4", "style=halftone screen-size=9"),
    ] {
        let difference = apart(&drawn_with(a), &drawn_with(b));
        assert!(difference > 0.2, "{a} against {b}: {difference}");
    }
    assert!(drawn_with("") == drawn_with("style=ink"), "ink is the default style");
}

#[test]
fn what_is_set_while_playing_holds_from_the_next_frame() {
    let input = *source().info();
    let mut comic = Comic::new(input, "steadiness=0 style=ink");
    let mut draw = |index, name: &str, value: &str| {
        comic.element.set_property_from_str(name, value);
        comic.draw(&source(), index)
    };
    assert!(draw(0, "style", "halftone") == drawn_with("steadiness=0 style=halftone"));
    assert!(draw(1, "style", "ink") == drawn_with("steadiness=0 style=ink"));
    assert!(draw(2, "strength", "0.5") == drawn_with("steadiness=0 style=ink strength=0.5"));
    assert!(draw(3, "ink", "2") == drawn_with("steadiness=0 style=ink strength=0.5 ink=2"));
}

#[test]
fn reports_come_on_the_bus_at_their_interval() {
    let input = *source().info();
    let reports = |properties| {
        let mut comic = Comic::new(input, properties);
        (0..12).for_each(|index| drop(comic.draw(&comic::moving(input, index as usize), index)));
        let messages = std::iter::from_fn(|| comic.bus.pop_filtered(&[gst::MessageType::Element]));
        messages.filter_map(|message| message.structure().map(|structure| structure.to_owned())).collect::<Vec<_>>()
    };
    let posted = reports("report-interval=200 steadiness=1");
    assert_eq!(posted.len(), 2, "twelve frames of 40 ms");
    for report in &posted {
        assert_eq!(report.name(), "comicstyle-report");
        assert_eq!(report.get::<u32>("frames"), Ok(5));
        assert!(report.get::<f64>("carried").unwrap() > 0.1 && report.get::<f64>("frame-ms").unwrap() > 0.0);
    }
    assert!(posted[1].get::<f64>("flicker").is_ok());
    assert!(reports("").is_empty());
}

#[test]
fn the_device_in_use_can_be_read_while_there_is_one() {
    let (element, _bus) = comic::element("device=cpu threads=1");
    assert_eq!(element.property::<String>("active-device"), "");
    element.set_state(gst::State::Paused).unwrap();
    let active = element.property::<String>("active-device");
    assert!(active.starts_with("cpu (1 thread"), "{active}");
    element.set_state(gst::State::Null).unwrap();
    assert_eq!(element.property::<String>("active-device"), "");
}

#[test]
fn an_impossible_working_size_or_precision_is_named_at_the_start() {
    for (properties, expected) in [("working-size=huge", "\"huge\""), ("precision=int4", "\"int4\"")] {
        let (element, bus) = comic::element(properties);
        assert!(element.set_state(gst::State::Paused).is_err());
        let message = comic::next_error(&bus).unwrap_or_default();
        assert!(message.contains(expected), "{properties}: {message}");
        element.set_state(gst::State::Null).unwrap();
    }
}

#[test]
fn properties_may_be_turned_wildly_while_frames_pass() {
    comic::init();
    let pipeline = gst::parse::launch(
        "videotestsrc num-buffers=40 pattern=ball ! video/x-raw,format=I420,width=64,height=48 \
         ! comicstyle name=comic device=cpu ! fakesink sync=false",
    )
    .unwrap();
    let comic = pipeline.downcast_ref::<gst::Bin>().unwrap().by_name("comic").unwrap();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let turning = std::thread::spawn(move || {
        for step in 0u32.. {
            comic.set_property_from_str("style", ["ink", "halftone"][step as usize % 2]);
            comic.set_property_from_str("compare", ["none", "split", "side-by-side"][step as usize % 3]);
            comic.set_property("strength", f64::from(step % 11) / 10.0);
            comic.property::<String>("style");
            if stopped.recv_timeout(std::time::Duration::from_millis(2))
                == Err(std::sync::mpsc::RecvTimeoutError::Disconnected)
            {
                break;
            }
        }
    });
    comic::run_to_end(&pipeline);
    drop(stop);
    turning.join().unwrap();
}

#[test]
fn strength_follows_a_controller() {
    let input = *source().info();
    let mut comic = Comic::new(input, "steadiness=0");
    let ramp = gst_controller::InterpolationControlSource::new();
    ramp.set_mode(gst_controller::InterpolationMode::Linear);
    ramp.set(gst::ClockTime::ZERO, 0.0);
    ramp.set(gst::ClockTime::from_mseconds(80), 1.0);
    let binding = gst_controller::DirectControlBinding::new_absolute(&comic.element, "strength", &ramp);
    comic.element.add_control_binding(&binding).unwrap();
    // Frames at 0, 40 and 80 ms.
    for (index, strength) in ["0", "0.5", "1"].into_iter().enumerate() {
        let expected = drawn_with(&format!("steadiness=0 strength={strength}"));
        assert!(comic.draw(&source(), index as u64) == expected, "frame {index} at strength {strength}");
    }
}

#[test]
fn the_number_of_threads_does_not_change_a_byte() {
    let input = info(Format::I420, 161, 97);
    for style in ["ink", "halftone"] {
        let run = |threads: u32| -> Vec<OwnedFrame> {
            let mut comic = Comic::new(input, &format!("threads={threads} style={style}"));
            (0..4).map(|index| comic.draw(&moving(input, index), index as u64)).collect()
        };
        let one = run(1);
        for threads in [2, 3, 0] {
            assert!(run(threads) == one, "{threads} threads, {style}");
        }
    }
}
