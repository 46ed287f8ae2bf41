//! From a checkpoint to a model package.

use std::path::Path;

use anyhow::{Context, Result};
use inkcast_generator::{Manifest, Package, Style, Training};

use crate::checkpoint::{self, Checkpoint};
use crate::config::Config;
use crate::fit::RunInfo;
use crate::weights::Weights;

/// Writes the averaged weights of a run's best checkpoint, or of its latest one, as a package into `out`, and opens
/// it once to be sure. Returns the steps it was trained for.
pub fn export(run: &Path, out: &Path, latest: bool) -> Result<u64> {
    let info = RunInfo::read(run)?;
    let config = Config::parse(&info.config_text()?).with_context(|| format!("in run.toml of {}", run.display()))?;
    let path = checkpoint::choose(run, latest)?;
    let Checkpoint { state, steps, .. } = checkpoint::read(&path)?;
    let fail = || format!("cannot use the checkpoint {}", path.display());
    let generator = Weights::from_state(&config, &state).with_context(fail)?.averaged()?;
    let bytes = safetensors::serialize(generator.tensors().iter().collect::<std::collections::BTreeMap<_, _>>(), None)
        .context("cannot pack the weights")?;
    let style = |style: crate::config::Style| Style {
        name: style.name,
        description: style.description,
        screen: style.screen,
        paper: style.paper,
        activations: Vec::new(),
    };
    let manifest = Manifest {
        format: 1,
        name: config.model.name,
        version: config.model.version,
        description: config.model.description,
        licence: config.model.licence,
        default_style: config.model.default_style,
        weights: "model.safetensors".to_string(),
        // Filled in when it is saved.
        sha256: String::new(),
        architecture: config.architecture,
        styles: config.styles.into_iter().map(style).collect(),
        training: Training { command: info.command, commit: info.commit, data: config.model.data, steps },
    };
    manifest.save(out, &bytes).with_context(|| format!("cannot write the package {}", out.display()))?;
    Package::open(out).context("the package that was written cannot be read")?;
    Ok(steps)
}
