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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Example;
    use crate::step::step;

    fn config() -> Config {
        Config::parse(include_str!("../configs/debug.toml")).unwrap()
    }

    fn examples(config: &Config) -> Vec<Example> {
        vec![Example::synthetic(40, 36, &config.looks())]
    }

    /// Every number of the state, by name.
    fn numbers(weights: &Weights) -> Vec<(String, Vec<f32>)> {
        let state = weights.state().unwrap();
        let flat = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1().unwrap();
        let mut numbers: Vec<_> = state.iter().map(|(name, tensor)| (name.clone(), flat(tensor))).collect();
        numbers.sort_by(|a, b| a.0.cmp(&b.0));
        numbers
    }

    #[test]
    fn a_resumed_fit_goes_on_bit_by_bit() {
        let (config, folder) = (config(), tempfile::tempdir().unwrap());
        let examples = examples(&config);
        let mut straight = Weights::new(&config, None).unwrap();
        for number in 0..6 {
            if number == 3 {
                save(&latest(folder.path()), &straight, number).unwrap();
            }
            step(&mut straight, &config, &examples, number).unwrap();
        }
        let Checkpoint { weights: mut resumed, steps } = load(&latest(folder.path()), &config).unwrap();
        assert_eq!(steps, 3);
        assert_ne!(numbers(&resumed), numbers(&straight));
        for number in steps..6 {
            step(&mut resumed, &config, &examples, number).unwrap();
        }
        assert_eq!(numbers(&resumed), numbers(&straight));
    }

    #[test]
    fn a_checkpoint_of_another_network_is_refused_by_name() {
        let (config, folder) = (config(), tempfile::tempdir().unwrap());
        let path = latest(folder.path());
        save(&path, &Weights::new(&config, None).unwrap(), 1).unwrap();
        let mut other = config.clone();
        other.architecture.half_channels = 5;
        let error = format!("{:#}", load(&path, &other).err().unwrap());
        assert!(error.contains("latest.safetensors") && error.contains("shape"), "{error}");
        let mut other = config.clone();
        other.styles[1].name = "noir".to_string();
        let error = format!("{:#}", load(&path, &other).err().unwrap());
        assert!(error.contains("style.noir"), "{error}");
        std::fs::write(&path, b"nothing").unwrap();
        assert!(format!("{:#}", load(&path, &config).err().unwrap()).contains("latest.safetensors"));
    }
}
