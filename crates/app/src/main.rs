//! `inkcast`: turns video files, stills and live streams into comics.
#![forbid(unsafe_code)]

mod bench;
mod cli;
mod compare;
mod convert;
mod doctor;
mod elements;
mod events;
mod failure;
mod image;
mod input;
mod live;
mod model;
mod outputs;
mod packages;
mod partial;
mod running;
mod style_args;
mod styles;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::failure::Failure;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("inkcast: {error:#}");
            Failure::exit_code(&error)
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        Command::Convert(args) => {
            start_gstreamer()?;
            convert::run(&args)
        }
        Command::Image(args) => image::run(&args),
        Command::Live(args) => {
            start_gstreamer()?;
            live::run(&args)
        }
        Command::Compare(args) => {
            start_gstreamer()?;
            compare::run(&args)
        }
        Command::Bench(args) => {
            if args.clip.is_some() {
                start_gstreamer()?;
            }
            bench::run(&args)
        }
        Command::Styles(args) => styles::run(&args),
        Command::Model(args) => model::run(&args),
        Command::Doctor(args) => {
            start_gstreamer()?;
            doctor::run(&args)
        }
    }
}

/// Starts GStreamer with the element `comicstyle` of this program, whichever version may be installed beside it.
fn start_gstreamer() -> anyhow::Result<()> {
    gstreamer::init().map_err(|error| Failure::Lacking(format!("GStreamer cannot start: {error}")))?;
    gstinkcast::plugin_register_static()
        .map_err(|error| Failure::Lacking(format!("the element comicstyle cannot be registered: {error}")))?;
    Ok(())
}
