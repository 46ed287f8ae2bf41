//! One fit from a configuration to checkpoints.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use candle_core::Device;
use inkcast_generator::Package;
use serde::{Deserialize, Serialize};

use crate::methods::{self, Opening};
use crate::run::run;
use crate::schedule::Schedule;
use crate::{atomic, checkpoint};

/// What to fit, on what, and where to.
pub struct Job {
    /// The configuration file.
    pub config: PathBuf,
    /// Prepared data.
    pub data: PathBuf,
    /// Folder of the run: configuration, log and checkpoints.
    pub run: PathBuf,
    /// Package whose weights a new run starts from.
    pub base: Option<PathBuf>,
    /// Where steps are computed.
    pub device: Device,
    /// Continue from the latest checkpoint of the run.
    pub resume: bool,
    /// Steps, in place of those of the configuration.
    pub steps: Option<u64>,
    /// How the fit was started, for the model card.
    pub command: String,
    /// The commit it was started at, for the model card.
    pub commit: String,
}

/// How a run was started and resumed: `run.toml` in its folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RunInfo {
    /// The command; those that resumed the run with others follow after semicolons.
    pub command: String,
    /// The commit, likewise.
    pub commit: String,
    /// The data. Runs of earlier versions do not say.
    #[serde(default)]
    pub data: Option<PathBuf>,
    /// The configuration, steps as they were asked for.
    pub config: toml::Table,
}

impl RunInfo {
    /// How the run in this folder was started.
    pub fn read(run: &Path) -> Result<Self> {
        let path = info_path(run);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("{} is no run: no run.toml in it", run.display()))?;
        toml::from_str(&text).with_context(|| format!("cannot read {}", path.display()))
    }

    /// The text of its configuration.
    pub fn config_text(&self) -> Result<String> {
        Ok(toml::to_string(&self.config)?)
    }
}

/// What a run was started with and what it goes on with, if that is something else.
fn continued(begun: &str, now: &str) -> String {
    if begun.split("; ").last() == Some(now) { begun.to_string() } else { format!("{begun}; {now}") }
}

/// Fits what a configuration asks for; [`run`] tells what is left in the folder of the run.
pub fn fit(job: &Job) -> Result<()> {
    let text = read_config(job)?;
    let fail = || format!("in the configuration {}", job.config.display());
    let schedule = Schedule::parse(&text).with_context(fail)?;
    let folder = &job.run;
    let (mut command, mut commit) = (job.command.clone(), job.commit.clone());
    if job.resume {
        let begun = RunInfo::read(folder)?;
        let method = methods::name(&begun.config_text()?)?;
        (command, commit) = (continued(&begun.command, &command), continued(&begun.commit, &commit));
        ensure!(
            method == methods::name(&text)?,
            "{} was begun with the method \"{method}\", {} has another",
            folder.display(),
            job.config.display()
        );
    } else {
        let is_free = checkpoint::latest(folder)?.is_none();
        ensure!(is_free, "{} holds a run already: pass --resume or choose another --run", folder.display());
    }
    let base = job.base.as_deref().map(Package::open).transpose()?;
    let opening =
        Opening { config: &text, file: &job.config, data: &job.data, base: base.as_ref(), device: &job.device };
    let mut training = methods::open(&opening)?;

    std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let data = std::path::absolute(&job.data).context("cannot find the folder of the data")?;
    let info = RunInfo { command, commit, data: Some(data), config: toml::from_str(&text)? };
    atomic::write(&info_path(folder), toml::to_string(&info)?.as_bytes())?;
    run(training.as_mut(), &schedule, folder, job.resume)
}

/// The text of the configuration with the steps that were asked for.
fn read_config(job: &Job) -> Result<String> {
    let fail = || format!("cannot read the configuration {}", job.config.display());
    let text = std::fs::read_to_string(&job.config).with_context(fail)?;
    let Some(steps) = job.steps else { return Ok(text) };
    let mut table: toml::Table = toml::from_str(&text).with_context(fail)?;
    let fit =
        table.get_mut("fit").and_then(toml::Value::as_table_mut).context("there is no [fit]").with_context(fail)?;
    fit.insert("steps".to_string(), toml::Value::Integer(i64::try_from(steps)?));
    Ok(toml::to_string(&table)?)
}

fn info_path(run: &Path) -> PathBuf {
    run.join("run.toml")
}
