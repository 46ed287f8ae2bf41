//! Rows as far apart as whoever owns the memory wants them.

use std::sync::{Arc, Mutex};

use gst::prelude::*;
use gst_video::prelude::*;
use gstreamer as gst;
use gstreamer_video as gst_video;
use inkcast_frame::{Format, FrameInfo, OwnedFrame};
use inkcast_kit::picture;

use crate::comic::{self, Comic, info};

/// Bytes between rows and planes that nobody may read into a picture or write.
const PADDING: u8 = 0xa5;

#[test]
fn padded_rows_give_the_same_picture() {
    for format in Format::ALL {
        for (width, height) in [(3, 5), (65, 33)] {
            let source = picture::frame(info(format, width, height));
            let plain = Comic::new(*source.info(), "").draw(&source, 0);
            for extra in [1, 13, 64] {
                let padded = Comic::new(*source.info(), "").draw_buffer(padded(&source, extra));
                assert!(padded == plain, "{format:?} {width}x{height}, rows {extra} bytes longer");
            }
        }
    }
}

#[test]
fn the_last_row_may_end_without_its_padding() {
    let source = picture::frame(info(Format::I420, 9, 7));
    let mut buffer = padded(&source, 32);
    let end = buffer.size() - 32;
    buffer.get_mut().unwrap().set_size(end);
    let plain = Comic::new(*source.info(), "").draw(&source, 0);
    assert!(Comic::new(*source.info(), "").draw_buffer(buffer) == plain);
}

#[test]
fn a_meta_that_promises_more_than_there_is_is_an_error() {
    let source = picture::frame(info(Format::Nv12, 32, 16));
    let mut short = padded(&source, 8);
    let end = short.size() - 9;
    short.get_mut().unwrap().set_size(end);
    let mut comic = Comic::new(*source.info(), "");
    assert_eq!(comic.harness.push(short), Err(gst::FlowError::Error));
    let error = comic.error().unwrap();
    assert!(error.contains("plane 1") && error.contains("outside"), "{error}");

    // The frame after it is drawn as if nothing had been.
    assert!(comic.draw(&source, 1) == Comic::new(*source.info(), "").draw(&source, 0));
}

#[test]
fn a_buffer_that_is_too_small_is_an_error() {
    let source = picture::frame(info(Format::Rgb, 32, 16));
    let mut comic = Comic::new(*source.info(), "");
    let mut short = comic::buffer(&source, 0);
    short.get_mut().unwrap().set_size(32 * 16 * 3 - 1);
    assert_eq!(comic.harness.push(short), Err(gst::FlowError::Error));
    let error = comic.error().unwrap();
    assert!(error.contains("1535 bytes") && error.contains("1536"), "{error}");
}

#[test]
fn input_may_come_with_video_meta() {
    let mut comic = Comic::new(info(Format::I420, 32, 16), "");
    comic.draw(&picture::frame(info(Format::I420, 32, 16)), 0);
    let mut query = gst::query::Allocation::new(Some(&comic::caps(info(Format::I420, 32, 16))), true);
    assert!(comic.harness.srcpad().unwrap().peer_query(query.query_mut()));
    assert!(query.find_allocation_meta::<gst_video::VideoMeta>().is_some());
    assert!(query.allocation_pools().next().is_some(), "memory to write into is offered");
}

#[test]
fn output_goes_where_downstream_wants_it() {
    let source = picture::frame(info(Format::I420, 33, 17));
    let plain = Comic::new(*source.info(), "").draw(&source, 0);

    // A sink that offers memory with 32 bytes around each row.
    let (element, _bus) = comic::element("");
    let src = gst::Pad::builder(gst::PadDirection::Src).build();
    let received = Arc::new(Mutex::new(None));
    let kept = received.clone();
    let sink = gst::Pad::builder(gst::PadDirection::Sink)
        .query_function(|pad, parent, query| match query.view_mut() {
            gst::QueryViewMut::Allocation(query) => {
                offer_padded_pool(query);
                true
            }
            _ => gst::Pad::query_default(pad, parent, query),
        })
        .chain_function(move |_, _, buffer| {
            *kept.lock().unwrap() = Some(buffer);
            Ok(gst::FlowSuccess::Ok)
        })
        .build();
    src.link(&element.static_pad("sink").unwrap()).unwrap();
    element.static_pad("src").unwrap().link(&sink).unwrap();
    for pad in [&src, &sink] {
        pad.set_active(true).unwrap();
    }
    element.set_state(gst::State::Playing).unwrap();
    assert!(src.push_event(gst::event::StreamStart::new("test")));
    assert!(src.push_event(gst::event::Caps::new(&comic::caps(*source.info()))));
    assert!(src.push_event(gst::event::Segment::new(&gst::FormattedSegment::<gst::ClockTime>::new())));
    src.push(comic::buffer(&source, 0)).unwrap();

    let buffer = received.lock().unwrap().take().unwrap();
    let stride = buffer.meta::<gst_video::VideoMeta>().unwrap().stride()[0];
    assert!(stride >= 33 + 64, "the offered memory is used, rows {stride} bytes apart");
    assert!(comic::read(&buffer, &comic::video_info(*source.info()), *source.info()) == plain);
    drop(buffer);
    element.set_state(gst::State::Null).unwrap();
}

fn offer_padded_pool(query: &mut gst::query::Allocation) {
    let caps = query.get_owned().0.unwrap();
    let info = gst_video::VideoInfo::from_caps(&caps).unwrap();
    let pool = gst_video::VideoBufferPool::new();
    let mut config = pool.config();
    config.set_params(Some(&caps), info.size() as u32, 0, 0);
    config.add_option(gst_video::BUFFER_POOL_OPTION_VIDEO_META.as_str());
    config.add_option(gst_video::BUFFER_POOL_OPTION_VIDEO_ALIGNMENT.as_str());
    config.set_video_alignment(&gst_video::VideoAlignment::new(0, 0, 32, 32, &[0; 4]));
    pool.set_config(config).unwrap();
    query.add_allocation_pool(Some(&pool), info.size() as u32, 0, 0);
    query.add_allocation_meta::<gst_video::VideoMeta>(None);
}

/// A buffer with `frame` whose rows and planes have `extra` bytes between them, told by a video meta.
fn padded(frame: &OwnedFrame, extra: usize) -> gst::Buffer {
    let FrameInfo { format, width, height, .. } = *frame.info();
    let (mut bytes, mut offsets, mut strides) = (Vec::new(), Vec::new(), Vec::new());
    for plane in 0..format.planes() {
        let layout = format.plane_layout(plane, width, height);
        bytes.extend(std::iter::repeat_n(PADDING, extra));
        offsets.push(bytes.len());
        strides.push((layout.row_bytes + extra) as i32);
        for y in 0..layout.rows {
            bytes.extend(frame.view().row(plane, y));
            bytes.extend(std::iter::repeat_n(PADDING, extra));
        }
    }
    let mut buffer = gst::Buffer::from_mut_slice(bytes);
    comic::stamp(&mut buffer, 0);
    gst_video::VideoMeta::add_full(
        buffer.get_mut().unwrap(),
        gst_video::VideoFrameFlags::empty(),
        comic::gst_format(format),
        width as u32,
        height as u32,
        &offsets,
        &strides,
    )
    .unwrap();
    buffer
}
