//! From a checkpoint to a model package.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use candle_core::Device;
use inkcast_generator::{Manifest, Package, Style, Training};

use crate::checkpoint::{self, Checkpoint};
use crate::config::Config;
use crate::fit::RunInfo;
use crate::methods::{self, METHODS, Opening};
use crate::training::Content;
use crate::wanted::Wanted;
use crate::weights::Weights;

/// Writes the averaged weights of a run's best checkpoint, or of its latest one, as a package into `out`, with the styles
/// that are `wanted` besides its own, and opens it once to be sure. Returns the steps it was trained for.
pub fn export(run: &Path, out: &Path, latest: bool, wanted: &Wanted) -> Result<u64> {
    let mut info = RunInfo::read(run)?;
    wanted.add_to(&mut info.config)?;
    let path = checkpoint::choose(run, latest)?;
    let checkpoint = checkpoint::read(&path)?;
    let Content { model, generator, styles } =
        content(run, &info, &checkpoint).with_context(|| format!("cannot use the checkpoint {}", path.display()))?;
    let bytes = safetensors::serialize(generator.tensors().iter().collect::<BTreeMap<_, _>>(), None)
        .context("cannot pack the weights")?;
    let manifest = Manifest {
        format: 1,
        name: model.name,
        version: model.version,
        description: model.description,
        licence: model.licence,
        default_style: model.default_style,
        weights: "model.safetensors".to_string(),
        // Filled in when it is saved.
        sha256: String::new(),
        architecture: *generator.architecture(),
        styles,
        training: Training { command: info.command, commit: info.commit, data: model.data, steps: checkpoint.steps },
    };
    manifest.save(out, &bytes).with_context(|| format!("cannot write the package {}", out.display()))?;
    Package::open(out).context("the package that was written cannot be read")?;
    Ok(checkpoint.steps)
}

/// The network of a checkpoint. For "paired" the configuration is enough; other methods may have to look at their data
/// again, such as at pictures whose style is to be exported.
fn content(run: &Path, info: &RunInfo, checkpoint: &Checkpoint) -> Result<Content> {
    let (text, file) = (info.config_text()?, run.join("run.toml"));
    if methods::name(&text)? != METHODS[0] {
        let data = info.data.as_deref().with_context(|| format!("{} does not name the data", file.display()))?;
        let mut training =
            methods::open(&Opening { config: &text, file: &file, data, base: None, device: &Device::Cpu })?;
        training.restore(&checkpoint.state)?;
        return training.package();
    }
    let config = Config::parse(&text).with_context(|| format!("in {}", file.display()))?;
    let generator = Weights::from_state(&config, &checkpoint.state, &Device::Cpu)?.averaged()?;
    let style = |style: crate::config::Style| Style {
        name: style.name,
        description: style.description,
        screen: style.screen,
        paper: style.paper,
        activations: Vec::new(),
    };
    Ok(Content { model: config.model, generator, styles: config.styles.into_iter().map(style).collect() })
}
