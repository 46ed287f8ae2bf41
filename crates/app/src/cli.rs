use clap::{Parser, Subcommand};

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

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Turn video files into comics, with their sound and their timing
    Convert(ConvertArgs),
    /// Turn stills into comics: PNG, JPEG and WebP
    Image(ImageArgs),
    /// Turn a camera, the screen or a stream into a comic as it comes
    Live(LiveArgs),
    /// List the styles of a model
    Styles(StylesArgs),
    /// Look into a model package
    Model(ModelArgs),
    /// Say what this machine has, what it lacks, and what for
    Doctor(DoctorArgs),
}
