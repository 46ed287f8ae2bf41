use std::path::PathBuf;

use clap::{Args, Subcommand};
use inkcast_generator::{Origin, Package};
use serde::Serialize;

use crate::style_args::open_package;

/// Looks into a model package.
#[derive(Debug, Args)]
pub struct ModelArgs {
    /// What to do.
    #[command(subcommand)]
    command: ModelCommand,
}

/// What can be done with a model.
#[derive(Debug, Subcommand)]
enum ModelCommand {
    /// Check a model and print what it says of itself
    ///
    /// The weights are read, their checksum is compared, and the network is built: a model that passes will run.
    #[command(after_help = "Examples:\n  inkcast model inspect\n  inkcast model inspect my-model/ --json")]
    Inspect {
        /// Folder of a model package, or its model.toml; without it, the built-in model
        path: Option<PathBuf>,
        /// Print JSON for programs
        #[arg(long)]
        json: bool,
    },
}

#[derive(Serialize)]
struct Inspection<'a> {
    origin: String,
    checksum: &'static str,
    parameters: usize,
    operations_720p: u64,
    manifest: &'a inkcast_generator::Manifest,
}

/// Runs the command.
pub fn run(args: &ModelArgs) -> anyhow::Result<()> {
    let ModelCommand::Inspect { path, json } = &args.command;
    let package = open_package(path.as_deref())?;
    if *json { print_json(&package) } else { print(&package) }
}

fn inspect(package: &Package) -> Inspection<'_> {
    let manifest = package.manifest();
    Inspection {
        origin: match package.origin() {
            Origin::Embedded => "built in".to_string(),
            Origin::Folder(folder) => folder.display().to_string(),
        },
        // A package with another checksum does not open.
        checksum: "matches",
        parameters: manifest.architecture.parameter_count(manifest.styles.len()),
        operations_720p: manifest.architecture.operations(1280, 720),
        manifest,
    }
}

fn print_json(package: &Package) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(&inspect(package))?);
    Ok(())
}

fn print(package: &Package) -> anyhow::Result<()> {
    let Inspection { origin, checksum, parameters, operations_720p, manifest } = inspect(package);
    let architecture = &manifest.architecture;
    let known = |text: &str| if text.is_empty() { "not stated".to_string() } else { text.to_string() };
    let training = &manifest.training;
    let rows = [
        ("Model", format!("{} {}", manifest.name, manifest.version)),
        ("Description", manifest.description.clone()),
        ("Origin", origin),
        ("Licence", manifest.licence.clone()),
        ("Checksum", format!("{checksum} (SHA-256 {})", manifest.sha256)),
        (
            "Network",
            format!(
                "{} channels at half and {} at quarter resolution, {} blocks, {} experts",
                architecture.half_channels, architecture.quarter_channels, architecture.blocks, architecture.experts
            ),
        ),
        ("Parameters", parameters.to_string()),
        ("Operations", format!("{:.2} billion for a frame of 1280x720", operations_720p as f64 / 1e9)),
        ("Default style", manifest.default_style.clone()),
        ("Styles", manifest.styles.iter().map(|style| style.name.as_str()).collect::<Vec<_>>().join(", ")),
        ("Trained with", known(&training.command)),
        ("  at commit", known(&training.commit)),
        ("  on", known(&training.data)),
        ("  steps", if training.steps == 0 { known("") } else { training.steps.to_string() }),
    ];
    for (name, value) in rows {
        println!("{name:<14} {value}");
    }
    Ok(())
}
