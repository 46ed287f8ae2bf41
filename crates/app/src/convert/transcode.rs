use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use gstreamer as gst;
use gstreamer::prelude::*;

use super::pipeline::{Built, Counters};
use super::progress::Progress;
use super::{ConvertArgs, encoders, pipeline};
use crate::events::{Event, Events};
use crate::failure::Failure;
use crate::input::{self, Iso, Priming, Source, Stream, inspect};
use crate::outputs::{Job, extension};
use crate::partial::Partial;
use crate::running::Running;

/// How often progress is reported.
const PERIOD: Duration = Duration::from_millis(200);
/// How much sooner than announced a file may end before it counts as cut off: the last frame and rounding.
const EARLY_END: gst::ClockTime = gst::ClockTime::from_mseconds(400);

/// How long nothing at all may happen: far longer than the slowest encoder takes for a frame.
const STALLED: Duration = Duration::from_secs(60);

/// What a conversion did.
pub struct Done {
    /// Frames in the output.
    pub frames: u64,
    /// How long it took.
    pub took: Duration,
}

/// Makes one comic: looks into the input, builds the pipeline, runs it, and gives the output its final name.
pub fn run(args: &ConvertArgs, job: &Job, progress: &mut Progress) -> anyhow::Result<Done> {
    let began = Instant::now();
    let source = inspect(&job.input)?;
    check_clip(args, &source)?;
    let encoder = encoders::choose(args.encoder, &job.output)?;
    let partial = Partial::create(&job.output)?;

    let running = Running::new();
    let events = Events::of(&running.pipeline, PERIOD)?;
    let priming = copied_priming(args, job, &source);
    let patches = source.iso.as_ref().map(|iso| iso.without_edits(&priming)).unwrap_or_default();
    let mut streams = input::open(&running.pipeline, &source, patches, &events)?;
    let built = pipeline::build(&running.pipeline, &streams, &source, encoder, args, &job.output, &partial)
        .map_err(|error| why(error, &events, &source, job))?;
    for note in &built.notes {
        progress.note(note);
    }
    progress.start(clip_length(args, &source));
    running.pipeline.set_state(gst::State::Playing).map_err(|error| why(error.into(), &events, &source, job))?;
    seek(args, &streams)?;
    streams.iter_mut().for_each(Stream::release);
    follow(&events, &built.counters, progress, &source, job)?;
    drop(running);

    let frames = built.counters.muxed.load(Ordering::Relaxed);
    check_result(args, &source, &built, progress)?;
    complete(&partial, &priming, built.counters.video_end_ns.load(Ordering::Relaxed))
        .map_err(|error| Failure::Output(format!("cannot write {}: {error}", job.output.display())))?;
    partial.commit()?;
    Ok(Done { frames, took: began.elapsed() })
}

fn check_clip(args: &ConvertArgs, source: &Source) -> Result<(), Failure> {
    if let Some(duration) = source.duration
        && args.start.0 >= duration
    {
        return Err(Failure::Input(format!(
            "{} is only {duration:.3} long, so nothing is left from --start {:.3} on",
            source.path.display(),
            args.start.0
        )));
    }
    if args.duration.is_some_and(|duration| duration.0.is_zero()) {
        return Err(Failure::Usage("--duration 0 leaves nothing to convert".to_string()));
    }
    Ok(())
}

/// Priming of sound tracks that goes from one edit list into another. A clip that begins later has none.
fn copied_priming(args: &ConvertArgs, job: &Job, source: &Source) -> Vec<Option<Priming>> {
    let has_edits = matches!(extension(&job.output).as_str(), "mp4" | "mov");
    match &source.iso {
        Some(iso) if has_edits && !is_clip(args) && !args.no_audio => iso.priming(),
        _ => Vec::new(),
    }
}

fn is_clip(args: &ConvertArgs) -> bool {
    !args.start.0.is_zero() || args.duration.is_some()
}

fn clip_length(args: &ConvertArgs, source: &Source) -> Option<gst::ClockTime> {
    let rest = source.duration.map(|duration| duration.saturating_sub(args.start.0));
    match (rest, args.duration) {
        (Some(rest), Some(duration)) => Some(rest.min(duration.0)),
        (rest, duration) => rest.or(duration.map(|duration| duration.0)),
    }
}

/// Sends a clip's bounds to whoever reads the file. Nothing has left the streams yet.
fn seek(args: &ConvertArgs, streams: &[Stream]) -> anyhow::Result<()> {
    if !is_clip(args) {
        return Ok(());
    }
    let video = streams.iter().find(|stream| stream.is_video()).expect("the pipeline was built around it");
    let start = args.start.0;
    let (stop_type, stop) = match args.duration {
        Some(duration) => (gst::SeekType::Set, Some(start + duration.0)),
        None => (gst::SeekType::None, gst::ClockTime::NONE),
    };
    let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::ACCURATE;
    let seek = gst::event::Seek::new(1.0, flags, gst::SeekType::Set, start, stop_type, stop);
    if video.pad.send_event(seek) { Ok(()) } else { anyhow::bail!("this kind of file cannot be searched for --start") }
}

/// Waits for the end.
fn follow(
    events: &Events,
    counters: &Counters,
    progress: &mut Progress,
    source: &Source,
    job: &Job,
) -> anyhow::Result<()> {
    let mut last = (counters.work_done(), Instant::now());
    loop {
        match events.next() {
            Event::Tick => {
                progress.update(
                    counters.drawn.load(Ordering::Relaxed),
                    gst::ClockTime::from_nseconds(counters.position_ns.load(Ordering::Relaxed)),
                );
                if last.0 != counters.work_done() {
                    last = (counters.work_done(), Instant::now());
                } else if last.1.elapsed() > STALLED {
                    let (input, seconds) = (source.path.display(), STALLED.as_secs());
                    let text =
                        format!("nothing has come out of {input} for {seconds} seconds; GStreamer cannot read it");
                    return Err(Failure::Input(text).into());
                }
            }
            Event::Interrupt => return Err(Failure::Interrupted.into()),
            Event::Message(message) => match message.view() {
                gst::MessageView::Eos(_) => return Ok(()),
                gst::MessageView::Error(error) => return Err(explain(error, source, job)),
                _ => {}
            },
            Event::Stream(..) | Event::Flowing => {}
        }
    }
}

/// An error of the pipeline as a sentence about the file that it concerns.
fn explain(error: &gst::message::Error, source: &Source, job: &Job) -> anyhow::Error {
    let text = error.error().to_string();
    let text = text.trim_end_matches('.');
    let from =
        error.src().and_then(|object| object.downcast_ref::<gst::Element>()).and_then(|element| element.factory());
    let from = from.map(|factory| factory.name().to_string()).unwrap_or_default();
    let (input, output) = (source.path.display(), job.output.display());
    match from.as_str() {
        "comicstyle" => Failure::Model(text.to_string()).into(),
        "mp4mux" | "qtmux" | "matroskamux" | "webmmux" if error.error().matches(gst::StreamError::Mux) => {
            let reason = error.debug().unwrap_or_default();
            let reason = reason.lines().last().unwrap_or(text);
            Failure::Input(format!("the streams of {input} cannot be put together in {output}: {reason}")).into()
        }
        "filesink" | "mp4mux" | "qtmux" | "matroskamux" | "webmmux" => {
            let reason = match error.error().kind::<gst::ResourceError>() {
                Some(gst::ResourceError::NoSpaceLeft) => "the disk is full; make room and try again".to_string(),
                _ => format!("{text}{}", system_reason(error)),
            };
            Failure::Output(format!("cannot write {output}: {reason}")).into()
        }
        "filesrc" => Failure::Input(format!("cannot read {input}: {text}")).into(),
        _ if error.error().matches(gst::CoreError::MissingPlugin)
            || error.error().matches(gst::StreamError::CodecNotFound) =>
        {
            Failure::Lacking(format!("{input} needs a decoder that is not installed ({text}); see `inkcast doctor`"))
                .into()
        }
        _ => anyhow::anyhow!("cannot convert {input}: {text} ({from})"),
    }
}

/// What the system said, which GStreamer puts at the end of its debug line.
fn system_reason(error: &gst::message::Error) -> String {
    let debug = error.debug().unwrap_or_default();
    match debug.rsplit_once("system error: ") {
        Some((_, reason)) => format!(" ({})", reason.trim()),
        None => String::new(),
    }
}

/// What made a call fail: what an element has posted if one has, else the call's own error.
fn why(error: anyhow::Error, events: &Events, source: &Source, job: &Job) -> anyhow::Error {
    let posted = events.posted_error();
    match posted.as_ref().map(|message| message.view()) {
        Some(gst::MessageView::Error(message)) => explain(message, source, job),
        _ if error.is::<Failure>() => error,
        _ => error.context(format!("cannot convert {}", source.path.display())),
    }
}

/// Says what the result lacks, and fails if there is nothing in it.
fn check_result(args: &ConvertArgs, source: &Source, built: &Built, progress: &mut Progress) -> Result<(), Failure> {
    let counters = &built.counters;
    let input = source.path.display();
    let (decoded, muxed) = (counters.decoded.load(Ordering::Relaxed), counters.muxed.load(Ordering::Relaxed));
    if muxed == 0 {
        return Err(Failure::Input(format!("no frame of {input} could be decoded; the file may be damaged")));
    }
    if muxed != decoded {
        progress.note(&format!("{input}: {decoded} frames were decoded, but {muxed} were encoded"));
    }
    let end = gst::ClockTime::from_nseconds(counters.end_ns.load(Ordering::Relaxed));
    // The length that a file announces is that of its longest stream, which may be one of those left out.
    let ends_early = !built.left_out && clip_length(args, source).is_some_and(|length| end + EARLY_END < length);
    if source.iso.as_ref().is_some_and(|iso| iso.is_cut_off) || ends_early {
        progress.note(&format!("{input} is cut off; it was converted up to its last whole frame, at {end:.3}"));
    }
    Ok(())
}

/// Writes into the edit lists of an MP4 or MOV what the muxer does not know.
fn complete(partial: &Partial, priming: &[Option<Priming>], video_end_ns: u64) -> std::io::Result<()> {
    let Some(iso) = Iso::read(partial.path())? else { return Ok(()) };
    iso.write_end(partial.path(), video_end_ns)?;
    iso.write_priming(partial.path(), priming)
}
