//! `inkcast convert`: from the command line to finished files, one after another.

mod audio;
mod clip;
mod encoders;
mod pipeline;
mod progress;
mod size;
mod timestamps;
mod transcode;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

pub use clip::Time;
pub use encoders::{ENCODERS, Encoder};
pub use size::Size;

use crate::failure::{EXIT_CODES, Failure};
use crate::outputs::{self, Job, Kind};
use crate::style_args::StyleArgs;
use progress::Progress;

const EXAMPLES: &str = "\
Examples:
  inkcast convert holiday.mp4
      makes holiday.comic.mp4 beside it
  inkcast convert holiday.mov -o comic.mkv --style halftone --screen-size 8
      another container and style; dots 8 pixels apart
  inkcast convert clips/ one.webm -o comics/
      a whole folder and a file, all into comics/
  inkcast convert long.mp4 -o look.mp4 --start 1:30 --duration 10 --compare side-by-side
      ten seconds from 1:30 on, source and comic next to each other
  inkcast convert big.mp4 -o small.mp4 --size 640x-1 --encoder x265 --quality 60
      640 pixels wide, as high as the shape of the picture asks for";

/// Turns video files into comics.
///
/// Sound is copied as it is wherever the output can hold it, timestamps are kept, and a file gets its final name only
/// when it is whole.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct ConvertArgs {
    /// Video files, or folders with videos in them
    #[arg(required = true, value_name = "IN")]
    pub inputs: Vec<PathBuf>,
    /// The file to write (.mp4, .mov, .mkv, .webm), or a folder for several inputs [default: <name>.comic.<ext> beside
    /// each input]
    #[arg(short, long, value_name = "OUT|DIR")]
    pub output: Option<PathBuf>,
    /// Overwrite outputs that exist
    #[arg(short, long)]
    pub force: bool,
    /// Begin here: seconds, M:SS or H:MM:SS, with decimals if wanted
    #[arg(long, value_name = "TIME", default_value = "0")]
    pub start: Time,
    /// End after this long
    #[arg(long, value_name = "TIME")]
    pub duration: Option<Time>,
    /// Size of the comic; -1 for one side keeps the shape of the picture
    #[arg(long, value_name = "WxH", allow_hyphen_values = true)]
    pub size: Option<Size>,
    /// Leave the sound out
    #[arg(long)]
    pub no_audio: bool,
    /// How progress is reported: a bar (on a terminal only) or one JSON object a line on standard output
    #[arg(long, value_enum, default_value_t = ProgressKind::Bar)]
    pub progress: ProgressKind,
    /// Report errors only; what --progress json prints stays
    #[arg(short, long)]
    pub quiet: bool,
    /// How the style is drawn.
    #[command(flatten)]
    pub style: StyleArgs,
    /// Video encoder [default: x264, or vp9 for .webm]; `inkcast doctor` says which are installed
    #[arg(long, value_name = "NAME", value_parser = encoders::parse, long_help = encoders::help(), help_heading = "Encoding")]
    pub encoder: Option<&'static Encoder>,
    /// Quality of the encoded picture, the same scale for every encoder: 100 is nearly without loss
    #[arg(long, value_name = "0..100", default_value_t = 70, value_parser = clap::value_parser!(u32).range(0..=100), help_heading = "Encoding")]
    pub quality: u32,
}

/// How progress is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProgressKind {
    /// A bar with percent, frames a second and the time left
    Bar,
    /// One JSON object a line
    Json,
}

const VIDEOS: Kind = Kind {
    name: "videos",
    extensions: &[
        "3gp", "avi", "flv", "m2ts", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "mts", "ogv", "ts", "webm", "wmv",
    ],
    writable: &["mp4", "mov", "mkv", "webm"],
};

/// Converts every input, and goes on with the next where one fails. The first failure is the result.
pub fn run(args: &ConvertArgs) -> anyhow::Result<()> {
    args.style.open_model()?;
    let jobs = outputs::plan(&args.inputs, args.output.as_deref(), &VIDEOS, args.force)?;
    for job in &jobs {
        encoders::choose(args.encoder, &job.output)?;
    }
    make_folder(args, &jobs)?;

    let mut first_failure = None;
    for (index, job) in jobs.iter().enumerate() {
        let mut progress = Progress::new(args, job, (index + 1, jobs.len()));
        match transcode::run(args, job, &mut progress) {
            Ok(done) => progress.finish(&done),
            Err(error) if jobs.len() == 1 || Failure::is_interruption(&error) => {
                progress.fail(&error);
                return Err(error);
            }
            Err(error) => {
                progress.fail(&error);
                eprintln!("inkcast: {error:#}");
                first_failure.get_or_insert(error);
            }
        }
    }
    match first_failure {
        None => Ok(()),
        Some(error) => Err(error.context("not everything was converted; the first failure was")),
    }
}

/// Several inputs go to a folder, which is made if its parent exists.
fn make_folder(args: &ConvertArgs, jobs: &[Job]) -> Result<(), Failure> {
    let Some(output) = &args.output else { return Ok(()) };
    let is_folder = jobs.iter().all(|job| job.output != *output);
    if is_folder && !output.is_dir() {
        std::fs::create_dir(output)
            .map_err(|error| Failure::Output(format!("cannot make the folder {}: {error}", output.display())))?;
    }
    Ok(())
}
