//! Makes and reads media files with GStreamer.

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;

/// A frame rate that needs rounding in most units.
pub const RATE: (u64, u64) = (30_000, 1001);

/// Runs the launch line `line` to its end. Where it has an element called `vary`, frames with a number for which `keeps`
/// is false are dropped there.
pub fn launch(line: &str, keeps: impl Fn(u64) -> bool + Send + Sync + 'static) {
    gst::init().unwrap();
    let pipeline = gst::parse::launch(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
    if let Some(vary) = pipeline.by_name("vary") {
        let number = std::sync::atomic::AtomicU64::new(0);
        vary.static_pad("src").unwrap().add_probe(gst::PadProbeType::BUFFER, move |_, _| {
            let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if keeps(number) { gst::PadProbeReturn::Ok } else { gst::PadProbeReturn::Drop }
        });
    }
    pipeline.set_state(gst::State::Playing).unwrap();
    let end = pipeline
        .bus()
        .unwrap()
        .timed_pop_filtered(gst::ClockTime::from_seconds(60), &[gst::MessageType::Eos, gst::MessageType::Error]);
    pipeline.set_state(gst::State::Null).unwrap();
    match end.as_ref().map(|message| message.view()) {
        Some(gst::MessageView::Eos(_)) => {}
        Some(gst::MessageView::Error(error)) => panic!("{line}: {} {:?}", error.error(), error.debug()),
        _ => panic!("{line}: no end"),
    }
}

/// What a test clip is made of.
pub struct Clip {
    pub frames: u64,
    pub size: (u32, u32),
    pub caps: &'static str,
    pub video: &'static str,
    pub sound: &'static str,
    pub muxer: &'static str,
    pub keeps: fn(u64) -> bool,
}

impl Default for Clip {
    fn default() -> Self {
        Clip {
            frames: 30,
            size: (160, 90),
            caps: "",
            video: "x264enc bframes=2 key-int-max=10 speed-preset=veryfast ! h264parse",
            sound: "avenc_aac ! aacparse",
            muxer: "mp4mux",
            keeps: |_| true,
        }
    }
}

impl Clip {
    /// Writes the clip to `path`: moving test bars and a tone of the same length.
    pub fn write(&self, path: &str) {
        let Clip { frames, size: (width, height), caps, video, sound, muxer, keeps } = self;
        let (numerator, denominator) = RATE;
        let blocks = frames * denominator * 48_000 / numerator / 1024;
        let tone = match sound.is_empty() {
            true => String::new(),
            false => format!(
                "audiotestsrc num-buffers={blocks} freq=440 ! audio/x-raw,rate=48000,channels=2 ! audioconvert ! {sound} ! \
                 queue ! m."
            ),
        };
        launch(
            &format!(
                "videotestsrc num-buffers={frames} pattern=smpte horizontal-speed=3 ! identity name=vary ! \
                 video/x-raw,format=I420,width={width},height={height},framerate={numerator}/{denominator}{caps} ! \
                 {video} ! queue ! m. {tone} {muxer} name=m ! filesink location=\"{path}\""
            ),
            *keeps,
        );
    }
}

/// A buffer as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Buffer {
    /// Nanoseconds from the start.
    pub time: u64,
    pub bytes: Vec<u8>,
}

/// All packets of the first stream of `path` whose caps begin with `kind` (`video/` or `audio/`), in the order they lie in
/// the file.
pub fn packets(path: &str, kind: &str) -> Vec<Buffer> {
    read(path, Some(kind)).0
}

/// All frames of `path`, decoded to RGB.
pub fn frames(path: &str) -> Vec<Buffer> {
    read(path, None).0
}

/// Caps of the first stream of `path` that begin with `kind`, parsed but not decoded.
pub fn caps(path: &str, kind: &str) -> gst::Structure {
    read(path, Some(kind)).1.structure(0).unwrap().to_owned()
}

/// Where the matrix of the first track of an MP4 file is: after version 0's flags, two times, id, reserved, duration,
/// reserved, layer, group, volume, reserved.
fn matrix(bytes: &[u8]) -> std::ops::Range<usize> {
    let header = bytes.windows(4).position(|window| window == b"tkhd").unwrap() + 4;
    header + 40..header + 76
}

/// Whether the video of `path` says that players have to turn it.
pub fn is_tagged_to_turn(path: &str) -> bool {
    let bytes = std::fs::read(path).unwrap();
    let upright = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x4000_0000u32];
    bytes[matrix(&bytes)] != upright.map(u32::to_be_bytes).concat()
}

/// Says in the MP4 file at `path` that players have to turn its video by the matrix `[a, b, c, d]`.
pub fn tag_to_turn(path: &str, [a, b, c, d]: [i32; 4]) {
    let mut bytes = std::fs::read(path).unwrap();
    let range = matrix(&bytes);
    let rows = [a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 0x4000_0000];
    bytes[range].copy_from_slice(&rows.map(i32::to_be_bytes).concat());
    std::fs::write(path, bytes).unwrap();
}

/// Reads the first stream of `kind`, or decodes the video without one.
fn read(path: &str, kind: Option<&str>) -> (Vec<Buffer>, gst::Caps) {
    gst::init().unwrap();
    let pipeline = gst::Pipeline::new();
    let make = |element: &str| gst::ElementFactory::make(element).build().unwrap();
    let source = gst::ElementFactory::make("filesrc").property("location", path).build().unwrap();
    let demux = make(if kind.is_some() { "parsebin" } else { "decodebin" });
    let (convert, filter) = (make("videoconvert"), make("capsfilter"));
    let out = gst_app::AppSink::builder().sync(false).build();
    pipeline.add_many([&source, &demux, out.upcast_ref()]).unwrap();
    source.link(&demux).unwrap();
    let sink = if kind.is_none() {
        filter.set_property_from_str("caps", "video/x-raw,format=RGB");
        pipeline.add_many([&convert, &filter]).unwrap();
        gst::Element::link_many([&convert, &filter, out.upcast_ref()]).unwrap();
        convert.static_pad("sink").unwrap()
    } else {
        out.static_pad("sink").unwrap()
    };
    let wanted = kind.unwrap_or("video/").to_string();
    let bin = pipeline.downgrade();
    demux.connect_pad_added(move |_, pad| {
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        if caps.structure(0).unwrap().name().starts_with(&wanted) && !sink.is_linked() {
            pad.link(&sink).unwrap();
            return;
        }
        let nowhere = gst::ElementFactory::make("fakesink").property("async", false).build().unwrap();
        bin.upgrade().unwrap().add(&nowhere).unwrap();
        nowhere.sync_state_with_parent().unwrap();
        pad.link(&nowhere.static_pad("sink").unwrap()).unwrap();
    });
    pipeline.set_state(gst::State::Playing).unwrap();
    let (mut buffers, mut caps) = (Vec::new(), gst::Caps::new_empty());
    while let Ok(sample) = out.pull_sample() {
        let buffer = sample.buffer().unwrap();
        let segment = sample.segment().unwrap().downcast_ref::<gst::format::Time>().unwrap();
        let time = buffer.pts().and_then(|pts| segment.to_running_time(pts)).map_or(u64::MAX, |time| time.nseconds());
        buffers.push(Buffer { time, bytes: buffer.map_readable().unwrap().to_vec() });
        caps = sample.caps_owned().unwrap();
    }
    if let Some(message) = pipeline.bus().unwrap().pop_filtered(&[gst::MessageType::Error]) {
        panic!("{path}: {message:?}");
    }
    pipeline.set_state(gst::State::Null).unwrap();
    (buffers, caps)
}

/// Presentation times of all frames of `path`, sorted.
pub fn times(path: &str) -> Vec<u64> {
    let mut times: Vec<u64> = packets(path, "video/").iter().map(|packet| packet.time).collect();
    times.sort_unstable();
    times
}

/// Width and height of the frames of `path`.
pub fn size(path: &str) -> (i32, i32) {
    let caps = caps(path, "video/");
    (caps.get("width").unwrap(), caps.get("height").unwrap())
}

/// Mean difference of two pictures in grey levels.
pub fn difference(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a.abs_diff(*b) as f64).sum::<f64>() / a.len() as f64
}
