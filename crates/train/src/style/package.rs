use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};
use inkcast_generator::{Folded, Generator, Manifest, Package, Screen, Style};
use rayon::prelude::*;

use super::Job;
use super::adapters::{Adapters, same_bits};
use super::scenes::{Scene, planes};
use crate::int8::{Codes, Histogram, observe, psnr, simulate};

/// A base and what is added to it.
pub(super) struct Addition<'a> {
    pub base: &'a Package,
    pub adapters: &'a Adapters,
    pub name: &'a str,
    /// Comic pictures that it was learned from.
    pub comics: usize,
}

/// Of a hundred values in a map, so many lie within its range.
const PERCENTILE: f64 = 99.99;
/// Scenes to calibrate with, and as many others to measure with.
const CALIBRATED: usize = 24;

impl Addition<'_> {
    /// Writes the package, checks it, and only then moves it to its place.
    pub fn write(&self, job: &Job, scenes: &[Scene]) -> Result<()> {
        let generator = self.adapters.finished(self.name)?;
        self.ensure_unchanged(&generator)?;
        let vector = generator.style(self.name).context("the new style has no vector")?;
        let activations = calibrated(&generator.fold(vector)?, scenes)?;
        let manifest = self.manifest(job, &generator, activations);
        let weights = generator.tensors().iter().collect::<BTreeMap<_, _>>();
        let weights = safetensors::serialize(weights, None).context("cannot pack the weights")?;
        let partial = Partial::beside(&job.out);
        manifest.save(&partial.0, &weights).context("cannot write the package")?;
        let written = Package::open(&partial.0).context("the package that was written cannot be read")?;
        self.ensure_unchanged(written.generator())?;
        std::fs::rename(&partial.0, &job.out)
            .with_context(|| format!("cannot move the finished package to {}", job.out.display()))
    }

    /// Sums over one more entry of zero come out the same, unless the processor forms them in another order.
    fn ensure_unchanged(&self, generator: &Generator) -> Result<()> {
        for style in &self.base.manifest().styles {
            let vector = generator.style(&style.name).context("a style of the base is missing")?;
            ensure!(
                same_bits(&self.base.fold(&style.name)?, &generator.fold(vector)?)?,
                "the base has no room for one more style: its style \"{}\" would not stay the same to the bit",
                style.name
            );
        }
        Ok(())
    }

    fn manifest(&self, job: &Job, generator: &Generator, activations: Vec<f32>) -> Manifest {
        let folder = job.from.canonicalize().unwrap_or_else(|_| job.from.clone());
        let folder = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Addition { base, name, comics, .. } = self;
        let mut manifest = Manifest { architecture: *generator.architecture(), ..base.manifest().clone() };
        manifest.styles.push(Style {
            name: name.to_string(),
            description: format!("Learned from {comics} pictures in \"{folder}\"."),
            screen: Screen::None,
            paper: [1.0; 3],
            activations,
        });
        manifest.name = format!("{}-{name}", manifest.name);
        let training = &mut manifest.training;
        training.data = format!("{}; style {name}: {comics} pictures in \"{folder}\"", training.data);
        training.command = if training.command.is_empty() {
            job.command.clone()
        } else {
            format!("{}; {}", training.command, job.command)
        };
        training.commit = job.commit.clone();
        manifest
    }
}

/// The upper ends of the activations, from a part of the scenes; prints what 8 bits cost on others.
fn calibrated(folded: &Folded, scenes: &[Scene]) -> Result<Vec<f32>> {
    let input = |scene: &Scene| {
        let (width, height) = scene.source.dimensions();
        Tensor::from_vec(planes(&scene.source), (1, 3, height as usize, width as usize), &Device::Cpu)
    };
    let merge = |a: Vec<Histogram>, b: Vec<Histogram>| a.into_iter().zip(b).map(|(a, b)| a.merge(b)).collect();
    let maps: Vec<Histogram> = scenes
        .par_iter()
        .take(CALIBRATED)
        .map(|scene| observe(folded, &input(scene)?))
        .try_reduce_with(|a, b| Ok(merge(a, b)))
        .context("there are no scenes to calibrate with")??;
    // A map that is zero everywhere is exact whatever its end.
    let ends: Vec<f32> = maps.iter().map(|map| map.percentile(PERCENTILE).unwrap_or(1.0)).collect();
    let decibels: Vec<f64> = scenes
        .par_iter()
        .rev()
        .take(CALIBRATED)
        .map(|scene| {
            let input = input(scene)?;
            psnr(&simulate(folded, &ends, Codes::All, &input)?, &simulate(folded, &ends, Codes::None, &input)?)
        })
        .collect::<candle_core::Result<_>>()?;
    let worst = decibels.iter().copied().fold(f64::INFINITY, f64::min);
    let mean = decibels.iter().sum::<f64>() / decibels.len() as f64;
    println!("8 bits: {mean:.1} dB against f32, worst scene {worst:.1} dB");
    Ok(ends)
}

/// Refuses a place that nothing can be written to, before any time is spent.
pub(super) fn ensure_writable(out: &Path) -> Result<()> {
    let partial = Partial::beside(out);
    std::fs::create_dir_all(&partial.0).with_context(|| format!("cannot write to the folder around {}", out.display()))
}

/// A folder in the making, removed unless it was moved to its place.
struct Partial(PathBuf);

impl Partial {
    fn beside(out: &Path) -> Self {
        let name = out.file_name().unwrap_or_default().to_string_lossy();
        Partial(out.with_file_name(format!(".{name}.{}.part", std::process::id())))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Gone if it was moved; if it cannot be removed, its name says that it is unfinished.
        std::fs::remove_dir_all(&self.0).ok();
    }
}
