//! `inkcast bench`: how long the stages of a frame take on this machine, without codecs.

mod clip;
mod measure;
mod memory;
mod scene;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use inkcast_frame::{Format, OwnedFrame};
use inkcast_stylize::STAGES;
use serde::Serialize;

use crate::convert::Size;
use crate::failure::EXIT_CODES;
use crate::style_args::StyleArgs;
use measure::{Timing, WARM_UP, measure};
use scene::Scene;

const EXAMPLES: &str = "\
Examples:
  inkcast bench
  inkcast bench --size 1280x720 --frames 100 --threads 2
  inkcast bench --size 1920x1080 --style manga --steadiness 0 --json
  inkcast bench holiday.mp4 --frames 200";

/// Sizes that are measured unless others are asked for.
const SIZES: [(u32, u32); 3] = [(640, 360), (1280, 720), (1920, 1080)];

/// Measures how long a frame takes on this machine, stage by stage
///
/// A made-up scene runs through everything between decoder and encoder: a textured ground that the camera moves over, and
/// something in front of it that moves otherwise. Nothing in it stands still, so it is near the most that a frame takes; a
/// clip of your own tells what its frames take. Codecs are not part of it, and neither is the making of the scene.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct BenchArgs {
    /// A video whose frames are timed in place of the made-up scene, in its own size
    #[arg(value_name = "CLIP", conflicts_with = "sizes")]
    pub clip: Option<PathBuf>,
    /// Size of the frames; may be given more than once; -1 for one side means 16:9 [default: 640x360, 1280x720 and
    /// 1920x1080]
    #[arg(long = "size", value_name = "WxH", allow_hyphen_values = true)]
    sizes: Vec<Size>,
    /// Frames of each size that are timed, at most
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    frames: u32,
    /// Memory layout of the frames, as decoders give them
    #[arg(long, value_enum, default_value_t = FormatArg::I420)]
    format: FormatArg,
    /// Print JSON for programs
    #[arg(long)]
    json: bool,
    /// How the style is drawn.
    #[command(flatten)]
    style: StyleArgs,
}

/// Formats that decoders give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatArg {
    /// Planes of luma, Cb and Cr
    I420,
    /// A plane of luma and one of Cb and Cr
    Nv12,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Output {
    device: String,
    model: String,
    style: String,
    /// The file, unless it was the made-up scene.
    #[serde(skip_serializing_if = "Option::is_none")]
    clip: Option<String>,
    steadiness: f32,
    format: String,
    frames: u32,
    warm_up_frames: u32,
    sizes: Vec<Timing>,
}

/// Measures and prints.
pub fn run(args: &BenchArgs) -> anyhow::Result<()> {
    let (package, compute) = args.style.open_model()?;
    let settings = args.style.settings();
    let format = match args.format {
        FormatArg::I420 => Format::I420,
        FormatArg::Nv12 => Format::Nv12,
    };
    let style = package.style(&settings.style).map(|style| style.name.clone()).unwrap_or_default();
    let model = format!("{} {}", package.manifest().name, package.manifest().version);
    let mut output = Output {
        device: String::new(),
        model,
        style,
        clip: args.clip.as_ref().map(|path| path.display().to_string()),
        steadiness: settings.steadiness,
        format: args.format.to_possible_value().map(|value| value.get_name().to_string()).unwrap_or_default(),
        frames: args.frames,
        warm_up_frames: WARM_UP,
        sizes: Vec::new(),
    };
    let mut add = |(timing, used): (Timing, String)| {
        output.device = used;
        if !args.json {
            if output.sizes.is_empty() {
                print_head(&output, timing.frames);
            }
            println!("{}", row(&timing));
        }
        output.sizes.push(timing);
    };
    match &args.clip {
        Some(path) => {
            let mut frames = clip::decode(path, format, (WARM_UP + args.frames) as usize)?.into_iter().peekable();
            let size = frames.peek().map_or((0, 0), clip::frame_size);
            let next = |frame: &mut OwnedFrame| Ok(frames.next().map(|next| *frame = next).is_some());
            add(measure(&package, compute, &settings, format, size, args.frames, next)?);
        }
        None => {
            let sizes: Vec<(u32, u32)> = match args.sizes.as_slice() {
                [] => SIZES.to_vec(),
                sizes => sizes.iter().map(|size| size.widescreen()).collect(),
            };
            for (width, height) in sizes {
                let size = (width as usize, height as usize);
                let (scene, mut index) = (Scene::new(size.0, size.1), 0);
                let next = |frame: &mut OwnedFrame| {
                    scene.draw(index, frame);
                    index += 1;
                    Ok(true)
                };
                add(measure(&package, compute, &settings, format, size, args.frames, next)?);
            }
        }
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(&output)?);
    } else {
        println!("\n{}", FOOT);
    }
    Ok(())
}

const FOOT: &str = "\
all: the whole frame; p90: nine of ten frames take no longer; fps: 1000 / all. peak: the most memory that the process had
in use at this size (VmHWM), the model and the scene or the clip's frames included.";

fn print_head(output: &Output, frames: u32) {
    let Output { device, model, style, steadiness, format, warm_up_frames, .. } = output;
    println!("{device}; model {model}, style {style}, steadiness {steadiness}, {format}");
    let what = output.clip.as_ref().map_or("each size", |clip| clip);
    println!("medians in ms over {frames} frames of {what}, after {warm_up_frames} to warm up\n");
    let stages = STAGES.map(|stage| format!(" {stage:>8}")).concat();
    println!("{:>9} {:>8} {:>8} {:>7}{stages} {:>10}", "size", "all", "p90", "fps", "peak");
}

fn row(timing: &Timing) -> String {
    let stages: String = timing.stages.iter().map(|stage| format!(" {:>8.2}", stage.ms)).collect();
    let size = format!("{}x{}", timing.width, timing.height);
    let peak = timing.peak_mib.map_or("?".to_string(), |mib| format!("{mib:.0} MiB"));
    format!("{size:>9} {:>8.2} {:>8.2} {:>7.1}{stages} {peak:>10}", timing.total_ms, timing.p90_ms, timing.fps)
}
