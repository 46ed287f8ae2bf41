//! A `comicstyle` in a harness: frames in, frames out, errors from its bus.

use std::sync::Once;

use gst::prelude::*;
use gst_video::prelude::*;
use gstreamer as gst;
use gstreamer_check as gst_check;
use gstreamer_video as gst_video;
use inkcast_frame::{Colorimetry, Format, FrameInfo, Matrix, OwnedFrame, Range};
use inkcast_kit::{motion, picture};

/// Prepares GStreamer and the plugin, once for all tests.
pub fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        gst::init().unwrap();
        gstinkcast::plugin_register_static().unwrap();
    });
}

/// An element with these properties, written as in `gst-launch-1.0`, and a bus that only it posts on.
pub fn element(properties: &str) -> (gst::Element, gst::Bus) {
    init();
    let element = gst::parse::launch(&format!("comicstyle device=cpu {properties}")).unwrap();
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    (element, bus)
}

/// A playing element between two pads.
pub struct Comic {
    pub harness: gst_check::Harness,
    pub element: gst::Element,
    pub bus: gst::Bus,
    input: FrameInfo,
}

impl Comic {
    /// An element that takes frames of `input`, 25 a second.
    pub fn new(input: FrameInfo, properties: &str) -> Comic {
        let (element, bus) = element(properties);
        let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
        harness.set_src_caps(caps(input));
        harness.play();
        Comic { harness, element, bus, input }
    }

    /// Goes on with frames of another format or size, in the same segment.
    pub fn change_input(&mut self, input: FrameInfo) {
        assert!(self.harness.push_event(gst::event::Caps::new(&caps(input))));
        self.input = input;
    }

    /// The comic version of frame number `index` of the stream.
    pub fn draw(&mut self, frame: &OwnedFrame, index: u64) -> OwnedFrame {
        self.draw_buffer(buffer(frame, index))
    }

    /// The comic version of a buffer with a frame.
    pub fn draw_buffer(&mut self, buffer: gst::Buffer) -> OwnedFrame {
        let drawn = self.draw_to_buffer(buffer);
        let output = gst_video::VideoInfo::from_caps(&self.output_caps()).unwrap();
        let info = FrameInfo { width: output.width() as usize, ..self.input };
        assert_eq!((output.height() as usize, output.format()), (info.height, gst_format(info.format)));
        read(&drawn, &output, info)
    }

    /// The buffer that comes out for a buffer with a frame.
    pub fn draw_to_buffer(&mut self, buffer: gst::Buffer) -> gst::Buffer {
        if let Err(flow) = self.harness.push(buffer) {
            panic!("a frame was refused with {flow}: {:?}", self.error());
        }
        self.harness.pull().unwrap()
    }

    /// Caps of the frames that came out last.
    pub fn output_caps(&self) -> gst::Caps {
        self.harness.sinkpad().unwrap().current_caps().expect("caps come before the first frame")
    }

    /// The text of the oldest error on the bus that was not asked for yet.
    pub fn error(&self) -> Option<String> {
        next_error(&self.bus)
    }
}

/// The text of the oldest error on `bus`.
pub fn next_error(bus: &gst::Bus) -> Option<String> {
    let message = bus.pop_filtered(&[gst::MessageType::Error])?;
    match message.view() {
        gst::MessageView::Error(error) => Some(error.error().to_string()),
        _ => None,
    }
}

/// A frame description with colorimetry that is said, not guessed.
pub fn info(format: Format, width: usize, height: usize) -> FrameInfo {
    FrameInfo::new(format, width, height).unwrap()
}

/// A picture of `info` that moves by two pixels a frame.
pub fn moving(info: FrameInfo, index: usize) -> OwnedFrame {
    let scene = motion::Scene::new(7, motion::Motion::Shift(2.0, 0.0), info.width, info.height).picture(index);
    let rgb = inkcast_frame::Plane::from_fn(info.width, info.height, |x, y| {
        let [r, g, b, _] = scene.at(x, y);
        [r, g, b].map(|code| f64::from(code) / 255.0)
    });
    picture::encode(&rgb, info)
}

/// Caps of frames of `info`, 25 a second, colorimetry included.
pub fn caps(info: FrameInfo) -> gst::Caps {
    video_info(info).to_caps().unwrap()
}

/// What GStreamer says of frames of `info`, 25 a second, colorimetry included.
pub fn video_info(info: FrameInfo) -> gst_video::VideoInfo {
    let Colorimetry { matrix, range } = info.colorimetry;
    let colorimetry = gst_video::VideoColorimetry::new(
        if range == Range::Full {
            gst_video::VideoColorRange::Range0_255
        } else {
            gst_video::VideoColorRange::Range16_235
        },
        match matrix {
            _ if info.format.byte_order().is_some() => gst_video::VideoColorMatrix::Rgb,
            Matrix::Bt601 => gst_video::VideoColorMatrix::Bt601,
            Matrix::Bt709 => gst_video::VideoColorMatrix::Bt709,
            Matrix::Bt2020 => gst_video::VideoColorMatrix::Bt2020,
        },
        gst_video::VideoTransferFunction::Bt709,
        gst_video::VideoColorPrimaries::Bt709,
    );
    gst_video::VideoInfo::builder(gst_format(info.format), info.width as u32, info.height as u32)
        .fps(gst::Fraction::new(25, 1))
        .colorimetry(&colorimetry)
        .build()
        .unwrap()
}

/// A buffer with `frame` as frame number `index` of 25 a second, rows as far apart as GStreamer puts them.
pub fn buffer(frame: &OwnedFrame, index: u64) -> gst::Buffer {
    let video_info = video_info(*frame.info());
    let mut buffer = gst::Buffer::with_size(video_info.size()).unwrap();
    stamp(&mut buffer, index);
    let mut mapped = gst_video::VideoFrame::from_buffer_writable(buffer, &video_info).unwrap();
    write(frame, &mut mapped.as_mut_video_frame_ref());
    mapped.into_buffer()
}

/// Gives a buffer the time stamps of frame number `index`.
pub fn stamp(buffer: &mut gst::Buffer, index: u64) {
    let buffer = buffer.get_mut().unwrap();
    buffer.set_pts(gst::ClockTime::from_mseconds(40 * index));
    buffer.set_duration(gst::ClockTime::from_mseconds(40));
}

/// Copies the rows of `frame` into mapped memory.
pub fn write(frame: &OwnedFrame, mapped: &mut gst_video::VideoFrameRef<&mut gst::BufferRef>) {
    let FrameInfo { format, width, height, .. } = *frame.info();
    let strides: Vec<usize> = mapped.plane_stride().iter().map(|&stride| stride as usize).collect();
    for (plane, stride) in strides.into_iter().enumerate() {
        let layout = format.plane_layout(plane, width, height);
        let data = mapped.plane_data_mut(plane as u32).unwrap();
        for (row, y) in data.chunks_mut(stride).zip(0..layout.rows) {
            row[..layout.row_bytes].copy_from_slice(frame.view().row(plane, y));
        }
    }
}

/// Copies a frame of `info` out of a buffer.
pub fn read(buffer: &gst::BufferRef, video_info: &gst_video::VideoInfo, info: FrameInfo) -> OwnedFrame {
    let mapped = gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, video_info).unwrap();
    let planes = (mapped.planes_data().into_iter().zip(mapped.plane_stride()).enumerate())
        .map(|(plane, (data, &stride))| {
            let layout = info.format.plane_layout(plane, info.width, info.height);
            let rows = data.chunks(stride as usize).take(layout.rows);
            rows.flat_map(|row| &row[..layout.row_bytes]).copied().collect()
        })
        .collect();
    OwnedFrame::from_planes(info, planes).unwrap()
}

/// GStreamer's name for a format.
pub fn gst_format(format: Format) -> gst_video::VideoFormat {
    match format {
        Format::P010 => gst_video::VideoFormat::P01010le,
        Format::I42010 => gst_video::VideoFormat::I42010le,
        _ => format!("{format:?}").to_uppercase().replace('X', "x").parse().unwrap(),
    }
}

/// Runs a pipeline to its end; an error or a minute without an end fails the test.
#[track_caller]
pub fn run_to_end(pipeline: &gst::Element) {
    let started = pipeline.set_state(gst::State::Playing);
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    let message = pipeline.bus().unwrap().timed_pop_filtered(gst::ClockTime::from_seconds(60), &ends);
    // Before anything can panic: a pipeline that is dropped while it plays crashes.
    pipeline.set_state(gst::State::Null).unwrap();
    match message.as_ref().map(|message| message.view()) {
        Some(gst::MessageView::Error(error)) => {
            panic!("{}: {} ({:?})", error.src().unwrap().path_string(), error.error(), error.debug())
        }
        Some(_) => assert!(started.is_ok()),
        None => panic!("no end within a minute"),
    }
}
