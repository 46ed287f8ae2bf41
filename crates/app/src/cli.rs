use clap::{Parser, Subcommand};

use crate::bench::BenchArgs;
use crate::compare::CompareArgs;
use crate::convert::ConvertArgs;
use crate::doctor::DoctorArgs;
use crate::failure::EXIT_CODES;
use crate::image::ImageArgs;
use crate::live::LiveArgs;
use crate::model::ModelArgs;
use crate::styles::StylesArgs;

const EXAMPLES: &str = "\
Examples:
  inkcast convert holiday.mp4
      makes holiday.comic.mp4 beside it, sound and timing untouched
  inkcast convert clips/ -o comics/ --style halftone
      every video of a folder into another folder
  inkcast image portrait.jpg -o portrait.png
  inkcast live --from camera --to display
  inkcast styles
      which styles there are
  inkcast doctor
      what is missing on this machine, and which package has it";

/// Turns video into a comic: files, stills and live streams.
#[derive(Debug, Parser)]
#[command(name = "inkcast", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands. What each is for stands with its options.
#[derive(Debug, Subcommand)]
#[allow(missing_docs)] // A sentence here would hide the longer text there.
pub enum Command {
    Convert(ConvertArgs),
    Image(ImageArgs),
    Live(LiveArgs),
    Compare(CompareArgs),
    Bench(BenchArgs),
    Styles(StylesArgs),
    Model(ModelArgs),
    Doctor(DoctorArgs),
}
