//! A new style of an existing network, learned from a folder of comic pictures that show anything at all.
//!
//! 1. The comics are measured ([`Drawing`](drawing::Drawing)): colours between the lines, shading, blacks, width and
//!    contrast of lines.
//! 2. A reference look is set until photos drawn with it measure the same: colours by optimal transport to the comics'
//!    palette, blacks and lines by comparison ([`crate::looks::Hand`]).
//! 3. A style vector and small adapters ([`Adapters`](adapters::Adapters)) learn to draw photos as that look does; all
//!    other numbers of the network stay, and with them its other styles, bit by bit.

mod adapters;
mod canvas;
mod comics;
mod drawing;
mod hand;
mod package;
mod palette;
mod scenes;
mod train;
mod transport;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use image::RgbImage;
use inkcast_generator::Package;

use crate::looks::Hand;
use crate::{pictures, validate};
use scenes::Scene;

/// What to learn, from what, and where to.
pub struct Job {
    /// Folder with comic pictures, searched with its subfolders.
    pub from: PathBuf,
    /// Folder of the package to add a style to; without it, the built-in model.
    pub base: Option<PathBuf>,
    /// Name of the new style.
    pub name: String,
    /// Folder for the package; must not be there yet.
    pub out: PathBuf,
    /// Folder with photos of what will be drawn; without it, a few that are built in.
    pub photos: Option<PathBuf>,
    /// Photos, and parts of photos in another light, to learn on.
    pub scenes: usize,
    /// Optimiser steps.
    pub steps: u64,
    /// Decides everything that is random.
    pub seed: u64,
    /// Where to show photos, what the style was taught and what it makes of them.
    pub sheet: Option<PathBuf>,
    /// How it was started, for the model card.
    pub command: String,
    /// The commit it was started at, for the model card.
    pub commit: String,
}

/// Learns a style and writes the package, whose folder appears only when it is complete.
pub fn learn(job: &Job) -> Result<()> {
    let base = match &job.base {
        Some(folder) => Package::open(folder).context("cannot use the base")?,
        None => Package::embedded()?,
    };
    check(job, &base)?;
    let (comics, count) = comics::measure(&job.from, job.seed)?;
    println!(
        "{count} comics: lines {:.1} px wide at 540 on {:.1} % of the picture, contrast {:.2}, {:.1} % solid black, shading {:.4}",
        comics.line_width(),
        100.0 * comics.line_share(),
        comics.line_contrast(),
        100.0 * comics.black_share(),
        comics.shade()
    );
    let scenes = scenes::scenes(job.photos.as_deref(), job.scenes, job.seed)?;
    let hand = hand::hand(&comics, &scenes, job.seed);
    println!(
        "taught on {} scenes: lines {:+.2} px on each side, strength {:.2}, blacks {:.2}",
        scenes.len(),
        hand.growth,
        hand.strength,
        hand.blacks
    );
    let adapters = train::train(&base, &scenes, &hand, job)?;
    let package = package::Addition { base: &base, adapters: &adapters, name: &job.name, comics: count };
    package.write(job, &scenes)?;
    if let Some(path) = &job.sheet {
        sheet(path, &job.out, &job.name, &scenes, &hand)?;
    }
    println!("wrote {} with the style \"{}\"", job.out.display(), job.name);
    Ok(())
}

/// Refuses what could not be written in the end before any time is spent.
fn check(job: &Job, base: &Package) -> Result<()> {
    let Job { name, out, steps, .. } = job;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    ensure!(
        !name.is_empty() && name.chars().all(is_plain),
        "a style's name has letters, digits, - and _, not \"{name}\""
    );
    let known = base.manifest().styles.iter().map(|style| style.name.as_str()).collect::<Vec<_>>();
    let model = &base.manifest().name;
    ensure!(
        !known.contains(&name.as_str()),
        "{model} has a style \"{name}\" already: choose a --name other than {}",
        known.join(", ")
    );
    ensure!(!out.exists(), "{} is there already: delete it or choose another --out", out.display());
    ensure!(*steps > 0, "--steps must be at least 1");
    package::ensure_writable(out)
}

/// One row a scene: the photo, what was taught, what the network draws.
fn sheet(path: &Path, package: &Path, style: &str, scenes: &[Scene], hand: &Hand) -> Result<()> {
    let package = Package::open(package)?;
    let row = |scene: &Scene| -> Result<Vec<RgbImage>> {
        let drawn = validate::run(package.generator(), style, &pictures::to_rgb(&scene.source))?;
        let shown =
            [scene.analysis.drawn_by(hand), drawn].map(|layers| pictures::from_rgb(&validate::compose(&layers)));
        Ok(std::iter::once(scene.source.clone()).chain(shown).collect())
    };
    let rows = scenes.iter().take(8).map(row).collect::<Result<Vec<_>>>()?;
    pictures::write(path, &pictures::sheet(&rows, 300))
}
