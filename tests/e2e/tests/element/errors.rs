//! Bad settings and bad models: one clear sentence on the bus, with the name of what is wrong.

use std::path::{Path, PathBuf};

use gst::prelude::*;
use gstreamer as gst;
use inkcast_frame::Format;
use inkcast_kit::picture;

use crate::comic::{self, Comic, info};

/// The error with which an element with these properties refuses to start, and its code.
fn start_error(properties: &str) -> (String, gst::glib::Error) {
    let (element, bus) = comic::element(properties);
    assert!(element.set_state(gst::State::Paused).is_err(), "{properties} was accepted");
    let message = bus.pop_filtered(&[gst::MessageType::Error]).expect("an error on the bus");
    let gst::MessageView::Error(error) = message.view() else { unreachable!() };
    let error = error.error();
    assert!(bus.pop_filtered(&[gst::MessageType::Error]).is_none(), "one error, not several");
    element.set_state(gst::State::Null).unwrap();
    (error.message().to_string(), error)
}

/// The message is one line that names all of `names`.
#[track_caller]
fn assert_names(message: &str, names: &[&str]) {
    for name in names {
        assert!(message.contains(name), "\"{name}\" is not in: {message}");
    }
}

fn embedded_model() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/inkcast-s")
}

/// A copy of the shipped model in a folder of its own, to be damaged.
fn copied_model() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model");
    std::fs::create_dir(&model).unwrap();
    for file in ["model.toml", "model.safetensors"] {
        std::fs::copy(embedded_model().join(file), model.join(file)).unwrap();
    }
    (folder, model)
}

#[test]
fn a_model_from_a_folder_draws_as_the_built_in_one() {
    let (_folder, model) = copied_model();
    let input = info(Format::Rgb, 64, 48);
    let source = picture::frame(input);
    let built_in = Comic::new(input, "").draw(&source, 0);
    for path in [model.clone(), model.join("model.toml")] {
        assert!(Comic::new(input, &format!("model={}", path.display())).draw(&source, 0) == built_in);
    }
}

#[test]
fn a_missing_model_is_named() {
    let (message, error) = start_error("model=/nowhere/to/be-found");
    assert_names(&message, &["/nowhere/to/be-found"]);
    assert!(error.matches(gst::ResourceError::NotFound));
}

#[test]
fn a_folder_without_a_model_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (message, error) = start_error(&format!("model={}", folder.path().display()));
    assert_names(&message, &[folder.path().to_str().unwrap(), "model.toml"]);
    assert!(error.matches(gst::ResourceError::NotFound));
}

#[test]
fn missing_weights_are_named() {
    let (_folder, model) = copied_model();
    let weights = model.join("model.safetensors");
    std::fs::remove_file(&weights).unwrap();
    let (message, error) = start_error(&format!("model={}", model.display()));
    assert_names(&message, &[weights.to_str().unwrap()]);
    assert!(error.matches(gst::ResourceError::NotFound));
}

#[test]
fn damaged_weights_are_named() {
    let whole = std::fs::read(embedded_model().join("model.safetensors")).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for (damage, bytes) in [("empty", &whole[..0]), ("truncated", &whole[..whole.len() / 2]), ("flipped", &flipped)] {
        let (_folder, model) = copied_model();
        let weights = model.join("model.safetensors");
        std::fs::write(&weights, bytes).unwrap();
        let (message, error) = start_error(&format!("model={}", model.display()));
        assert_names(&message, &[weights.to_str().unwrap(), "checksum"]);
        assert!(error.matches(gst::StreamError::WrongType), "{damage}");
    }
}

#[test]
fn a_damaged_manifest_is_named() {
    let text = std::fs::read_to_string(embedded_model().join("model.toml")).unwrap();
    for (damaged, reason) in [
        (text.replacen("format = 1", "format = 99", 1), "99"),
        (text.replacen("default-style = \"", "default-style = \"no-", 1), "default-style"),
        (text.lines().take(2).collect::<Vec<_>>().join("\n"), "missing field"),
        ("this is no manifest".to_string(), "expected"),
    ] {
        let (_folder, model) = copied_model();
        let manifest = model.join("model.toml");
        std::fs::write(&manifest, &damaged).unwrap();
        let (message, error) = start_error(&format!("model={}", model.display()));
        assert_names(&message, &[manifest.to_str().unwrap(), reason]);
        assert!(error.matches(gst::StreamError::WrongType));
    }
}

#[test]
fn an_architecture_that_does_not_fit_the_weights_is_named() {
    let (_folder, model) = copied_model();
    let manifest = model.join("model.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let blocks = text.lines().find(|line| line.starts_with("blocks")).unwrap();
    // Activations are counted first; without them only the weights can tell.
    let uncalibrated: Vec<&str> = text.lines().filter(|line| !line.starts_with("activations")).collect();
    std::fs::write(&manifest, uncalibrated.join("\n").replace(blocks, "blocks = 7")).unwrap();
    let (message, _) = start_error(&format!("model={}", model.display()));
    assert_names(&message, &[model.join("model.safetensors").to_str().unwrap(), "architecture"]);
}

#[test]
fn the_model_is_loaded_at_each_start_and_dropped_at_the_end() {
    let (_folder, model) = copied_model();
    let (element, bus) = comic::element(&format!("model={}", model.display()));
    for _ in 0..2 {
        element.set_state(gst::State::Paused).unwrap();
        element.set_state(gst::State::Null).unwrap();
    }
    std::fs::remove_file(model.join("model.toml")).unwrap();
    assert!(element.set_state(gst::State::Paused).is_err());
    assert_names(&comic::next_error(&bus).unwrap(), &[model.to_str().unwrap()]);

    // With another model the same element starts.
    element.set_state(gst::State::Null).unwrap();
    element.set_property("model", "");
    element.set_state(gst::State::Paused).unwrap();
    element.set_state(gst::State::Null).unwrap();
}

#[test]
fn an_unknown_style_is_named_with_the_known_ones_at_the_start() {
    let (message, error) = start_error("style=crayon");
    assert_names(&message, &["crayon", "ink", "halftone"]);
    assert!(error.matches(gst::ResourceError::Settings));
}

#[test]
fn an_unknown_style_is_named_with_the_known_ones_while_playing() {
    let input = info(Format::Rgb, 32, 16);
    let source = picture::frame(input);
    let mut comic = Comic::new(input, "style=ink");
    let drawn = comic.draw(&source, 0);

    comic.element.set_property("style", "crayon");
    assert_eq!(comic.harness.push(comic::buffer(&source, 1)), Err(gst::FlowError::Error));
    assert_names(&comic.error().unwrap(), &["crayon", "ink", "halftone"]);

    // A known style mends it.
    comic.element.set_property("style", "ink");
    comic.harness.push_event(gst::event::FlushStart::new());
    comic.harness.push_event(gst::event::FlushStop::new(true));
    comic.harness.push_event(gst::event::Segment::new(&gst::FormattedSegment::<gst::ClockTime>::new()));
    assert!(comic.draw(&source, 2) == drawn);
}

#[test]
fn an_unknown_device_is_named_with_the_known_ones() {
    for device in ["gpu", "cuda:x", "CPU"] {
        let (message, error) = start_error(&format!("device={device}"));
        assert_names(&message, &[device, "auto", "cpu", "cuda:N"]);
        assert!(error.matches(gst::ResourceError::Settings));
    }
}

#[test]
fn a_device_that_is_not_there_is_an_error_and_not_another_device() {
    let (message, error) = start_error("device=cuda:97");
    assert_names(&message, &["cuda:97"]);
    assert!(error.matches(gst::ResourceError::Settings));
}

#[test]
fn auto_finds_a_device() {
    let (element, bus) = comic::element("device=auto");
    element.set_state(gst::State::Paused).unwrap();
    assert_eq!(comic::next_error(&bus), None);
    element.set_state(gst::State::Null).unwrap();
}

#[test]
fn a_pipeline_hears_of_a_failed_frame_once_and_stops() {
    comic::init();
    let pipeline = gst::parse::launch(
        "videotestsrc ! video/x-raw,width=64,height=48 ! comicstyle name=comic device=cpu ! fakesink sync=false",
    )
    .unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    pipeline.state(gst::ClockTime::from_seconds(30)).0.unwrap();
    let comic = pipeline.downcast_ref::<gst::Bin>().unwrap().by_name("comic").unwrap();
    comic.set_property("style", "crayon");
    let bus = pipeline.bus().unwrap();
    let message = bus.timed_pop_filtered(gst::ClockTime::from_seconds(30), &[gst::MessageType::Error]).unwrap();
    assert_eq!(message.src(), Some(comic.upcast_ref::<gst::Object>()), "the cause comes first");
    let gst::MessageView::Error(error) = message.view() else { unreachable!() };
    assert_names(error.error().message(), &["crayon", "halftone"]);
    pipeline.set_state(gst::State::Null).unwrap();
}
