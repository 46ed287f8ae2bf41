//! `inkcast compare`: how steady, sharp and free of ghosts a stylised video is, measured against its source.

mod comparison;
mod figures;
mod flow;
mod image;
mod measures;
mod scale;

use std::path::PathBuf;

use clap::Args;
use gstreamer_video::prelude::*;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use inkcast_frame::Plane;
use serde::Serialize;

use crate::failure::{EXIT_CODES, Failure};
use crate::input::{Frames, Source, existing};
use comparison::{Comparison, Moment};
use figures::{Figures, MEANINGS};
use flow::TwoWayFlow;
use image::Image;
use scale::Scaler;

const EXAMPLES: &str = "\
Examples:
  inkcast compare holiday.mp4 holiday.comic.mp4
  inkcast compare in.mp4 steady.mkv --per-frame anew.mkv
      what steadiness gains, where anew.mkv was made with --steadiness 0
  inkcast compare in.mp4 comic.mp4 --max-frames 100 --json";

/// How much the shapes of two videos may differ: a row that an encoder cut off, or rounding of a scaled side.
const SHAPE_TOLERANCE: f64 = 0.02;

/// Measures a stylised video against its source: how steady it is, how sharp, how free of ghosts
///
/// Frames are compared one by one in their order, so both videos need the same frames. Each is scaled by area averaging to
/// the same width. Whatever depends on motion uses the flow of the source, estimated both ways by dense inverse search with
/// variational refinement, Inkcast's own (crates/motion). Another flow gives other figures: compare figures of one tool only.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("Figures:\n{MEANINGS}\n\n{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct CompareArgs {
    /// The video as it was
    #[arg(value_name = "SOURCE")]
    source: PathBuf,
    /// What was made of it
    #[arg(value_name = "STYLISED")]
    stylised: PathBuf,
    /// The same made without the temporal term (--steadiness 0), for gain, sharpness kept and ghosting
    #[arg(long, value_name = "FILE")]
    per_frame: Option<PathBuf>,
    /// Print JSON for programs
    #[arg(long)]
    json: bool,
    /// Width to measure at, in pixels; what is narrower stays as it is
    #[arg(long, value_name = "W", default_value_t = 640, value_parser = clap::value_parser!(u32).range(16..=8192))]
    width: u32,
    /// Read at most this many frames
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_frames: Option<u64>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Output<'a> {
    source: String,
    stylised: String,
    per_frame: Option<String>,
    width: usize,
    height: usize,
    flow: &'static str,
    #[serde(flatten)]
    figures: &'a Figures,
    notes: Vec<String>,
}

/// Compares and prints.
pub fn run(args: &CompareArgs) -> anyhow::Result<()> {
    let source = existing(&args.source)?;
    let stylised = existing(&args.stylised)?;
    let per_frame = args.per_frame.as_deref().map(existing).transpose()?;
    for other in [Some(&stylised), per_frame.as_ref()].into_iter().flatten() {
        check_shape(&source, other)?;
    }
    let size = measured_size(source.video.upright_size(), args.width);
    let figures = compare(args, &source, &stylised, per_frame.as_ref(), size)?;
    let notes = figures.notes();
    if !args.json {
        let (width, height) = size;
        print!("{}", figures.table());
        println!("\nMeasured at {width}x{height}; flow of the source by {}.", TwoWayFlow::DESCRIPTION);
        notes.iter().for_each(|note| eprintln!("note: {note}"));
        return Ok(());
    }
    let output = Output {
        source: args.source.display().to_string(),
        stylised: args.stylised.display().to_string(),
        per_frame: args.per_frame.as_ref().map(|path| path.display().to_string()),
        width: size.0,
        height: size.1,
        flow: TwoWayFlow::DESCRIPTION,
        figures: &figures,
        notes,
    };
    println!("{}", serde_json::to_string_pretty(&output)?);
    Ok(())
}

/// Refuses videos of another shape, which cannot show the same.
fn check_shape(source: &Source, other: &Source) -> Result<(), Failure> {
    let shape = |source: &Source| {
        let (width, height) = source.video.shown_size();
        width / height
    };
    if (shape(other) / shape(source) - 1.0).abs() <= SHAPE_TOLERANCE {
        return Ok(());
    }
    let named = |source: &Source| {
        let (width, height) = source.video.shown_size();
        format!("{} ({width:.0}x{height:.0})", source.path.display())
    };
    Err(Failure::Input(format!(
        "{} and {} have different shapes and cannot be compared; make the comic without --compare side-by-side and \
         without a --size of another shape",
        named(source),
        named(other)
    )))
}

/// The size in which videos are compared: `width` wide if the source is wider, and then with an even height.
fn measured_size((wide, high): (u32, u32), width: u32) -> (usize, usize) {
    if wide <= width {
        return (wide as usize, high as usize);
    }
    let height = 2.0 * (f64::from(high) * f64::from(width) / f64::from(wide) / 2.0).round();
    (width as usize, height.max(2.0) as usize)
}

/// The frames of `source` in RGB, scaled to `size`.
fn scaled_frames(source: &Source, size: (usize, usize)) -> anyhow::Result<Frames<Plane<[u8; 3]>>> {
    let mut scaler = Scaler::default();
    Frames::open(source, "RGB", move |frame| {
        let from = (frame.width() as usize, frame.height() as usize);
        let (bytes, stride) = (frame.plane_data(0).ok()?, usize::try_from(frame.plane_stride()[0]).ok()?);
        Some(scaler.scale(from, |y| &bytes[y * stride..][..3 * from.0], size))
    })
}

fn compare(
    args: &CompareArgs,
    source: &Source,
    stylised: &Source,
    per_frame: Option<&Source>,
    size: (usize, usize),
) -> anyhow::Result<Figures> {
    let mut source_video = scaled_frames(source, size)?;
    let mut stylised_video = scaled_frames(stylised, size)?;
    let mut per_frame_video = per_frame.map(|per_frame| scaled_frames(per_frame, size)).transpose()?;
    let bar = progress_bar();
    let flow = TwoWayFlow::new().map_err(|error| Failure::Model(error.to_string()))?;
    let mut comparison = Comparison::new(flow);
    for _ in 0..args.max_frames.unwrap_or(u64::MAX) {
        // Each is asked even if another has ended, so that the counts tell how long each of them is.
        let frames = (source_video.next()?, stylised_video.next()?);
        let per_frame = per_frame_video.as_mut().map(Frames::next).transpose()?.flatten();
        match frames {
            (Some(source), Some(stylised)) => {
                let (source, stylised) = (Image::new(source), Image::new(stylised));
                comparison.add(Moment { source, stylised, per_frame: per_frame.map(Image::new) });
                bar.inc(1);
            }
            (None, None) if per_frame.is_none() => break,
            _ => {}
        }
    }
    bar.finish_and_clear();
    for video in [Some(&source_video), Some(&stylised_video), per_frame_video.as_ref()].into_iter().flatten() {
        video.check_not_empty()?;
    }
    Ok(Figures {
        frames_src: source_video.count,
        frames_out: stylised_video.count,
        frames_pf: per_frame_video.as_ref().map(|video| video.count),
        ..comparison.figures()
    })
}

fn progress_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(5));
    let style = ProgressStyle::with_template("{pos} frames compared, {per_sec}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}
