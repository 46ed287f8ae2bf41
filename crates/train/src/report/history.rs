use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::checkpoint;
use crate::fit::RunInfo;
use crate::methods;
use crate::run::{LOG, MEASURED, SAMPLES};
use crate::table::Rows;

/// What a run has left behind.
pub struct History {
    /// Name of its folder.
    pub name: String,
    /// The way of training.
    pub method: String,
    /// `fit.seed` of its configuration.
    pub seed: Option<i64>,
    /// How it was started.
    pub command: String,
    /// Scalars of every step.
    pub log: Rows,
    /// Figures of every checkpoint.
    pub measured: Rows,
    /// Steps of the checkpoint that is kept as the best.
    pub best: Option<u64>,
    /// Sample pictures by steps, in order.
    pub samples: Vec<(u64, PathBuf)>,
}

impl History {
    /// Reads the folder of a run, which may still go on.
    pub fn read(run: &Path) -> Result<Self> {
        let info = RunInfo::read(run)?;
        let log = Rows::read(&run.join(LOG))?;
        ensure!(!log.rows.is_empty(), "{} has no steps yet", run.join(LOG).display());
        let measured = run.join(MEASURED);
        let measured = if measured.exists() { Rows::read(&measured)? } else { Rows::default() };
        let best = checkpoint::best(run);
        let best = if best.exists() { Some(checkpoint::read(&best)?.steps) } else { None };
        let seed = info.config.get("fit").and_then(|fit| fit.get("seed")).and_then(toml::Value::as_integer);
        let name = run.file_name().unwrap_or(run.as_os_str()).to_string_lossy().into_owned();
        let method = methods::name(&info.config_text()?)?;
        Ok(History { name, method, seed, command: info.command, log, measured, best, samples: samples(run)? })
    }

    /// Names of the columns of the log without a slash, the learning rate last.
    pub fn totals(&self) -> Vec<&str> {
        let mut totals = without_slash(&self.log.columns);
        totals.sort_by_key(|name| *name == LEARNING_RATE);
        totals
    }

    /// Names of the figures on held-out data without a slash.
    pub fn figures(&self) -> Vec<&str> {
        without_slash(&self.measured.columns)
    }

    /// A figure at the checkpoint after `steps`.
    pub fn figure(&self, name: &str, steps: u64) -> Option<f32> {
        self.measured.column(name)?.into_iter().find(|(step, _)| *step == steps).map(|(_, value)| value)
    }
}

/// Name of the column that is no loss.
pub const LEARNING_RATE: &str = "learning-rate";

fn without_slash(columns: &[String]) -> Vec<&str> {
    columns.iter().map(String::as_str).filter(|name| !name.contains('/')).collect()
}

fn samples(run: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let folder = run.join(SAMPLES);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let fail = || format!("cannot read the folder {}", folder.display());
    let mut samples = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(fail)? {
        let path = entry.with_context(fail)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some(Ok(steps)) = name.strip_prefix("step-").and_then(|name| name.strip_suffix(".jpg")).map(str::parse) {
            samples.push((steps, path));
        }
    }
    samples.sort();
    Ok(samples)
}
