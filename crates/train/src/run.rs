//! The loop of every training: steps, log, checkpoints, measurements, and when it ends.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};

use crate::atomic;
use crate::checkpoint::{self, Checkpoint};
use crate::divergence::Watch;
use crate::pictures;
use crate::progress::{Means, Progress, figure};
use crate::schedule::Schedule;
use crate::table::{Rows, Table};
use crate::tensorboard::EventWriter;
use crate::training::{Scalars, Training};

/// The scalars of every step, in the folder of a run.
pub const LOG: &str = "log.csv";
/// What every checkpoint measured.
pub const MEASURED: &str = "measured.csv";
/// A picture of every checkpoint, as `step-00001500.jpg`.
pub const SAMPLES: &str = "samples";

/// Runs a training to the end of its schedule and leaves in `folder` the checkpoints, [`LOG`], [`MEASURED`],
/// [`SAMPLES`] and an event file for TensorBoard. With `resume` it goes on from the latest checkpoint there, and
/// everything but the event file comes out the same to the bit as if it had never stopped.
pub fn run(training: &mut dyn Training, schedule: &Schedule, folder: &Path, resume: bool) -> Result<()> {
    for place in [folder.to_path_buf(), folder.join(checkpoint::FOLDER), folder.join(SAMPLES)] {
        atomic::clear(&place)?;
    }
    let start = if resume { restore(training, folder)? } else { Start::default() };
    let log = Table::open(&folder.join(LOG), start.steps)?;
    let mut watch = Watch::new(schedule.divergence);
    watch.recall(&Rows::read(&folder.join(LOG))?);
    let mut run = Run {
        schedule,
        folder,
        log,
        measured: Table::open(&folder.join(MEASURED), start.steps)?,
        events: EventWriter::create(folder, start.steps)?,
        watch,
        means: Means::default(),
        progress: Progress::new(start.steps, schedule.steps, training.pictures_per_step()),
        best: start.best,
        stale: start.stale,
    };
    run.progress.say(&format!("{}, steps {} to {}", training.summary(), start.steps, schedule.steps));
    for number in start.steps..schedule.steps {
        if run.is_out_of_patience() {
            run.progress.say(&format!(
                "step {number}: the last {} checkpoints were no better than {}: the end",
                run.stale,
                checkpoint::best(folder).display()
            ));
            break;
        }
        run.step(training, number).map_err(|error| stopped(error, number, folder))?;
    }
    run.log.sync()
}

/// Where a run goes on.
struct Start {
    steps: u64,
    /// What the best checkpoint measured.
    best: f32,
    /// Checkpoints since the best.
    stale: u64,
}

impl Default for Start {
    fn default() -> Self {
        Start { steps: 0, best: f32::INFINITY, stale: 0 }
    }
}

/// Goes back to the latest checkpoint. If the run was stopped after writing it and before keeping it as the best, that
/// is made up for.
fn restore(training: &mut dyn Training, folder: &Path) -> Result<Start> {
    let path = checkpoint::latest(folder)?.with_context(|| {
        format!("{} holds no checkpoint to resume from: start it without --resume", folder.display())
    })?;
    let latest = checkpoint::read(&path)?;
    let fail = |path: &Path| format!("cannot resume from the checkpoint {}", path.display());
    let best_path = checkpoint::best(folder);
    let mut best = (f32::INFINITY, 0);
    if best_path.exists() {
        let checkpoint = checkpoint::read(&best_path)?;
        let measure = match checkpoint.measure {
            Some(measure) => measure,
            None => {
                training.restore(&checkpoint.state).with_context(|| fail(&best_path))?;
                deciding(training)?
            }
        };
        best = (measure, checkpoint.steps);
    }
    training.restore(&latest.state).with_context(|| fail(&path))?;
    if let Some(measure) = latest.measure.filter(|measure| *measure < best.0) {
        checkpoint::keep_as_best(folder, &path)?;
        best = (measure, latest.steps);
    }
    let measured = folder.join(MEASURED);
    let rows = if measured.exists() { Rows::read(&measured)?.rows } else { Vec::new() };
    let since_best = rows.iter().filter(|(steps, _)| (best.1 + 1..=latest.steps).contains(steps));
    Ok(Start { steps: latest.steps, best: best.0, stale: since_best.count() as u64 })
}

/// The figure that decides which checkpoint is the best.
fn deciding(training: &dyn Training) -> Result<f32> {
    Ok(training.measure()?.first().context("the training measures nothing")?.1)
}

/// Adds to an error where it happened and what is left.
fn stopped(error: anyhow::Error, number: u64, folder: &Path) -> anyhow::Error {
    let left = match checkpoint::latest(folder) {
        Ok(Some(path)) => format!("the last good checkpoint is {}", path.display()),
        _ => "there is no checkpoint yet".to_string(),
    };
    anyhow!("{error:#}; stopped at step {}, {left}", number + 1)
}

/// Figures on held-out data, each with that on training data.
fn beside_training(measured: &Scalars) -> String {
    let with_train = |(name, value): &(String, f32)| {
        let on_train = measured.iter().find(|(other, _)| other.strip_prefix("train/") == Some(name));
        let on_train = on_train.map(|(_, value)| format!(" (training {})", figure(*value)));
        format!("{name} {}{}", figure(*value), on_train.unwrap_or_default())
    };
    measured.iter().filter(|(name, _)| !name.contains('/')).map(with_train).collect::<Vec<_>>().join(", ")
}

struct Run<'a> {
    schedule: &'a Schedule,
    folder: &'a Path,
    log: Table,
    measured: Table,
    events: EventWriter,
    watch: Watch,
    means: Means,
    progress: Progress,
    best: f32,
    stale: u64,
}

impl Run<'_> {
    fn is_out_of_patience(&self) -> bool {
        self.schedule.patience > 0 && self.stale >= self.schedule.patience
    }

    fn step(&mut self, training: &mut dyn Training, number: u64) -> Result<()> {
        let began = Instant::now();
        let scalars = training.step(number)?;
        self.progress.step(began.elapsed());
        let steps = number + 1;
        self.log.append(steps, &scalars)?;
        self.watch.check(&scalars).context("the training diverges: lower fit.learning-rate and resume")?;
        self.means.add(&scalars);
        let is_last = steps == self.schedule.steps;
        if steps.is_multiple_of(self.schedule.log_every) || is_last {
            let means = self.means.take();
            self.progress.report(steps, &means);
            self.events.scalars(steps, "", &means)?;
            self.events.flush()?;
            self.log.flush()?;
        }
        if steps.is_multiple_of(self.schedule.checkpoint_every) || is_last {
            if self.watch.is_calm() {
                self.checkpoint(training, steps)?;
            } else {
                self.progress.say(&format!("step {steps}: no checkpoint, a loss is far above its median"));
            }
        }
        Ok(())
    }

    fn checkpoint(&mut self, training: &dyn Training, steps: u64) -> Result<()> {
        let measured = training.measure()?;
        let measure = measured.first().context("the training measures nothing")?.1;
        ensure!(measure.is_finite(), "{} on held-out data is {measure}: lower fit.learning-rate", measured[0].0);
        let state = training.state()?;
        self.show(training, steps)?;
        for (name, value) in &measured {
            let prefix = if name.starts_with("train/") { "" } else { "held-out/" };
            self.events.scalars(steps, prefix, &vec![(name.clone(), *value)])?;
        }
        self.events.flush()?;
        // On the disk before the checkpoint is: a resumed run finds all rows up to it.
        self.measured.append(steps, &measured)?;
        self.measured.sync()?;
        self.log.sync()?;
        let path = checkpoint::save(self.folder, &Checkpoint { state, steps, measure: Some(measure) })?;
        self.stale += 1;
        if measure < self.best {
            (self.best, self.stale) = (measure, 0);
            checkpoint::keep_as_best(self.folder, &path)?;
        }
        checkpoint::delete_old(self.folder, self.schedule.keep)?;
        let best = if self.stale == 0 { "; the best so far" } else { "" };
        self.progress.say(&format!("step {steps}: held out: {}{best}", beside_training(&measured)));
        Ok(())
    }

    fn show(&mut self, training: &dyn Training, steps: u64) -> Result<()> {
        let picture = training.sample()?;
        let file = pictures::to_jpeg(&picture)?;
        let folder = self.folder.join(SAMPLES);
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        atomic::write(&folder.join(format!("step-{steps:08}.jpg")), &file)?;
        self.events.picture(steps, "samples", picture.dimensions(), &file)
    }
}

#[cfg(test)]
mod tests;
