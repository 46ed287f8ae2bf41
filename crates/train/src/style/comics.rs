use std::path::Path;

use anyhow::{Result, ensure};
use rayon::prelude::*;

use super::drawing::Drawing;
use crate::data::find_pictures;
use crate::pictures;

/// Fewer pictures than this say too little about a hand.
pub const FEWEST: usize = 20;
/// More say nothing new.
const MOST: usize = 500;
/// At this shorter side a unit of the looks is one pixel.
const SHORT_SIDE: u32 = 540;

/// Measures the comic pictures below `folder` and says how many they were. Those that cannot be read are skipped and
/// named on standard error; of more than 500, 500 are taken that are spread evenly.
pub(super) fn measure(folder: &Path, seed: u64) -> Result<(Drawing, usize)> {
    ensure!(folder.is_dir(), "there is no folder {} with comic pictures", folder.display());
    let found = find_pictures(folder)?;
    let enough = |count: usize, what: &str| {
        let folder = folder.display();
        ensure!(count >= FEWEST, "{folder} has {count} pictures {what}, a style is learned from {FEWEST} at least");
        Ok(())
    };
    enough(found.len(), "(jpg, png, webp)")?;
    let chosen: Vec<_> =
        (0..found.len().min(MOST)).map(|index| &found[index * found.len() / found.len().min(MOST)]).collect();
    let drawings: Vec<Drawing> = chosen
        .par_iter()
        .enumerate()
        .filter_map(|(index, path)| {
            measure_one(path, seed ^ index as u64).inspect_err(|error| eprintln!("skipped: {error:#}")).ok()
        })
        .collect();
    enough(drawings.len(), "that can be read")?;
    let (mut all, count) = (Drawing::default(), drawings.len());
    drawings.into_iter().for_each(|drawing| all.add(drawing));
    let has_fills = !all.fills.is_empty();
    ensure!(has_fills, "the pictures in {} have no areas of colour between their lines", folder.display());
    Ok((all, count))
}

fn measure_one(path: &Path, seed: u64) -> Result<Drawing> {
    let picture = pictures::read(path)?;
    let (width, height) = picture.dimensions();
    ensure!(width.min(height) >= 32, "{} has {width}x{height} pixels, too few to measure", path.display());
    // Long strips are measured in their middle.
    let (kept_width, kept_height) = (width.min(3 * height), height.min(3 * width));
    let (x, y) = ((width - kept_width) / 2, (height - kept_height) / 2);
    let kept = image::imageops::crop_imm(&picture, x, y, kept_width, kept_height).to_image();
    Ok(Drawing::of(&pictures::to_rgb(&pictures::scaled_to(&kept, SHORT_SIDE)), seed))
}
