//! The program `inkcast-train`.

mod arguments;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use inkcast_generator::Package;
use inkcast_train::config::Config;
use inkcast_train::data::{Preparation, Split, load, prepare};
use inkcast_train::export::export;
use inkcast_train::fit::{Job, fit};
use inkcast_train::int8::{Calibration, Cost, calibrate};
use inkcast_train::looks::{Analysis, Look, Scale, print_preview};
use inkcast_train::onnx::{Numbers, model};
use inkcast_train::report::report;
use inkcast_train::sample::sample;
use inkcast_train::validate::{compose, score};
use inkcast_train::{pictures, sheet, style};
use prost::Message;
use rayon::prelude::*;

use arguments::{Arguments, Command};

fn main() -> Result<()> {
    let Arguments { command, threads } = Arguments::parse();
    // Candle's own threads wait for each other in busy loops, which costs more than they bring beside ours.
    // SAFETY: no other thread runs yet that could read the environment.
    unsafe { std::env::set_var("CANDLE_NUM_THREADS", "1") };
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().context("cannot start threads")?;
    match command {
        Command::Looks { out, photos, short_side, row_height, layers, one_line_width, only } => {
            let shown = if only.is_empty() { Look::ALL.to_vec() } else { only };
            let scale = one_line_width.then_some(Scale::ONE);
            looks(&out, &photos, short_side.into(), row_height.unwrap_or(short_side).into(), scale, &shown, !layers)
        }
        Command::Prepare {
            photos,
            comics,
            clips,
            only,
            out,
            limit,
            frames_per_clip,
            clip_sequences,
            sizes,
            held_out,
            seed,
        } => {
            let (frames_per_clip, clip_sequences) = (frames_per_clip.into(), clip_sequences.into());
            let sizes = sizes.into();
            let report = prepare(&Preparation {
                photos,
                comics,
                clips,
                only,
                out,
                limit,
                frames_per_clip,
                clip_sequences,
                sizes,
                held_out,
                seed,
            })?;
            println!("{report}");
            Ok(())
        }
        Command::Fit { config, data, run, base, resume, steps, device } => {
            let device = device.open()?;
            fit(&Job { config, data, run, base, device, resume, steps, command: command_line(), commit: commit() })
        }
        Command::Validate { config, model, data } => validate(&config, &model, &data),
        Command::Sheet { config, model, data, out, count, skip, print } => {
            let config = Config::read(&config)?;
            let mut examples = load(&data, Split::HeldOut, &config.looks())?;
            let skipped = skip % examples.len();
            examples.rotate_left(skipped);
            examples.truncate(count);
            let package = Package::open(&model)?;
            let rows = sheet::rows(package.generator(), &config.styles, &examples, 640, print)?;
            pictures::write(&out, &pictures::sheet(&rows, 360))
        }
        Command::Export { run, out, latest, wanted } => {
            let steps = export(&run, &out, latest, &wanted)?;
            println!("wrote {} after {steps} steps", out.display());
            Ok(())
        }
        Command::Report { run, out } => {
            report(&run, &out)?;
            println!("wrote {}", out.display());
            Ok(())
        }
        Command::Sample { run, out, latest, data, wanted } => {
            let (picture, steps) = sample(&run, latest, data.as_deref(), &wanted)?;
            pictures::write(&out, &picture)?;
            println!("wrote {} after {steps} steps", out.display());
            Ok(())
        }
        Command::Calibrate { package, pictures, count, percentile, check, check_count } => {
            let (count, check_count) = (count.into(), check_count.into());
            let costs = calibrate(&Calibration { package, pictures, count, percentile, check, check_count })?;
            costs.iter().for_each(print_cost);
            Ok(())
        }
        Command::Style { from, base, name, out, photos, scenes, steps, seed, sheet } => {
            let base = (base.as_os_str() != "default").then_some(base);
            let (scenes, command) = (scenes.into(), command_line());
            style::learn(&style::Job {
                from,
                base,
                name,
                out,
                photos,
                scenes,
                steps,
                seed,
                sheet,
                command,
                commit: commit(),
            })
        }
        Command::Onnx { package, style, out, int8, int8_sums } => {
            let numbers = match (int8, int8_sums) {
                (false, _) => Numbers::F32,
                (true, false) => Numbers::Int8,
                (true, true) => Numbers::Int8Sums,
            };
            let model = model(&Package::open(&package)?.fold(&style)?, numbers)?;
            std::fs::write(&out, model.encode_to_vec()).with_context(|| format!("cannot write {}", out.display()))
        }
    }
}

fn looks(
    out: &Path,
    photos: &[PathBuf],
    short_side: u32,
    row_height: u32,
    scale: Option<Scale>,
    shown: &[Look],
    printed: bool,
) -> Result<()> {
    let row = |photo: &PathBuf| {
        let source = pictures::scaled_to(&pictures::read(photo)?, short_side);
        let scale = scale.unwrap_or_else(|| Scale::of(source.width() as usize, source.height() as usize));
        let analysis = Analysis::at_scale(&pictures::to_rgb(&source), scale);
        let render = |&look: &Look| {
            let layers = analysis.layers(look);
            pictures::from_rgb(&if printed { print_preview(&layers, look) } else { compose(&layers) })
        };
        Ok(std::iter::once(source.clone()).chain(shown.iter().map(render)).collect())
    };
    let rows = photos.par_iter().map(row).collect::<Result<Vec<_>>>()?;
    pictures::write(out, &pictures::sheet(&rows, row_height))
}

fn print_cost(cost: &Cost) {
    println!(
        "{}: {:.1} dB, worst picture {:.1} dB, weights alone {:.1} dB",
        cost.style, cost.mean, cost.worst, cost.weights
    );
    for (name, end, decibels) in &cost.maps {
        println!("  {name:<16} up to {end:<8.4} alone {decibels:.1} dB");
    }
}

fn validate(config: &Path, model: &Path, data: &Path) -> Result<()> {
    let config = Config::read(config)?;
    let package = Package::open(model)?;
    let examples = load(data, Split::HeldOut, &config.looks())?;
    println!("{} held-out pictures; difference is the mean absolute one in 0..255", examples.len());
    println!("{:<12} {:>10} {:>10} {:>12} {:>12}", "style", "similarity", "(source)", "difference", "(source)");
    for style in &config.styles {
        ensure!(
            package.style(&style.name).is_ok(),
            "{} has no style \"{}\" of the configuration",
            model.display(),
            style.name
        );
        let score = score(package.generator(), &style.name, style.look, &examples, usize::MAX)?;
        println!(
            "{:<12} {:>10.4} {:>10.4} {:>12.2} {:>12.2}",
            style.name, score.similarity, score.source_similarity, score.difference, score.source_difference
        );
    }
    Ok(())
}

/// How the program was started.
fn command_line() -> String {
    format!("inkcast-train {}", std::env::args().skip(1).collect::<Vec<_>>().join(" "))
}

/// The commit of the working tree, or nothing where there is no git.
fn commit() -> String {
    let output = std::process::Command::new("git").args(["rev-parse", "HEAD"]).output();
    output
        .ok()
        .filter(|output| output.status.success())
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_string())
        .unwrap_or_default()
}
