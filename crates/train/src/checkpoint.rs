//! The state of a run on disk: `checkpoints/step-00001500.safetensors` for the last ones, `best.safetensors` for the one
//! that measured best. Every file says itself after how many steps it was written and what it measured, so that no two
//! files have to agree.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};

use crate::atomic;

/// Where numbered checkpoints lie in the folder of a run.
pub const FOLDER: &str = "checkpoints";

/// Everything that a run needs to go on.
pub struct Checkpoint {
    /// What [`crate::training::Training::state`] gave.
    pub state: HashMap<String, Tensor>,
    /// Steps done.
    pub steps: u64,
    /// The first of its figures on held-out data, lower is better. Checkpoints of earlier versions do not say.
    pub measure: Option<f32>,
}

/// The latest checkpoint in the folder of a run.
pub fn latest(run: &Path) -> Result<Option<PathBuf>> {
    // Earlier versions kept one file.
    let single = run.join("latest.safetensors");
    Ok(kept(run)?.pop().map(|(_, path)| path).or_else(|| single.exists().then_some(single)))
}

/// The checkpoint in the folder of a run that did best on held-out data.
pub fn best(run: &Path) -> PathBuf {
    run.join("best.safetensors")
}

/// The latest checkpoint or the best; that there is none is an error.
pub fn choose(run: &Path, is_latest: bool) -> Result<PathBuf> {
    let best = best(run);
    let path = if is_latest { latest(run)? } else { best.exists().then_some(best) };
    path.with_context(|| format!("{} holds no checkpoint yet", run.display()))
}

/// Writes a checkpoint in one go and returns its path. A number in it that is not finite is an error.
pub fn save(run: &Path, checkpoint: &Checkpoint) -> Result<PathBuf> {
    let Checkpoint { state, steps, measure } = checkpoint;
    for (name, tensor) in state.iter().filter(|(_, tensor)| tensor.dtype().is_float()) {
        // A sum is finite only if all of it is.
        let sum = tensor.to_dtype(candle_core::DType::F64)?.sum_all()?.to_scalar::<f64>()?;
        ensure!(sum.is_finite(), "tensor {name} holds numbers that are not finite");
    }
    let mut tensors = state.clone();
    let are_free = !state.contains_key("steps") && !state.contains_key("measure");
    ensure!(are_free, "a state must not have tensors \"steps\" or \"measure\"");
    tensors.insert("steps".to_string(), Tensor::new(&[i64::try_from(*steps)?], &Device::Cpu)?);
    if let Some(measure) = measure {
        tensors.insert("measure".to_string(), Tensor::new(&[*measure], &Device::Cpu)?);
    }
    let bytes = safetensors::serialize(&tensors, None).context("cannot pack the checkpoint")?;
    let folder = folder(run);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let path = folder.join(format!("step-{steps:08}.safetensors"));
    atomic::write(&path, &bytes)?;
    Ok(path)
}

/// Reads a checkpoint; errors name the file and, if it is one, the tensor.
pub fn read(path: &Path) -> Result<Checkpoint> {
    let fail = || format!("cannot read the checkpoint {}", path.display());
    let bytes = std::fs::read(path).with_context(fail)?;
    let mut state = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).with_context(|| {
        format!("{}: it is damaged or no checkpoint; delete it to go on from the one before", fail())
    })?;
    let steps = state.remove("steps").context("tensor steps is missing").with_context(fail)?;
    let steps = steps.to_vec1::<i64>().with_context(fail)?.first().copied().context("tensor steps is empty");
    let measure = state.remove("measure").map(|measure| measure.to_vec1::<f32>()).transpose().with_context(fail)?;
    let measure = measure.and_then(|measure| measure.first().copied());
    Ok(Checkpoint { state, steps: steps.with_context(fail)?.try_into().with_context(fail)?, measure })
}

/// Keeps this checkpoint as the best, whatever is deleted later.
pub fn keep_as_best(run: &Path, path: &Path) -> Result<()> {
    atomic::link(path, &best(run))
}

/// Deletes all checkpoints but the last `keep`; the best stays.
pub fn delete_old(run: &Path, keep: usize) -> Result<()> {
    let kept = kept(run)?;
    for (_, path) in &kept[..kept.len().saturating_sub(keep)] {
        std::fs::remove_file(path).with_context(|| format!("cannot delete the old checkpoint {}", path.display()))?;
    }
    Ok(())
}

/// The numbered checkpoints by their steps, the latest last.
fn kept(run: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let folder = folder(run);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let fail = || format!("cannot read the folder {}", folder.display());
    let mut kept = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(fail)? {
        let path = entry.with_context(fail)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let number = name.strip_prefix("step-").and_then(|name| name.strip_suffix(".safetensors"));
        if let Some(Ok(steps)) = number.map(str::parse) {
            kept.push((steps, path));
        }
    }
    kept.sort();
    Ok(kept)
}

fn folder(run: &Path) -> PathBuf {
    run.join(FOLDER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint(steps: u64) -> Checkpoint {
        let state = HashMap::from([("a".to_string(), Tensor::new(&[1f32, steps as f32], &Device::Cpu).unwrap())]);
        Checkpoint { state, steps, measure: Some(0.5) }
    }

    fn names(run: &Path) -> Vec<String> {
        kept(run).unwrap().iter().map(|(_, path)| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn the_last_ones_and_the_best_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path();
        assert_eq!(latest(run).unwrap(), None);
        for steps in [5, 10, 100_000_000, 15] {
            let path = save(run, &checkpoint(steps)).unwrap();
            if steps == 5 {
                keep_as_best(run, &path).unwrap();
            }
        }
        delete_old(run, 2).unwrap();
        assert_eq!(names(run), ["step-00000015.safetensors", "step-100000000.safetensors"]);
        let latest = read(&latest(run).unwrap().unwrap()).unwrap();
        assert_eq!((latest.steps, latest.measure), (100_000_000, Some(0.5)));
        assert_eq!(latest.state["a"].to_vec1::<f32>().unwrap(), [1.0, 1e8]);
        assert_eq!(read(&best(run)).unwrap().steps, 5);
    }

    #[test]
    fn equal_states_are_equal_files() {
        let folder = tempfile::tempdir().unwrap();
        let mut many = checkpoint(1);
        for number in 0..40 {
            many.state.insert(format!("t{number}"), Tensor::new(&[number as f32], &Device::Cpu).unwrap());
        }
        let first = std::fs::read(save(folder.path(), &many).unwrap()).unwrap();
        let again = HashMap::from_iter(many.state.iter().map(|(name, tensor)| (name.clone(), tensor.clone())));
        let second = save(folder.path(), &Checkpoint { state: again, ..many }).unwrap();
        assert_eq!(first, std::fs::read(second).unwrap());
    }

    #[test]
    fn numbers_that_are_not_finite_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let mut broken = checkpoint(1);
        broken.state.insert("b".to_string(), Tensor::new(&[1.0, f32::NAN], &Device::Cpu).unwrap());
        let error = save(folder.path(), &broken).unwrap_err().to_string();
        assert!(error.contains("tensor b"), "{error}");
        assert_eq!(latest(folder.path()).unwrap(), None);
    }

    #[test]
    fn a_torn_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = save(folder.path(), &checkpoint(1)).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for length in [0, 4, 20, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..length]).unwrap();
            let error = format!("{:#}", read(&path).err().unwrap());
            assert!(error.contains("step-00000001.safetensors") && error.contains("damaged"), "{error}");
        }
    }

    #[test]
    fn the_single_file_of_earlier_versions_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = save(folder.path(), &Checkpoint { measure: None, ..checkpoint(7) }).unwrap();
        let single = folder.path().join("latest.safetensors");
        std::fs::rename(path, &single).unwrap();
        assert_eq!(latest(folder.path()).unwrap(), Some(single.clone()));
        assert_eq!(read(&single).unwrap().measure, None);
    }
}
