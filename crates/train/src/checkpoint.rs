//! The state of a fit on disk.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use candle_core::{Device, Tensor};

use crate::config::Config;
use crate::weights::Weights;

/// Weights and optimiser state after `steps` steps.
pub struct Checkpoint {
    /// The weights.
    pub weights: Weights,
    /// Steps done.
    pub steps: u64,
}

/// The latest checkpoint in the folder of a run.
pub fn latest(run: &Path) -> PathBuf {
    run.join("latest.safetensors")
}

/// The checkpoint in the folder of a run that did best on held-out pictures.
pub fn best(run: &Path) -> PathBuf {
    run.join("best.safetensors")
}

/// Writes a checkpoint in one go: whatever happens, `path` holds a whole one, this or the one before.
pub fn save(path: &Path, weights: &Weights, steps: u64) -> Result<()> {
    let mut state = weights.state()?;
    state.insert("steps".to_string(), Tensor::new(&[i64::try_from(steps)?], &Device::Cpu)?);
    let partial = path.with_extension("partial");
    candle_core::safetensors::save(&state, &partial)
        .with_context(|| format!("cannot write the checkpoint {}", partial.display()))?;
    std::fs::rename(&partial, path).with_context(|| format!("cannot write the checkpoint {}", path.display()))
}

/// Reads a checkpoint of a fit with this configuration.
pub fn load(path: &Path, config: &Config) -> Result<Checkpoint> {
    let fail = || format!("cannot resume from the checkpoint {}", path.display());
    let mut state = candle_core::safetensors::load(path, &Device::Cpu).with_context(fail)?;
    let steps = state.remove("steps").context("tensor steps is missing").with_context(fail)?;
    let steps = steps.to_vec1::<i64>().with_context(fail)?.first().copied().unwrap_or_default();
    let weights = Weights::from_state(config, &state).with_context(fail)?;
    Ok(Checkpoint { weights, steps: steps.try_into()? })
}
