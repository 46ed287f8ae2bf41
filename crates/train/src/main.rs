//! The program `inkcast-train`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};
use inkcast_train::data::{Preparation, prepare};
use inkcast_train::looks::{Analysis, Look, print_preview};
use inkcast_train::pictures;
use rayon::prelude::*;

/// Trains Inkcast's generators on a folder of pictures and clips.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Render the reference looks of some pictures on one sheet
    ///
    /// One row a picture: the source, then each look with a simple print. This is what a network is taught; it is the
    /// place to judge a look before hours are spent on learning it.
    Looks {
        /// Where to write the sheet (PNG or JPEG)
        #[arg(value_name = "OUT")]
        out: PathBuf,
        /// Pictures to render
        #[arg(value_name = "PHOTO", required = true)]
        photos: Vec<PathBuf>,
        /// Shorter side of the pictures in pixels; lines are two pixels wide whatever the size
        #[arg(long, default_value_t = 360, value_name = "PIXELS")]
        short_side: u32,
    },
    /// Compute the looks of pictures and clip frames once, for training
    ///
    /// Pictures are scaled to a shorter side of 360 to 640 pixels. Files that cannot be read are skipped and named.
    Prepare {
        /// Folder with pictures (jpg, png, webp); may be given several times
        #[arg(long, value_name = "DIR")]
        photos: Vec<PathBuf>,
        /// Folder with clips (mp4, mkv, webm, mov, avi, ogv); may be given several times
        #[arg(long, value_name = "DIR")]
        clips: Vec<PathBuf>,
        /// Use only files whose path ends with a line of this file, such as "clips/street.mp4"
        #[arg(long, value_name = "FILE")]
        only: Option<PathBuf>,
        /// Folder for the prepared data, about 5 MB a picture
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Use at most this many pictures, drawn by the seed (clips are not limited)
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
        /// Frames taken from each clip, spread evenly
        #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
        frames_per_clip: u16,
        /// Keep at least this many pictures out of training, to measure with
        #[arg(long, default_value_t = 48, value_name = "N")]
        held_out: usize,
        /// Decides on sizes and on which pictures are held out
        #[arg(long, default_value_t = 1, value_name = "NUMBER")]
        seed: u64,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Looks { out, photos, short_side } => {
            let rows = photos
                .par_iter()
                .map(|photo| {
                    let source = pictures::scaled_to(&pictures::read(photo)?, short_side);
                    let analysis = Analysis::new(&pictures::to_rgb(&source));
                    let print = |look| pictures::from_rgb(&print_preview(&analysis.layers(look), look));
                    Ok(std::iter::once(source.clone()).chain(Look::ALL.map(print)).collect())
                })
                .collect::<Result<Vec<_>>>()?;
            pictures::write(&out, &pictures::sheet(&rows, short_side))
        }
        Command::Prepare { photos, clips, only, out, limit, frames_per_clip, held_out, seed } => {
            let frames_per_clip = frames_per_clip.into();
            prepare(&Preparation { photos, clips, only, out, limit, frames_per_clip, held_out, seed })
        }
    }
}
