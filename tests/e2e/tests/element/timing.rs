//! Time stamps, flags, metas and latency pass unchanged.

use gstreamer as gst;
use gstreamer_video as gst_video;
use inkcast_frame::Format;
use inkcast_kit::picture;

use crate::comic::{self, Comic, info};

#[test]
fn time_stamps_and_flags_are_kept() {
    let mut comic = Comic::new(info(Format::I420, 32, 16), "");
    // Uneven on purpose: frames of variable rate, one after a gap, one without a duration.
    for (index, (pts, duration)) in
        [(0, Some(33)), (33, Some(50)), (83, None), (2000, Some(1)), (2001, Some(40))].into_iter().enumerate()
    {
        let mut buffer = comic::buffer(&picture::frame(info(Format::I420, 32, 16)), 0);
        let editable = buffer.get_mut().unwrap();
        editable.set_pts(gst::ClockTime::from_mseconds(pts));
        editable.set_dts(gst::ClockTime::from_mseconds(pts / 2));
        editable.set_duration(duration.map(gst::ClockTime::from_mseconds));
        editable.set_offset(index as u64 + 7);
        editable.set_offset_end(index as u64 + 8);
        if index == 1 {
            editable.set_flags(gst::BufferFlags::MARKER);
        }
        let (expected, marked) = (buffer.copy(), index == 1);
        let drawn = comic.draw_to_buffer(buffer);
        assert_eq!((drawn.pts(), drawn.dts(), drawn.duration()), (expected.pts(), expected.dts(), expected.duration()));
        assert_eq!((drawn.offset(), drawn.offset_end()), (expected.offset(), expected.offset_end()));
        assert_eq!(drawn.flags().contains(gst::BufferFlags::MARKER), marked);
    }
}

#[test]
fn what_lies_on_the_picture_stays_on_it() {
    let input = info(Format::Rgb, 64, 48);
    let marked = || {
        let mut buffer = comic::buffer(&picture::frame(input), 0);
        let editable = buffer.get_mut().unwrap();
        gst_video::VideoRegionOfInterestMeta::add(editable, "face", (8, 4, 20, 10));
        gst_video::VideoTimeCodeMeta::add(
            editable,
            &"01:02:03:04"
                .parse::<gst_video::VideoTimeCode>()
                .ok()
                .and_then(|mut code| {
                    code.set_fps(gst::Fraction::new(25, 1));
                    code.try_into().ok()
                })
                .unwrap(),
        );
        buffer
    };
    let drawn = Comic::new(input, "").draw_to_buffer(marked());
    let region = drawn.meta::<gst_video::VideoRegionOfInterestMeta>().expect("regions are kept");
    assert_eq!((region.rect(), region.roi_type()), ((8, 4, 20, 10), "face"));
    assert!(drawn.meta::<gst_video::VideoTimeCodeMeta>().is_some());

    // Side by side the picture has moved.
    let pair = Comic::new(input, "compare=side-by-side").draw_to_buffer(marked());
    assert!(pair.meta::<gst_video::VideoRegionOfInterestMeta>().is_none());
    assert!(pair.meta::<gst_video::VideoTimeCodeMeta>().is_some());
}

#[test]
fn no_latency_is_added() {
    let mut comic = Comic::new(info(Format::Rgb, 32, 16), "");
    comic.harness.set_upstream_latency(gst::ClockTime::from_mseconds(30));
    assert_eq!(comic.harness.query_latency(), Some(gst::ClockTime::from_mseconds(30)));
    // One frame in, one frame out, at once.
    for index in 0..3 {
        comic.draw(&picture::frame(info(Format::Rgb, 32, 16)), index);
        assert_eq!(comic.harness.buffers_in_queue(), 0);
    }
}

#[test]
fn late_frames_are_drawn_too() {
    comic::init();
    let mut comic = Comic::new(info(Format::Rgb, 32, 16), "");
    comic.draw(&picture::frame(info(Format::Rgb, 32, 16)), 0);
    // A sink that complains of frames a second late.
    let late = gst::event::Qos::new(gst::QOSType::Underflow, 3.0, 1_000_000_000, gst::ClockTime::from_mseconds(40));
    assert!(comic.harness.push_upstream_event(late));
    for index in 1..4 {
        comic.draw(&picture::frame(info(Format::Rgb, 32, 16)), index);
    }
}
