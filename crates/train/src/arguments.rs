use std::path::PathBuf;

use clap::{Parser, Subcommand};
use inkcast_train::device::TrainingDevice;
use inkcast_train::looks::Look;
use inkcast_train::wanted::Wanted;

/// Train Inkcast's generators on your own pictures and clips
///
/// The usual way: `prepare` a folder of pictures once, `fit` a network to them, `export` it as a package that
/// `inkcast --model` takes, and look at a `sheet` of it. `looks` shows what the network is taught.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
    /// Threads to compute with; 0 means one for each processor core
    #[arg(long, global = true, default_value_t = 0, value_name = "N")]
    pub threads: usize,
}

#[derive(Subcommand)]
pub enum Command {
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
        /// Shorter side in pixels that pictures are scaled to before they are rendered
        #[arg(long, default_value_t = 540, value_name = "PIXELS", value_parser = clap::value_parser!(u16).range(16..=2160))]
        short_side: u16,
        /// Height of a row of the sheet in pixels; that of the rendered pictures if it is not given
        #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u16).range(16..=2160))]
        row_height: Option<u16>,
        /// Show colour under ink instead of printing dots: what the network has to learn
        #[arg(long)]
        layers: bool,
        /// Draw lines three pixels wide at every size, as `prepare` does; else they grow with the picture
        #[arg(long)]
        one_line_width: bool,
        /// Show only this look; may be given several times
        #[arg(long = "look", value_name = "NAME", value_parser = parse_look)]
        only: Vec<Look>,
    },
    /// Compute the looks of pictures and clip frames once, for training
    ///
    /// Pictures are scaled to a shorter side of 360 to 640 pixels. Files that cannot be used and near-duplicates are left
    /// out and named. Run it again after adding pictures, or if it was interrupted: what is done is not done again.
    ///
    /// Below folders of the names real_images and generated_images lie photos and comic pictures; where these are in
    /// folders train and test, that is the split. Photos and comic pictures whose names match one to one are pairs.
    Prepare {
        /// Folder with photos (jpg, png, webp); may be given several times
        #[arg(long, value_name = "DIR")]
        photos: Vec<PathBuf>,
        /// Folder with comic pictures, for training without pairs; may be given several times
        #[arg(long, value_name = "DIR")]
        comics: Vec<PathBuf>,
        /// Folder with clips (mp4, mkv, webm, mov, avi, ogv); may be given several times
        #[arg(long, value_name = "DIR")]
        clips: Vec<PathBuf>,
        /// Use only files whose path ends with a line of this file, such as "clips/street.mp4"
        #[arg(long, value_name = "FILE")]
        only: Option<PathBuf>,
        /// Folder for the prepared data, about 5 MB a photo
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Use at most this many photos and comic pictures, drawn by the seed (clips are not limited)
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
        /// Frames taken from each clip, spread evenly
        #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
        frames_per_clip: u16,
        /// Sequences of 4 frames taken from each clip that is trained on, spread evenly, with the motion between them, for
        /// temporal.sequences.clips; 8 to 22 MB each
        #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u16).range(..=64))]
        clip_sequences: u16,
        /// Prepare each picture at so many sizes, to learn more from few; lines keep their width
        #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=8))]
        sizes: u16,
        /// Keep at least this many photos and frames out of training, to measure with, and at least one in twenty
        #[arg(long, default_value_t = 48, value_name = "N")]
        held_out: usize,
        /// Decides on sizes and, with the content of each picture, on whether it is held out
        #[arg(long, default_value_t = 1, value_name = "NUMBER")]
        seed: u64,
    },
    /// Fit a network to prepared data
    ///
    /// Prints losses, speed and time left, and at each checkpoint how well pictures are imitated that were held out.
    /// Stop it whenever you like: --resume goes on from the latest checkpoint exactly as if it had not been stopped.
    Fit {
        /// Configuration, such as crates/train/configs/inkcast-s.toml
        #[arg(value_name = "CONFIG")]
        config: PathBuf,
        /// Prepared data
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// Folder for checkpoints and the log
        #[arg(long, value_name = "DIR")]
        run: PathBuf,
        /// Package to start from instead of random weights; it may lack styles, channels, blocks, experts and the carried
        /// input, and the network begins by drawing as it does
        #[arg(long, value_name = "DIR", conflicts_with = "resume")]
        base: Option<PathBuf>,
        /// Go on from the latest checkpoint in --run
        #[arg(long)]
        resume: bool,
        /// Steps, in place of those of the configuration
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        steps: Option<u64>,
        /// Where steps are computed: cpu, cuda or cuda:N (CUDA in builds with the feature "cuda", and for the method
        /// "paired")
        #[arg(long, default_value = "cpu", value_name = "DEVICE")]
        device: TrainingDevice,
    },
    /// Measure a package on the held-out pictures
    Validate {
        /// Configuration that says which style learns which look
        #[arg(value_name = "CONFIG")]
        config: PathBuf,
        /// Package to measure
        #[arg(long, value_name = "DIR")]
        model: PathBuf,
        /// Prepared data
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
    },
    /// Show held-out pictures beside the looks and what a package makes of them
    ///
    /// One row a picture: the source, then for each style the look and the network's picture.
    Sheet {
        /// Configuration that says which style learns which look
        #[arg(value_name = "CONFIG")]
        config: PathBuf,
        /// Package to show
        #[arg(long, value_name = "DIR")]
        model: PathBuf,
        /// Prepared data
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// Where to write the sheet (PNG or JPEG)
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Pictures to show
        #[arg(long, default_value_t = 6, value_name = "N")]
        count: usize,
        /// Pictures to pass over first
        #[arg(long, default_value_t = 0, value_name = "N")]
        skip: usize,
        /// Print dots simply instead of showing colour under ink
        #[arg(long)]
        print: bool,
    },
    /// Make a package of a run that `inkcast` can use
    ///
    /// Takes the checkpoint that did best on held-out pictures.
    Export {
        /// Folder of the run
        #[arg(long, value_name = "DIR")]
        run: PathBuf,
        /// Folder for the package
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Take the latest checkpoint instead of the best
        #[arg(long)]
        latest: bool,
        #[command(flatten)]
        wanted: Wanted,
    },
    /// Write a report on a run, or on several that differ in their seed, as one HTML file
    ///
    /// Losses, learning rate, figures on held-out and on training data and the gap between them, how restless the
    /// losses are, how much the runs differ, and sample pictures over time.
    Report {
        /// Folder of a run; may be given several times
        #[arg(long, value_name = "DIR", required = true)]
        run: Vec<PathBuf>,
        /// Where to write the report
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Show what a run does now: the same picture that each checkpoint leaves in its folder
    ///
    /// Takes the checkpoint that did best on held-out pictures.
    Sample {
        /// Folder of the run
        #[arg(long, value_name = "DIR")]
        run: PathBuf,
        /// Where to write the picture (PNG or JPEG)
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Take the latest checkpoint instead of the best
        #[arg(long)]
        latest: bool,
        /// Prepared data, if it is no longer where it was when the run was started
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        #[command(flatten)]
        wanted: Wanted,
    },
    /// Make a package run in 8 bits: find how far its activations reach and write that into its model.toml
    ///
    /// Runs pictures through every style and takes, for each map of the network, the value that --percentile of a
    /// hundred do not exceed. Then prints what 8 bits cost on other pictures: the signal-to-noise ratio against f32 in
    /// dB, over a peak of 1; 46 and more cannot be seen. Longest sides are scaled down to 640 pixels.
    Calibrate {
        /// Package to calibrate
        #[arg(long, value_name = "DIR")]
        package: PathBuf,
        /// Folder with pictures (jpg, png, webp) of what the package will see
        #[arg(long, value_name = "DIR")]
        pictures: PathBuf,
        /// Pictures to calibrate with, spread evenly over those in the folder
        #[arg(long, default_value_t = 64, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
        count: u16,
        /// Of a hundred values, so many are kept; larger ones are cut off
        #[arg(long, default_value_t = 99.99, value_name = "PERCENT", value_parser = percentile)]
        percentile: f64,
        /// Folder with pictures to measure with, in place of those in --pictures that were not used
        #[arg(long, value_name = "DIR")]
        check: Option<PathBuf>,
        /// Pictures to measure with, at most
        #[arg(long, default_value_t = 40, value_name = "N")]
        check_count: u16,
    },
    /// Learn a new style from a folder of comics and add it to a model
    ///
    /// The comics may show anything: their colours, shading, blacks and lines are measured, and a style vector with small
    /// adapters learns to draw photos that way. The other styles of the model stay bit by bit as they are. The package
    /// appears when it is complete.
    Style {
        /// Folder with 20 to 500 comic pictures (jpg, png, webp) of one hand
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        /// Package to add the style to; `default` is the built-in model
        #[arg(long, default_value = "default", value_name = "DIR")]
        base: PathBuf,
        /// Name of the style
        #[arg(long, value_name = "NAME")]
        name: String,
        /// Folder for the package
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Folder with photos of what will be drawn; without it, three photos that are built in
        #[arg(long, value_name = "DIR")]
        photos: Option<PathBuf>,
        /// Photos, or parts of photos in another light, to learn on
        #[arg(long, default_value_t = 64, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
        scenes: u16,
        /// Optimiser steps
        #[arg(long, default_value_t = 3000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        steps: u64,
        /// Decides everything that is random
        #[arg(long, default_value_t = 1, value_name = "NUMBER")]
        seed: u64,
        /// Show photos, what the style was taught and what it makes of them on a sheet (PNG or JPEG)
        #[arg(long, value_name = "FILE")]
        sheet: Option<PathBuf>,
    },
    /// Write the network of one style as an ONNX file, for other programs
    ///
    /// Input `rgb` [1, 3, height, width] in 0..1, sides multiples of 4; output `layers` [1, 4, height, width]: red,
    /// green, blue and ink, not clamped. The file has no input for what is carried from frame to frame: it draws every
    /// picture as the first of a video.
    Onnx {
        /// Package with the style
        #[arg(long, value_name = "DIR")]
        package: PathBuf,
        /// Style; without it the package's default
        #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
        style: String,
        /// Where to write it
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Compute in 8 bits (QuantizeLinear and DequantizeLinear); the package must be calibrated
        #[arg(long)]
        int8: bool,
        /// With --int8: keep sums in 8 bits too, which ONNX Runtime needs to be fast
        #[arg(long, requires = "int8")]
        int8_sums: bool,
    },
}

fn percentile(text: &str) -> Result<f64, String> {
    let percent: f64 = text.parse().map_err(|_| "a number is needed".to_string())?;
    if (50.0..=100.0).contains(&percent) { Ok(percent) } else { Err("50 to 100 is possible".to_string()) }
}

fn parse_look(name: &str) -> Result<Look, String> {
    Look::ALL
        .into_iter()
        .find(|look| look.name() == name)
        .ok_or_else(|| format!("there is no look \"{name}\"; there are {}", Look::ALL.map(Look::name).join(", ")))
}
