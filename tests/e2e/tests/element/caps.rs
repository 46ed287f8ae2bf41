//! What is negotiated: both pads alike, the width doubled side by side, and changes in mid-stream.

use std::str::FromStr;

use gst::prelude::*;
use gstreamer as gst;
use inkcast_frame::Format;
use inkcast_kit::picture;

use crate::comic::{self, Comic, info, moving};

#[test]
fn everything_but_the_picture_stays() {
    for fields in [
        "format=I420, width=64, height=48, framerate=25/1, colorimetry=bt709, pixel-aspect-ratio=1/1",
        "format=NV12, width=720, height=576, framerate=25/1, colorimetry=bt601, pixel-aspect-ratio=16/15, \
         chroma-site=mpeg2",
        "format=I420, width=65, height=49, framerate=30000/1001, colorimetry=1:4:0:1, pixel-aspect-ratio=1/1",
        "format=I420, width=64, height=48, framerate=0/1, max-framerate=60/1, colorimetry=bt2020",
        "format=BGRA, width=3, height=1, framerate=0/1, colorimetry=sRGB",
        "format=RGB, width=64, height=48, framerate=24/1, colorimetry=2:1:7:1, interlace-mode=progressive",
    ] {
        let caps = gst::Caps::from_str(&format!("video/x-raw, {fields}")).unwrap();
        let (element, bus) = comic::element("");
        let mut harness = gstreamer_check::Harness::with_element(&element, Some("sink"), Some("src"));
        harness.set_src_caps(caps.clone());
        harness.play();
        let size = gstreamer_video::VideoInfo::from_caps(&caps).unwrap().size();
        let mut buffer = gst::Buffer::with_size(size).unwrap();
        comic::stamp(&mut buffer, 0);
        assert!(harness.push(buffer).is_ok(), "{fields}: {:?}", comic::next_error(&bus));
        let output = harness.sinkpad().unwrap().current_caps().unwrap();
        // Nothing is changed; that the video is progressive may be added.
        assert!(output.is_subset(&caps), "{caps} became {output}");
    }
}

#[test]
fn on_a_cpu_frames_lie_in_the_system_s_memory() {
    let (element, _bus) = comic::element("device=cpu");
    let on_device = gst::Caps::from_str("video/x-raw(memory:CUDAMemory), format=NV12").unwrap();
    for state in [gst::State::Null, gst::State::Paused] {
        element.set_state(state).unwrap();
        for pad in ["sink", "src"] {
            let caps = element.static_pad(pad).unwrap().query_caps(None);
            assert!(!caps.is_empty() && !caps.can_intersect(&on_device), "{pad} in {state:?}: {caps}");
        }
    }
    element.set_state(gst::State::Null).unwrap();
}

#[test]
fn size_and_format_may_change_in_mid_stream() {
    let inputs = [
        info(Format::Rgb, 64, 48),
        info(Format::Rgb, 97, 63),
        info(Format::I420, 97, 63),
        info(Format::I420, 1, 1),
        info(Format::Bgra, 64, 48),
        info(Format::Rgb, 64, 48),
    ];
    let mut comic = Comic::new(inputs[0], "");
    for (index, input) in inputs.into_iter().enumerate() {
        comic.change_input(input);
        let source = picture::frame(input);
        let fresh = Comic::new(input, "").draw(&source, 0);
        assert!(comic.draw(&source, index as u64) == fresh, "frame {index}: a new picture, nothing carried over");
    }
}

#[test]
fn side_by_side_is_twice_as_wide() {
    for (format, width, height) in [(Format::Rgb, 33, 17), (Format::I420, 33, 17), (Format::Bgra, 1, 1)] {
        let input = info(format, width, height);
        let source = picture::frame(input);
        let mut comic = Comic::new(input, "compare=side-by-side");
        let pair = comic.draw(&source, 0);
        let caps = comic.output_caps();
        let structure = caps.structure(0).unwrap();
        assert_eq!(structure.get::<i32>("width").unwrap(), 2 * width as i32);
        assert_eq!(structure.get::<i32>("height").unwrap(), height as i32);
        assert_eq!(structure.get::<gst::Fraction>("pixel-aspect-ratio").unwrap(), gst::Fraction::new(1, 1));
        assert_eq!((pair.info().width, pair.info().height), (2 * width, height));
    }
}

#[test]
fn side_by_side_shows_the_source_and_the_comic() {
    let input = info(Format::Rgb, 64, 48);
    let source = picture::frame(input);
    let drawn = Comic::new(input, "").draw(&source, 0);
    let pair = Comic::new(input, "compare=side-by-side").draw(&source, 0);
    for y in 0..48 {
        let (left, right) = pair.view().row(0, y).split_at(3 * 64);
        assert!(left == source.view().row(0, y), "row {y} of the source");
        assert!(right == drawn.view().row(0, y), "row {y} of the comic");
    }
}

#[test]
fn split_shows_half_of_each() {
    let input = info(Format::Rgb, 64, 48);
    let source = picture::frame(input);
    let drawn = Comic::new(input, "").draw(&source, 0);
    let mut comic = Comic::new(input, "compare=split");
    let split = comic.draw(&source, 0);
    assert_eq!(split.info(), &input);
    // Between the halves is a line, a few pixels wide.
    for y in 0..48 {
        let [source, drawn, split] = [&source, &drawn, &split].map(|frame| frame.view().row(0, y).to_vec());
        assert_eq!(split[..3 * 26], source[..3 * 26], "row {y}, left");
        assert_eq!(split[3 * 38..], drawn[3 * 38..], "row {y}, right");
    }
}

#[test]
fn compare_may_change_while_playing() {
    let input = info(Format::Rgb, 64, 48);
    let mut comic = Comic::new(input, "");
    for (index, (compare, width)) in
        [("none", 64), ("side-by-side", 128), ("split", 64), ("side-by-side", 128), ("none", 64)]
            .into_iter()
            .enumerate()
    {
        comic.element.set_property_from_str("compare", compare);
        let drawn = comic.draw(&moving(input, index), index as u64);
        assert_eq!(drawn.info().width, width, "compare={compare}");
    }
}

#[test]
fn a_new_comparison_keeps_the_history() {
    // Only the layout of the output changes: the picture goes on as if nothing had happened.
    let input = info(Format::Rgb, 64, 48);
    let (mut steady, mut changing) = (Comic::new(input, "steadiness=1"), Comic::new(input, "steadiness=1"));
    for (index, compare) in ["none", "split", "none", "side-by-side", "none"].into_iter().enumerate() {
        changing.element.set_property_from_str("compare", compare);
        let frame = moving(input, index);
        let (expected, drawn) = (steady.draw(&frame, index as u64), changing.draw(&frame, index as u64));
        assert!(compare != "none" || expected == drawn, "frame {index}");
    }
    let last = moving(input, 4);
    assert!(steady.draw(&last, 5) != Comic::new(input, "steadiness=1").draw(&last, 5), "there is a history to keep");
}

#[test]
fn downstream_may_ask_for_the_doubled_width() {
    comic::init();
    let pipeline = gst::parse::launch(
        "videotestsrc num-buffers=2 ! comicstyle device=cpu compare=side-by-side ! video/x-raw,width=128,height=48 \
         ! fakesink sync=false",
    )
    .unwrap();
    comic::run_to_end(&pipeline);
}

#[test]
fn interlaced_video_is_refused() {
    let (element, _bus) = comic::element("");
    let sink = element.static_pad("sink").unwrap();
    let caps = |mode: &str| {
        let text = format!("video/x-raw, format=I420, width=64, height=48, framerate=25/1, interlace-mode={mode}");
        gst::Caps::from_str(&text).unwrap()
    };
    assert!(sink.query_accept_caps(&caps("progressive")));
    for mode in ["interleaved", "mixed", "fields"] {
        assert!(!sink.query_accept_caps(&caps(mode)), "{mode}");
    }

    // In a pipeline it is an error of negotiation, not a wrong picture.
    let pipeline = gst::parse::launch(
        "videotestsrc num-buffers=2 ! interlace ! video/x-raw,interlace-mode=interleaved ! comicstyle ! fakesink",
    );
    assert!(pipeline.is_err(), "links that cannot work are refused when they are made");
}

#[test]
fn other_formats_are_refused() {
    let (element, _bus) = comic::element("");
    let sink = element.static_pad("sink").unwrap();
    for fields in ["format=YUY2", "format=GRAY8", "format=I422_10LE", "format=ARGB"] {
        let caps = gst::Caps::from_str(&format!("video/x-raw, {fields}, width=64, height=48, framerate=25/1")).unwrap();
        assert!(!sink.query_accept_caps(&caps), "{fields}");
    }
}
