use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSinkCallbacks};
use gstreamer_video as gst_video;
use gstreamer_video::prelude::*;
use image::RgbImage;

/// Frames waiting between the decoder's thread and ours.
const WAITING: usize = 2;

/// Takes `count` frames out of a clip, spread evenly over its length; fewer if it has fewer.
pub(super) fn read_frames(path: &Path, count: usize) -> Result<Vec<RgbImage>> {
    read(path, count, 1)
}

/// Takes `count` sequences out of a clip, each of `length` frames that follow each other, their beginnings spread evenly over
/// its length; fewer if it has fewer frames, or if their size changes. No frame is in two of them.
pub(super) fn read_sequences(path: &Path, count: usize, length: usize) -> Result<Vec<Vec<RgbImage>>> {
    let mut frames = read(path, count, length)?.into_iter();
    let sequence = || Some(frames.by_ref().take(length).collect::<Vec<_>>()).filter(|frames| frames.len() == length);
    let is_of_one_size =
        |frames: &Vec<RgbImage>| frames.iter().all(|frame| frame.dimensions() == frames[0].dimensions());
    Ok(std::iter::from_fn(sequence).filter(is_of_one_size).collect())
}

/// Takes `length` frames at each of `count` places.
fn read(path: &Path, count: usize, length: usize) -> Result<Vec<RgbImage>> {
    gst::init().context("GStreamer cannot be started")?;
    let path = path.canonicalize().with_context(|| format!("cannot find the clip {}", path.display()))?;
    let fail = || format!("cannot read the clip {}", path.display());
    let pipeline = gst::parse::launch(
        "uridecodebin name=source ! videoconvert name=convert ! video/x-raw,format=RGB ! appsink name=sink sync=false",
    )
    .with_context(fail)?
    .downcast::<gst::Pipeline>()
    .expect("a description with more than one element is a pipeline");
    let source = pipeline.by_name("source").expect("it is in the description");
    source.set_property("uri", gst::glib::filename_to_uri(&path, None).with_context(fail)?);
    let sink = pipeline.by_name("sink").and_downcast::<AppSink>().expect("it is in the description");

    // Without this, a file that has sound alone would be waited for.
    let convert = pipeline.by_name("convert").expect("it is in the description");
    source.connect("no-more-pads", false, move |_| {
        if !convert.static_pad("sink").is_some_and(|pad| pad.is_linked()) {
            gst::element_error!(convert, gst::StreamError::Format, ("there is no video in it"));
        }
        None
    });

    let stopper = Stop(pipeline.clone());
    pipeline.set_state(gst::State::Paused).with_context(fail)?;
    wait_for(&pipeline, gst::MessageType::AsyncDone).with_context(fail)?;
    // A clip of unknown length gives one frame a second.
    let duration = pipeline.query_duration::<gst::ClockTime>();
    let distance = duration.map_or(gst::ClockTime::SECOND, |duration| duration / count.max(1) as u64);

    let (sender, receiver) = crossbeam_channel::bounded(WAITING);
    sink.set_callbacks(callbacks(sender, Choice { distance, count, length, taken: 0 }));
    pipeline.set_state(gst::State::Playing).with_context(fail)?;
    let frames = collect(&pipeline, &receiver).with_context(fail)?;
    drop(stopper);
    if frames.is_empty() {
        bail!("the clip {} has no video frames", path.display());
    }
    Ok(frames)
}

/// Everything that comes through the channel until it closes or the clip ends. A clip that breaks off is an error.
fn collect(pipeline: &gst::Pipeline, receiver: &Receiver<RgbImage>) -> Result<Vec<RgbImage>> {
    let bus = pipeline.bus().expect("every pipeline has a bus");
    let mut frames = Vec::new();
    loop {
        match receiver.recv_timeout(Duration::from_millis(50)) {
            Ok(frame) => frames.push(frame),
            Err(RecvTimeoutError::Disconnected) => return Ok(frames),
            Err(RecvTimeoutError::Timeout) => {
                let message = bus.pop_filtered(&[gst::MessageType::Error, gst::MessageType::Eos]);
                match message.as_ref().map(|message| message.view()) {
                    Some(gst::MessageView::Error(error)) => bail!("{}", error.error()),
                    Some(_) => {
                        frames.extend(receiver.try_iter());
                        return Ok(frames);
                    }
                    None => {}
                }
            }
        }
    }
}

/// Which frames are taken: the first at or after each multiple of `distance` and those that follow it, `length` of them, at
/// `count` places.
struct Choice {
    distance: gst::ClockTime,
    count: usize,
    length: usize,
    taken: usize,
}

impl Choice {
    /// Whether the next frame is taken.
    fn takes(&self, time: gst::ClockTime) -> bool {
        !self.taken.is_multiple_of(self.length) || time >= self.distance * (self.taken / self.length) as u64
    }
}

/// Sends the chosen frames, until there are enough.
fn callbacks(sender: Sender<RgbImage>, mut choice: Choice) -> AppSinkCallbacks {
    let mut sender = Some(sender);
    AppSinkCallbacks::builder()
        .new_sample(move |sink| {
            let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
            let Some(open) = &sender else { return Err(gst::FlowError::Eos) };
            let time = sample.buffer().and_then(|buffer| buffer.pts()).unwrap_or_default();
            if choice.takes(time) {
                let frame = to_picture(&sample).ok_or(gst::FlowError::Error)?;
                choice.taken += 1;
                if open.send(frame).is_err() || choice.taken == choice.count * choice.length {
                    sender = None;
                    return Err(gst::FlowError::Eos);
                }
            }
            Ok(gst::FlowSuccess::Ok)
        })
        .build()
}

fn to_picture(sample: &gst::Sample) -> Option<RgbImage> {
    let info = gst_video::VideoInfo::from_caps(sample.caps()?).ok()?;
    let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(sample.buffer()?, &info).ok()?;
    let (row_bytes, stride) = (info.width() as usize * 3, frame.plane_stride()[0] as usize);
    let rows = frame.plane_data(0).ok()?.chunks(stride).take(info.height() as usize);
    let bytes = rows.flat_map(|row| &row[..row_bytes]).copied().collect();
    RgbImage::from_raw(info.width(), info.height(), bytes)
}

/// Waits for a message of the kind `wanted`; errors of the pipeline and its end before that are errors.
fn wait_for(pipeline: &gst::Pipeline, wanted: gst::MessageType) -> Result<()> {
    let bus = pipeline.bus().expect("every pipeline has a bus");
    let kinds = [wanted, gst::MessageType::Error, gst::MessageType::Eos];
    match bus.timed_pop_filtered(gst::ClockTime::from_seconds(20), &kinds) {
        None => bail!("no answer from the decoder within 20 seconds"),
        Some(message) => match message.view() {
            gst::MessageView::Error(error) => Err(anyhow::anyhow!("{}", error.error())),
            _ if message.type_() == wanted => Ok(()),
            _ => bail!("it ends before its first frame"),
        },
    }
}

/// Stops a pipeline however the function ends.
struct Stop(gst::Pipeline);

impl Drop for Stop {
    fn drop(&mut self) {
        // Stopping can only fail for elements that are broken already.
        let _ = self.0.set_state(gst::State::Null);
    }
}
