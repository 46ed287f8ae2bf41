//! The loop: steps, log, checkpoints, measurements.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use inkcast_generator::Package;
use serde::{Deserialize, Serialize};

use crate::checkpoint::{self, Checkpoint};
use crate::config::Config;
use crate::data::{Example, Split, load};
use crate::losses::TERMS;
use crate::step::{LOSSES, StyleLosses, step};
use crate::temporal::TEMPORAL_TERMS;
use crate::validate::score;
use crate::weights::{Weights, learning_rate};

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
    /// Continue from the latest checkpoint of the run.
    pub resume: bool,
    /// Steps, in place of those of the configuration.
    pub steps: Option<u64>,
    /// How the fit was started, for the model card.
    pub command: String,
    /// The commit it was started at, for the model card.
    pub commit: String,
}

/// How a run was started, or resumed last: `run.toml` in its folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RunInfo {
    /// The command.
    pub command: String,
    /// The commit.
    pub commit: String,
    /// The configuration, steps as they were asked for.
    pub config: Config,
}

/// Largest side of the pictures that a checkpoint is measured on.
const MEASURED_SIDE: usize = 384;

/// Fits a network and leaves the checkpoints `latest` and `best` and the table `log.csv` in the folder of the run.
pub fn fit(job: &Job) -> Result<()> {
    let mut config = Config::read(&job.config)?;
    config.fit.steps = job.steps.unwrap_or(config.fit.steps);
    let looks = config.looks();
    let train = usable(load(&job.data, Split::Train, &looks)?, config.fit.crop_size)?;
    let mut held_out = load(&job.data, Split::HeldOut, &looks)?;
    held_out.truncate(config.fit.checkpoint_pictures);

    let Checkpoint { mut weights, steps: done } = start(job, &config)?;
    let parameters = config.architecture.parameter_count(config.styles.len());
    println!("{} pictures, {parameters} parameters, steps {done} to {}", train.len(), config.fit.steps);
    let mut log = Log::open(&job.run, &config)?;
    let mut best = best_so_far(job, &config, &held_out)?;
    for number in done..config.fit.steps {
        let losses = step(&mut weights, &config, &train, number)?;
        log.record(number, &losses)?;
        let finished = number + 1;
        if finished % config.fit.checkpoint_every == 0 || finished == config.fit.steps {
            checkpoint::save(&checkpoint::latest(&job.run), &weights, finished)?;
            let difference = measure(&weights, &config, &held_out, finished)?;
            if difference < best {
                best = difference;
                std::fs::copy(checkpoint::latest(&job.run), checkpoint::best(&job.run))
                    .context("cannot keep the best checkpoint")?;
            }
        }
    }
    Ok(())
}

/// Leaves out pictures that are smaller than a crop.
fn usable(mut examples: Vec<Example>, crop_size: usize) -> Result<Vec<Example>> {
    examples.retain(|example| example.width.min(example.height) >= crop_size);
    ensure!(!examples.is_empty(), "no picture has {crop_size} pixels in both directions: lower fit.crop-size");
    Ok(examples)
}

/// Fresh weights in a fresh folder, or those of the latest checkpoint.
fn start(job: &Job, config: &Config) -> Result<Checkpoint> {
    let (run, latest) = (&job.run, checkpoint::latest(&job.run));
    let checkpoint = if job.resume {
        checkpoint::load(&latest, config)?
    } else {
        ensure!(!latest.exists(), "{} holds a run already: pass --resume or choose another --run", run.display());
        std::fs::create_dir_all(run).with_context(|| format!("cannot make the folder {}", run.display()))?;
        let base = job.base.as_deref().map(Package::open).transpose()?;
        Checkpoint { weights: Weights::new(config, base.as_ref().map(Package::generator))?, steps: 0 }
    };
    let info = RunInfo { command: job.command.clone(), commit: job.commit.clone(), config: config.clone() };
    std::fs::write(info_path(run), toml::to_string(&info)?).context("cannot write run.toml")?;
    Ok(checkpoint)
}

/// What the best checkpoint of a resumed run measures.
fn best_so_far(job: &Job, config: &Config, held_out: &[Example]) -> Result<f64> {
    let path = checkpoint::best(&job.run);
    if !job.resume || !path.exists() {
        return Ok(f64::INFINITY);
    }
    let Checkpoint { weights, steps } = checkpoint::load(&path, config)?;
    println!("the best checkpoint so far:");
    measure(&weights, config, held_out, steps)
}

/// How the run in this folder was started.
pub fn read_info(run: &Path) -> Result<RunInfo> {
    let path = info_path(run);
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("{} is no run: no run.toml in it", run.display()))?;
    toml::from_str(&text).with_context(|| format!("cannot read {}", path.display()))
}

fn info_path(run: &Path) -> PathBuf {
    run.join("run.toml")
}

/// Prints how the averaged weights do on held-out pictures and returns the mean difference over the styles.
fn measure(weights: &Weights, config: &Config, held_out: &[Example], step: u64) -> Result<f64> {
    let generator = weights.averaged()?;
    let mut sum = 0.0;
    for style in &config.styles {
        let score = score(&generator, &style.name, style.look, held_out, MEASURED_SIDE)?;
        sum += score.difference;
        println!(
            "step {step}: held out, {}: similarity {:.4} (source {:.4}), difference {:.2} (source {:.2})",
            style.name, score.similarity, score.source_similarity, score.difference, score.source_difference
        );
    }
    Ok(sum / config.styles.len() as f64)
}

/// Means of the losses over some steps, as a line on the terminal and rows of `log.csv`.
struct Log<'a> {
    config: &'a Config,
    file: File,
    sums: StyleLosses,
    since: Instant,
    steps: u64,
}

impl<'a> Log<'a> {
    fn open(run: &Path, config: &'a Config) -> Result<Self> {
        let path = run.join("log.csv");
        let is_new = !path.exists();
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(&path)
            .with_context(|| format!("cannot write the log {}", path.display()))?;
        if is_new {
            writeln!(file, "step,style,{},{},learning-rate", TERMS.join(","), TEMPORAL_TERMS.join(","))?;
        }
        let sums = vec![[0.0; LOSSES]; config.styles.len()];
        Ok(Log { config, file, sums, since: Instant::now(), steps: 0 })
    }

    fn record(&mut self, step: u64, losses: &StyleLosses) -> Result<()> {
        for (sum, losses) in self.sums.iter_mut().zip(losses) {
            sum.iter_mut().zip(losses).for_each(|(sum, loss)| *sum += loss);
        }
        self.steps += 1;
        if (step + 1).is_multiple_of(self.config.fit.log_every) {
            self.write(step)?;
        }
        Ok(())
    }

    fn write(&mut self, step: u64) -> Result<()> {
        let Log { config, file, sums, since, steps } = self;
        let rate = learning_rate(&config.fit, step);
        let weights = config.loss_weights();
        let mut totals = String::new();
        for (style, sums) in config.styles.iter().zip(sums.iter_mut()) {
            let means = sums.map(|sum| sum / *steps as f32);
            let total: f32 = means.iter().zip(weights).map(|(mean, weight)| mean * weight).sum();
            totals += &format!(" {} {total:.4}", style.name);
            let columns = means.map(|mean| format!("{mean:.5}")).join(",");
            writeln!(file, "{},{},{columns},{rate:.6}", step + 1, style.name)?;
            *sums = [0.0; LOSSES];
        }
        let each = since.elapsed() / *steps as u32;
        let left = each * (config.fit.steps - step - 1).min(u32::MAX.into()) as u32;
        let finished = step + 1;
        println!("step {finished}: loss{totals}, {:.2} steps/s, {} left", 1.0 / each.as_secs_f64(), clock(left));
        (*since, *steps) = (Instant::now(), 0);
        Ok(())
    }
}

fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
