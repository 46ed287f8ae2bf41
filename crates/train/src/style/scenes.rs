use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use image::RgbImage;
use image::imageops::{FilterType, crop_imm, resize};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng, rngs::StdRng};
use rayon::prelude::*;

use crate::data::find_pictures;
use crate::looks::{Analysis, Rgb, Scale, lab};
use crate::pictures;

/// A photo that the new style is shown on while it is learned.
pub(super) struct Scene {
    /// The photo, both sides multiples of 4.
    pub source: RgbImage,
    /// What looks are made of.
    pub analysis: Analysis,
}

/// Photos that come with the program, for those who have none at hand; credits in `assets/SOURCES.md`.
const BUILT_IN: [&[u8]; 3] = [
    include_bytes!("../../../../assets/market.jpg"),
    include_bytes!("../../../../assets/portrait.jpg"),
    include_bytes!("../../../../assets/street.jpg"),
];
/// Shorter sides of scenes, drawn evenly.
const SHORT_SIDES: std::ops::RangeInclusive<u32> = 288..=400;
/// Longer sides are cropped.
const LONGEST_SIDE: u32 = 560;
/// Enlarging further than this would teach that the world is blurred.
const LARGEST_FACTOR: f32 = 1.25;
/// Photos with a shorter side of less are of no use.
const SMALLEST_SIDE: u32 = 32;

/// `count` scenes out of the photos in `folder`, or of the built-in ones. Each photo is shown once as it is; if there are
/// fewer than scenes, parts of them follow in other light and other colours. Photos that cannot be read are skipped and
/// named on standard error.
pub(super) fn scenes(folder: Option<&Path>, count: usize, seed: u64) -> Result<Vec<Scene>> {
    let photos = match folder {
        None => BUILT_IN.iter().map(|bytes| Ok(image::load_from_memory(bytes)?.to_rgb8())).collect::<Result<_>>()?,
        Some(folder) => read(folder, count, seed)?,
    };
    let scene = |index: usize| {
        let mut rng = StdRng::seed_from_u64(seed ^ (index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let source = variant(&photos[index % photos.len()], index < photos.len(), &mut rng);
        let analysis = Analysis::at_scale(&pictures::to_rgb(&source), Scale::ONE);
        Scene { source, analysis }
    };
    Ok((0..count.max(1)).into_par_iter().map(scene).collect())
}

fn read(folder: &Path, count: usize, seed: u64) -> Result<Vec<RgbImage>> {
    let mut paths = find_pictures(folder)?;
    paths.shuffle(&mut StdRng::seed_from_u64(seed));
    let read = |path: &PathBuf| {
        let photo = pictures::read(path)?;
        let (width, height) = photo.dimensions();
        let is_large = width.min(height) >= SMALLEST_SIDE;
        ensure!(is_large, "{} has {width}x{height} pixels, too few to learn from", path.display());
        // As large as scenes become: a folder of photos straight from a camera would not fit into memory.
        let side = width.min(height).min(2 * SHORT_SIDES.end());
        Ok(pictures::scaled_to(&photo, side))
    };
    let photos: Vec<RgbImage> = paths
        .par_iter()
        .take(count)
        .filter_map(|path| read(path).inspect_err(|error| eprintln!("skipped: {error:#}")).ok())
        .collect();
    ensure!(!photos.is_empty(), "{} has no photos (jpg, png, webp) that can be read", folder.display());
    Ok(photos)
}

/// A photo at the size of a scene: all of it, or a part in another light.
fn variant(photo: &RgbImage, as_it_is: bool, rng: &mut StdRng) -> RgbImage {
    let part: f32 = if as_it_is { 1.0 } else { rng.random_range(0.45..1.0) };
    let side = |side: u32| ((side as f32 * part) as u32).clamp(SMALLEST_SIDE.min(side), side);
    let (width, height) = (side(photo.width()), side(photo.height()));
    let (x, y) = (rng.random_range(0..=photo.width() - width), rng.random_range(0..=photo.height() - height));
    let cut = crop_imm(photo, x, y, width, height).to_image();
    let short = rng.random_range(SHORT_SIDES).min((width.min(height) as f32 * LARGEST_FACTOR) as u32);
    let factor = f64::from(short) / f64::from(width.min(height));
    let scaled = |side: u32| ((f64::from(side) * factor) as u32).min(LONGEST_SIDE * 2) / 4 * 4;
    let scaled = resize(&cut, scaled(width).max(4), scaled(height).max(4), FilterType::CatmullRom);
    let (width, height) = (scaled.width().min(LONGEST_SIDE), scaled.height().min(LONGEST_SIDE));
    let scaled =
        crop_imm(&scaled, (scaled.width() - width) / 2, (scaled.height() - height) / 2, width, height).to_image();
    if as_it_is { scaled } else { pictures::from_rgb(&relit(&pictures::to_rgb(&scaled), rng)) }
}

/// Other exposure, saturation and hue: few photos then show many colours.
fn relit(picture: &Rgb, rng: &mut StdRng) -> Rgb {
    let gain = 2f32.powf(rng.random_range(-0.4..0.4));
    let saturation = rng.random_range(0.6..1.5);
    // Mostly hues near the true ones, because a face should be taught as a face more often than as a leaf.
    let turn = std::f32::consts::PI * rng.random_range(-1.0f32..1.0).powi(3);
    let (sin, cos) = turn.sin_cos();
    Rgb::from_fn(picture.width(), picture.height(), |x, y| {
        let [lightness, a, b] = lab::from_rgb(picture.at(x, y).map(|value| (value * gain).min(1.0)));
        lab::to_rgb([lightness, saturation * (cos * a - sin * b), saturation * (sin * a + cos * b)])
    })
}

/// A picture as three planes of 0..1.
pub(super) fn planes(picture: &RgbImage) -> Vec<f32> {
    let plane = |channel: usize| picture.pixels().map(move |pixel| f32::from(pixel.0[channel]) / 255.0);
    (0..3).flat_map(plane).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_photos_make_any_number_of_scenes_and_the_same_each_time() {
        let (few, again) = (scenes(None, 4, 5).unwrap(), scenes(None, 4, 5).unwrap());
        assert_eq!(few.len(), 4);
        for (scene, again) in few.iter().zip(&again) {
            let (width, height) = scene.source.dimensions();
            assert!(width % 4 == 0 && height % 4 == 0 && width.min(height) >= 284, "{width}x{height}");
            assert_eq!(scene.source, again.source);
        }
        assert_ne!(few[0].source, few[3].source);
    }

    #[test]
    fn a_folder_without_photos_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = scenes(Some(folder.path()), 2, 1).err().unwrap().to_string();
        assert!(error.contains(&folder.path().display().to_string()) && error.contains("no photos"), "{error}");
    }
}
