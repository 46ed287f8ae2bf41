//! A picture of what a checkpoint does.

use std::path::Path;

use anyhow::{Context, Result};
use candle_core::Device;
use image::RgbImage;

use crate::checkpoint;
use crate::fit::RunInfo;
use crate::methods::{self, Opening};
use crate::wanted::Wanted;

/// The sample of a run's best checkpoint, or of its latest, and the steps after which it was written. `data` is where
/// the data is now, if not where it was when the run was started. Styles that are `wanted` are shown besides its own.
pub fn sample(run: &Path, latest: bool, data: Option<&Path>, wanted: &Wanted) -> Result<(RgbImage, u64)> {
    let mut info = RunInfo::read(run)?;
    wanted.add_to(&mut info.config)?;
    let data = data.or(info.data.as_deref()).with_context(|| {
        format!("{} does not say which data it was fitted to: pass --data", run.join("run.toml").display())
    })?;
    let path = checkpoint::choose(run, latest)?;
    let checkpoint = checkpoint::read(&path)?;
    let text = info.config_text()?;
    let mut training =
        methods::open(&Opening { config: &text, file: &run.join("run.toml"), data, base: None, device: &Device::Cpu })
            .context("cannot show the run; if its data is elsewhere now, pass --data")?;
    training.restore(&checkpoint.state).with_context(|| format!("cannot use the checkpoint {}", path.display()))?;
    Ok((training.sample()?, checkpoint.steps))
}
