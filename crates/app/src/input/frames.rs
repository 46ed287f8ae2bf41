use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use gstreamer_video as gst_video;

use super::{Source, Stream, intake, upright};
use crate::elements::Adder;
use crate::events::{Event, Events};
use crate::failure::Failure;
use crate::packages;
use crate::running::Running;

/// Frames that wait to be taken.
const WAITING_FRAMES: usize = 2;
/// How often the thread that waits for a frame looks up.
const PERIOD: Duration = Duration::from_millis(200);
/// How long a frame may take.
const STALLED: Duration = Duration::from_secs(60);

/// A decoded frame, upright.
pub type Decoded<'a> = gst_video::VideoFrameRef<&'a gst::BufferRef>;

/// The frames of a video file, decoded, turned upright and made into `T` by threads of their own.
pub struct Frames<T> {
    path: PathBuf,
    /// Stands before the pipeline and so goes first: a thread that waits to hand over a frame must not hold it up.
    frames: Receiver<T>,
    events: Events,
    _running: Running,
    has_ended: bool,
    /// Frames that were read.
    pub count: u64,
}

impl<T: Send + 'static> Frames<T> {
    /// Opens `source`. Of each frame in `format`, as caps spell it, `make` makes what is wanted, or `None` if it cannot.
    pub fn open(
        source: &Source,
        format: &str,
        make: impl FnMut(&Decoded<'_>) -> Option<T> + Send + 'static,
    ) -> anyhow::Result<Self> {
        let running = Running::new();
        let events = Events::of(&running.pipeline, PERIOD)?;
        let patches = source.iso.as_ref().map(|iso| iso.without_edits(&[])).unwrap_or_default();
        let mut streams = intake::open(&running.pipeline, source, patches, &events)?;
        let (sender, frames) = bounded(WAITING_FRAMES);
        build(&running.pipeline, &mut streams, source, format, handing_over(sender, make))?;
        let cannot = |error: gst::StateChangeError| match events.posted_error().as_ref().map(|message| message.view()) {
            Some(gst::MessageView::Error(message)) => explain(message, &source.path),
            _ => anyhow::Error::from(error).context(format!("cannot read {}", source.path.display())),
        };
        running.pipeline.set_state(gst::State::Playing).map_err(cannot)?;
        streams.iter_mut().for_each(Stream::release);
        let path = source.path.clone();
        Ok(Frames { path, frames, events, _running: running, has_ended: false, count: 0 })
    }

    /// The next frame, or `None` after the last one.
    pub fn next(&mut self) -> anyhow::Result<Option<T>> {
        let began = Instant::now();
        while !self.has_ended {
            match self.events.next_or(&self.frames) {
                Ok(frame) => return Ok(Some(self.counted(frame))),
                Err(Event::Interrupt) => return Err(Failure::Interrupted.into()),
                Err(Event::Message(message)) => match message.view() {
                    // All frames have been handed over by then.
                    gst::MessageView::Eos(_) => self.has_ended = true,
                    gst::MessageView::Error(error) => return Err(explain(error, &self.path)),
                    _ => {}
                },
                Err(Event::Tick) if began.elapsed() > STALLED => {
                    let (path, seconds) = (self.path.display(), STALLED.as_secs());
                    let text =
                        format!("nothing has come out of {path} for {seconds} seconds; GStreamer cannot read it");
                    return Err(Failure::Input(text).into());
                }
                Err(Event::Tick | Event::Stream(..) | Event::Flowing) => {}
            }
        }
        let rest = self.frames.try_recv().ok();
        Ok(rest.map(|frame| self.counted(frame)))
    }

    /// Refuses a video of which no frame was read.
    pub fn check_not_empty(&self) -> Result<(), Failure> {
        match self.count {
            0 => Err(Failure::Input(format!("no frame of {} could be decoded; is it damaged?", self.path.display()))),
            _ => Ok(()),
        }
    }

    fn counted(&mut self, frame: T) -> T {
        self.count += 1;
        frame
    }
}

/// Makes something of each frame and hands it over.
fn handing_over<T: Send + 'static>(
    sender: Sender<T>,
    mut make: impl FnMut(&Decoded<'_>) -> Option<T> + Send + 'static,
) -> gst_app::AppSinkCallbacks {
    let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |sink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        let made = decoded(&sample).and_then(|frame| make(&frame)).ok_or(gst::FlowError::NotNegotiated)?;
        // Nobody takes frames any more once the video is closed.
        sender.send(made).map_err(|_| gst::FlowError::Flushing)?;
        Ok(gst::FlowSuccess::Ok)
    });
    callbacks.build()
}

fn decoded(sample: &gst::Sample) -> Option<Decoded<'_>> {
    let info = gst_video::VideoInfo::from_caps(sample.caps()?).ok()?;
    Decoded::from_buffer_ref_readable(sample.buffer()?, &info).ok()
}

/// Adds everything behind `streams` to `pipeline`: the first video is decoded and turned upright, and goes to `callbacks`.
fn build(
    pipeline: &gst::Pipeline,
    streams: &mut [Stream],
    source: &Source,
    format: &str,
    callbacks: gst_app::AppSinkCallbacks,
) -> anyhow::Result<()> {
    let add = Adder::new(pipeline);
    let Some(video) = streams.iter().position(Stream::is_video) else {
        return Err(Failure::Input(format!("{} has no video in it", source.path.display())).into());
    };
    for (_, stream) in streams.iter().enumerate().filter(|(index, _)| *index != video) {
        stream.drop_data();
    }
    let decoder = add.decoder()?;
    streams[video].pad.link(&decoder.static_pad("sink").expect("a decoder has a sink pad"))?;
    let mut chain = upright::add(&add, &source.video, format)?;
    packages::require(&["appsink"])?;
    let sink = gst_app::AppSink::builder().sync(false).max_buffers(1).build();
    sink.set_callbacks(callbacks);
    add.add(sink.upcast_ref())?;
    chain.push(sink.upcast());
    gst::Element::link_many(&chain)?;
    add.link_later(&decoder, &chain[0]);
    for element in pipeline.iterate_elements().into_iter().flatten() {
        element.sync_state_with_parent()?;
    }
    Ok(())
}

/// An error of the pipeline as a sentence about the file.
fn explain(error: &gst::message::Error, path: &Path) -> anyhow::Error {
    let (text, path) = (error.error().to_string(), path.display());
    let text = text.trim_end_matches('.');
    let is_lacking =
        error.error().matches(gst::CoreError::MissingPlugin) || error.error().matches(gst::StreamError::CodecNotFound);
    if is_lacking {
        return Failure::Lacking(format!(
            "{path} needs a decoder that is not installed ({text}); see `inkcast doctor`"
        ))
        .into();
    }
    Failure::Input(format!("cannot read {path}: {text}")).into()
}
