//! When the previous frame is forgotten, and when it is not.

use gst::prelude::*;
use gstreamer as gst;
use inkcast_frame::{Format, FrameInfo, OwnedFrame};
use inkcast_kit::{noise, picture};

use crate::comic::{self, Comic, info};

const FRAMES: u64 = 4;

/// A still scene with grain that differs from frame to frame, so that what is carried shows.
fn grainy(info: FrameInfo, index: u64) -> OwnedFrame {
    let mut random = noise::Random::new(index + 1);
    let scene = picture::rgb(info.width, info.height);
    let grained = inkcast_frame::Plane::from_fn(info.width, info.height, |x, y| {
        scene.at(x, y).map(|value| value + f64::from(random.between(-0.08, 0.08)))
    });
    picture::encode(&grained, info)
}

fn input() -> FrameInfo {
    info(Format::Rgb, 96, 64)
}

/// An element that has drawn [`FRAMES`] frames.
fn warm() -> Comic {
    let mut comic = Comic::new(input(), "steadiness=1");
    for index in 0..FRAMES {
        comic.draw(&grainy(input(), index), index);
    }
    comic
}

/// Frame number [`FRAMES`], drawn by an element that has seen nothing before.
fn fresh() -> OwnedFrame {
    Comic::new(input(), "steadiness=1").draw(&grainy(input(), FRAMES), FRAMES)
}

#[test]
fn the_previous_frame_is_carried() {
    // Without this, every other test here would show nothing.
    assert!(warm().draw(&grainy(input(), FRAMES), FRAMES) != fresh());
}

#[test]
fn a_flush_forgets() {
    let mut comic = warm();
    assert!(comic.harness.push_event(gst::event::FlushStart::new()));
    assert!(comic.harness.push_event(gst::event::FlushStop::new(true)));
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    assert!(comic.harness.push_event(gst::event::Segment::new(&segment)));
    assert!(comic.draw(&grainy(input(), FRAMES), FRAMES) == fresh());
}

#[test]
fn a_new_segment_forgets() {
    let mut comic = warm();
    let mut segment = gst::FormattedSegment::<gst::ClockTime>::new();
    segment.set_start(gst::ClockTime::from_mseconds(100));
    assert!(comic.harness.push_event(gst::event::Segment::new(&segment)));
    assert!(comic.draw(&grainy(input(), FRAMES), FRAMES) == fresh());
}

#[test]
fn a_new_stream_forgets() {
    let mut comic = warm();
    assert!(comic.harness.push_event(gst::event::StreamStart::new("another")));
    assert!(comic.draw(&grainy(input(), FRAMES), FRAMES) == fresh());
}

#[test]
fn a_break_forgets() {
    let mut comic = warm();
    let mut buffer = comic::buffer(&grainy(input(), FRAMES), FRAMES);
    buffer.get_mut().unwrap().set_flags(gst::BufferFlags::DISCONT);
    assert!(comic.draw_buffer(buffer) == fresh());
}

#[test]
fn new_caps_forget() {
    // Of another size, and of the same size in another format.
    let mut comic = warm();
    comic.change_input(info(Format::Rgb, 32, 32));
    comic.draw(&picture::frame(info(Format::Rgb, 32, 32)), FRAMES);
    comic.change_input(input());
    assert!(comic.draw(&grainy(input(), FRAMES), FRAMES) == fresh());

    let other = info(Format::Bgr, input().width, input().height);
    let fresh = Comic::new(other, "steadiness=1").draw(&grainy(other, FRAMES), FRAMES);
    let mut comic = warm();
    comic.change_input(other);
    assert!(comic.draw(&grainy(other, FRAMES), FRAMES) == fresh);
}

#[test]
fn negotiating_again_does_not_forget() {
    let frame = grainy(input(), FRAMES);
    let expected = warm().draw(&frame, FRAMES);
    // As when an element downstream is exchanged.
    let mut comic = warm();
    assert!(comic.harness.push_upstream_event(gst::event::Reconfigure::new()));
    assert!(comic.draw(&frame, FRAMES) == expected);
}

#[test]
fn stopping_forgets() {
    let mut comic = warm();
    comic.element.set_state(gst::State::Ready).unwrap();
    comic.element.set_state(gst::State::Playing).unwrap();
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    assert!(comic.harness.push_event(gst::event::StreamStart::new("again")));
    assert!(comic.harness.push_event(gst::event::Caps::new(&comic::caps(input()))));
    assert!(comic.harness.push_event(gst::event::Segment::new(&segment)));
    assert!(comic.draw(&grainy(input(), FRAMES), FRAMES) == fresh());
}

#[test]
fn missing_frames_do_not_forget() {
    // The frame comes three frames late, as behind a leaky queue on a slow machine: with a mark or without.
    let frame = grainy(input(), FRAMES);
    let expected = warm().draw(&frame, FRAMES);
    for flags in [gst::BufferFlags::empty(), gst::BufferFlags::DISCONT] {
        let mut buffer = comic::buffer(&frame, FRAMES + 3);
        buffer.get_mut().unwrap().set_flags(flags);
        assert!(warm().draw_buffer(buffer) == expected, "{flags:?}");
    }
}

#[test]
fn after_a_seek_a_pipeline_draws_as_from_the_start() {
    comic::init();
    let pipeline = gst::parse::launch(
        "videotestsrc pattern=ball num-buffers=20 ! video/x-raw,format=RGB,width=96,height=64,framerate=25/1 \
         ! comicstyle device=cpu steadiness=1 ! appsink name=sink sync=false",
    )
    .unwrap();
    let sink = pipeline.downcast_ref::<gst::Bin>().unwrap().by_name("sink").unwrap();
    let pull = || {
        let sample: gst::Sample = sink.emit_by_name("pull-sample", &[]);
        let buffer = sample.buffer().unwrap();
        (buffer.pts(), buffer.map_readable().unwrap().to_vec())
    };
    pipeline.set_state(gst::State::Playing).unwrap();
    let before: Vec<_> = (0..6).map(|_| pull()).collect();
    let start = gst::ClockTime::ZERO;
    pipeline.seek_simple(gst::SeekFlags::FLUSH | gst::SeekFlags::ACCURATE, start).unwrap();
    let after: Vec<_> = (0..6).map(|_| pull()).collect();
    assert_eq!(after[0].0, Some(start));
    assert!(before == after);
    pipeline.set_state(gst::State::Null).unwrap();
}
