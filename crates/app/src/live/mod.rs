//! `inkcast live`: a launch line from a source to a target, and running it.

mod source;
mod target;

use std::time::Duration;

use clap::Args;
use gstreamer as gst;
use gstreamer::prelude::*;

use crate::convert::{Size, Time};
use crate::events::{Event, Events};
use crate::failure::{EXIT_CODES, Failure};
use crate::partial::Partial;
use crate::style_args::StyleArgs;
use source::Source;
use target::Target;

const EXAMPLES: &str = "\
Examples:
  inkcast live --from camera --to display
      the first camera in a window
  inkcast live --from camera:/dev/video2 --to camera:/dev/video9 --size 1280x720
      a comic of yourself for video calls (a virtual camera made by v4l2loopback)
  inkcast live --from screen --to file:recording.mp4
      until Ctrl-C, which ends the file properly
  inkcast live --from test --to srt://192.0.2.7:9000 --fps 30
  inkcast live --from https://example.org/stream.m3u8 --to rtmp://live.example.org/app/key
  inkcast live --from test --to display --print-pipeline
      the same as a line for gst-launch-1.0";

/// Turns a camera, the screen or a stream into a comic as it comes
///
/// Sound is left out. Where the machine is too slow, frames are dropped before they are drawn, so that the picture never lags behind.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct LiveArgs {
    /// test, camera, camera:DEVICE, screen, a URI or a file
    #[arg(long, value_name = "SOURCE")]
    from: Source,
    /// display, file:PATH (.mp4, .mov, .mkv), rtmp://..., srt://..., udp://HOST:PORT or camera:DEVICE
    #[arg(long, value_name = "TARGET")]
    to: Target,
    /// Size of the comic; -1 for one side means 16:9
    #[arg(long, value_name = "WxH", allow_hyphen_values = true)]
    size: Option<Size>,
    /// Frames a second at most
    #[arg(long, value_name = "FPS", value_parser = clap::value_parser!(u32).range(1..=240))]
    fps: Option<u32>,
    /// Stop after this long [default: at Ctrl-C, or at the end of the source]
    #[arg(long, value_name = "TIME")]
    duration: Option<Time>,
    /// Overwrite a file that exists
    #[arg(short, long)]
    force: bool,
    /// Print the pipeline as a line for gst-launch-1.0, and do nothing
    #[arg(long)]
    print_pipeline: bool,
    /// Report errors only
    #[arg(short, long)]
    quiet: bool,
    /// How the style is drawn.
    #[command(flatten)]
    style: StyleArgs,
}

/// Runs until Ctrl-C, until the source ends, or for `--duration`.
pub fn run(args: &LiveArgs) -> anyhow::Result<()> {
    args.style.open_model()?;
    if args.print_pipeline {
        let file = args.to.file().map(|path| path.display().to_string());
        println!("gst-launch-1.0 -e {}", launch_line(args, file.as_deref()));
        return Ok(());
    }
    args.from.check()?;
    args.to.check(args.force)?;
    let partial = args.to.file().map(Partial::create).transpose()?;
    let file = partial.as_ref().map(|partial| partial.path().display().to_string());
    let line = launch_line(args, file.as_deref());
    let pipeline = gst::parse::launch(&line)
        .map_err(|error| Failure::Lacking(format!("cannot build the pipeline: {error}; see `inkcast doctor`")))?
        .downcast::<gst::Pipeline>()
        .map_err(|_| anyhow::anyhow!("the launch line is no pipeline"))?;
    let events = Events::of(&pipeline, Duration::from_millis(50))?;
    let outcome = play(&pipeline, &events, args);
    pipeline.set_state(gst::State::Null)?;
    outcome?;
    if let Some(partial) = partial {
        partial.commit()?;
    }
    Ok(())
}

/// The pipeline in the words of `gst-launch-1.0`; `file` is what a file target writes to.
fn launch_line(args: &LiveArgs, file: Option<&str>) -> String {
    let mut parts = vec![args.from.launch(args.size.map(Size::widescreen), args.fps)];
    // Frames that come while one is being drawn push out those that wait: late is worse than lost.
    parts.push("queue leaky=downstream max-size-buffers=1 max-size-bytes=0 max-size-time=0".to_string());
    parts.push("videoconvert".to_string());
    if let Some(size) = args.size {
        let (width, height) = size.widescreen();
        parts.push(format!("videoscale ! video/x-raw,width={width},height={height},pixel-aspect-ratio=1/1"));
    }
    if let Some(fps) = args.fps {
        parts.push(format!("videorate drop-only=true max-rate={fps}"));
    }
    let properties = args.style.properties().into_iter().map(|(name, value)| format!(" {name}={}", quote(&value)));
    parts.push(format!("comicstyle{}", properties.collect::<String>()));
    parts.push("queue max-size-buffers=2 max-size-bytes=0 max-size-time=0".to_string());
    parts.push("videoconvert".to_string());
    parts.push(args.to.launch(args.fps.unwrap_or(30), file));
    parts.join(" ! ")
}

/// `value` as one word of a launch line.
fn quote(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/:".contains(c);
    if !value.is_empty() && value.chars().all(is_plain) {
        return value.to_string();
    }
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

fn play(pipeline: &gst::Pipeline, events: &Events, args: &LiveArgs) -> anyhow::Result<()> {
    if pipeline.set_state(gst::State::Playing).is_err() {
        // The reason is on its way; without one, this is all there is to say.
        while let Event::Message(message) = events.next() {
            if let gst::MessageView::Error(error) = message.view() {
                return Err(explain(error, args));
            }
        }
        anyhow::bail!("the pipeline cannot start; see `inkcast doctor`");
    }
    if !args.quiet {
        eprintln!("{} to {}; Ctrl-C stops", args.from, args.to);
    }
    let mut is_ending = false;
    let mut end = || {
        if !std::mem::replace(&mut is_ending, true) {
            // The end passes through the pipeline, so that files get their index.
            pipeline.send_event(gst::event::Eos::new());
        }
    };
    loop {
        match events.next() {
            Event::Interrupt => end(),
            Event::Tick => {
                let position = pipeline.current_running_time();
                if args.duration.is_some_and(|duration| position.is_some_and(|position| position >= duration.0)) {
                    end();
                }
            }
            Event::Message(message) => match message.view() {
                gst::MessageView::Eos(_) => return Ok(()),
                gst::MessageView::Error(error) => return Err(explain(error, args)),
                _ => {}
            },
            Event::Stream(..) | Event::Flowing => {}
        }
    }
}

fn explain(error: &gst::message::Error, args: &LiveArgs) -> anyhow::Error {
    let factory = error.src().and_then(|object| object.downcast_ref::<gst::Element>()).and_then(|e| e.factory());
    let name = factory.map(|factory| factory.name().to_string()).unwrap_or_default();
    let text = error.error().to_string();
    match name.as_str() {
        "comicstyle" => Failure::Model(text).into(),
        "v4l2src" | "ximagesrc" => Failure::Lacking(format!("{text} ({name})")).into(),
        "filesink" | "rtmp2sink" | "srtsink" | "udpsink" | "v4l2sink" => {
            Failure::Output(format!("cannot send: {text} ({name})")).into()
        }
        _ if error.error().matches(gst::CoreError::MissingPlugin) => {
            Failure::Lacking(format!("{text}; see `inkcast doctor`")).into()
        }
        _ => Failure::Input(format!("cannot read {}: {text} ({name})", args.from)).into(),
    }
}
