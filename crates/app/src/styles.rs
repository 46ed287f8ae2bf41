use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::style_args::open_package;

/// Lists the styles of a model; the default one is marked with a star.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  inkcast styles\n  inkcast styles --model my-model/ --json")]
pub struct StylesArgs {
    /// Folder of a model package, in place of the built-in model
    #[arg(long, value_name = "FOLDER")]
    pub model: Option<PathBuf>,
    /// Print JSON for programs
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    description: &'a str,
    default: bool,
}

/// Prints the styles.
pub fn run(args: &StylesArgs) -> anyhow::Result<()> {
    let package = open_package(args.model.as_deref())?;
    let manifest = package.manifest();
    let listed = manifest.styles.iter().map(|style| Listed {
        name: &style.name,
        description: &style.description,
        default: style.name == manifest.default_style,
    });
    if args.json {
        println!("{}", serde_json::to_string_pretty(&listed.collect::<Vec<_>>())?);
        return Ok(());
    }
    let width = manifest.styles.iter().map(|style| style.name.len()).max().unwrap_or(0);
    for Listed { name, description, default } in listed {
        println!("{} {name:width$}  {description}", if default { '*' } else { ' ' });
    }
    Ok(())
}
