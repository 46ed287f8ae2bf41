use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};
use image::imageops::FilterType;
use inkcast_generator::{Folded, Package};
use rayon::prelude::*;

use super::{Codes, Histogram, observe, psnr, simulate};
use crate::data::find_pictures;
use crate::pictures;

/// How to calibrate a package.
pub struct Calibration {
    /// The package; its `model.toml` gets the ranges.
    pub package: PathBuf,
    /// Folder with pictures, searched with its subfolders.
    pub pictures: PathBuf,
    /// Pictures to calibrate with, spread evenly over those of the folder in the order of their names.
    pub count: usize,
    /// Of a hundred values in a map, so many lie within its range; what lies beyond is cut off.
    pub percentile: f64,
    /// Folder with pictures to measure with; without it, those of `pictures` that calibration left over.
    pub check: Option<PathBuf>,
    /// Pictures to measure with, at most.
    pub check_count: usize,
}

/// What 8 bits cost a style.
#[derive(Debug, Clone, PartialEq)]
pub struct Cost {
    /// The style.
    pub style: String,
    /// Mean over the pictures of the signal-to-noise ratio in dB, 8 bits against `f32`.
    pub mean: f64,
    /// The same of the worst picture.
    pub worst: f64,
    /// With nothing but the weights in 8 bits, over the first few pictures.
    pub weights: f64,
    /// Name, upper end, and with nothing but this map in 8 bits.
    pub maps: Vec<(String, f32, f64)>,
}

/// Pictures that are enough to tell which part costs most.
const FEW: usize = 10;
/// Longest side of the pictures, as large as those that training sees.
const LONGEST_SIDE: u32 = 640;

/// Writes the ranges of activations into the `model.toml` of a package and measures what 8 bits cost with them. Pictures
/// that cannot be read are skipped and named on standard error.
pub fn calibrate(calibration: &Calibration) -> Result<Vec<Cost>> {
    let Calibration { package: folder, pictures, count, percentile, check, check_count } = calibration;
    let package = Package::open(folder)?;
    let names = package.generator().architecture().activation_names();
    let found = find_pictures(pictures)?;
    ensure!(!found.is_empty(), "{} has no pictures (jpg, png, webp) to calibrate with", pictures.display());
    let (chosen, rest) = spread(found, *count);
    let checked = match check {
        Some(check) => find_pictures(check)?,
        None => rest,
    };
    let (chosen, checked) = (read(&chosen), read(&spread(checked, *check_count).0));
    ensure!(!chosen.is_empty(), "none of the pictures in {} can be read", pictures.display());

    ensure!(
        !checked.is_empty(),
        "no pictures are left to measure with: put more than {count} into {}, or name a folder with --check",
        pictures.display()
    );

    let mut manifest = package.manifest().clone();
    let mut costs = Vec::new();
    for style in &mut manifest.styles {
        let vector = package.generator().style(&style.name).expect("an open package has every style's vector");
        let folded = package.generator().fold(vector)?;
        let maps = observe_all(&folded, &chosen)?;
        style.activations = (maps.iter().zip(&names))
            .map(|(map, name)| {
                map.percentile(*percentile).with_context(|| {
                    format!(
                        "the map behind {name} is zero everywhere in style \"{}\": more pictures are needed",
                        style.name
                    )
                })
            })
            .collect::<Result<_>>()?;
        costs.push(cost(&style.name, &folded, &style.activations, &names, &checked)?);
    }
    manifest.save_description(folder)?;
    Ok(costs)
}

/// Counts over all pictures.
fn observe_all(folded: &Folded, pictures: &[Tensor]) -> Result<Vec<Histogram>> {
    let merge = |a: Vec<Histogram>, b: Vec<Histogram>| a.into_iter().zip(b).map(|(a, b)| a.merge(b)).collect();
    let maps = pictures.par_iter().map(|picture| Ok(observe(folded, picture)?)).try_reduce_with(|a, b| Ok(merge(a, b)));
    maps.expect("there are pictures")
}

fn cost(style: &str, folded: &Folded, ends: &[f32], names: &[String], pictures: &[Tensor]) -> Result<Cost> {
    let exact: Vec<Tensor> = pictures
        .par_iter()
        .map(|picture| simulate(folded, ends, Codes::None, picture))
        .collect::<candle_core::Result<_>>()?;
    let measure = |codes: Codes, most: usize| -> Result<Vec<f64>> {
        let pairs = pictures.par_iter().zip(&exact).take(most);
        pairs.map(|(picture, exact)| Ok(psnr(&simulate(folded, ends, codes, picture)?, exact)?)).collect()
    };
    let mean = |decibels: &[f64]| decibels.iter().sum::<f64>() / decibels.len() as f64;
    let all = measure(Codes::All, usize::MAX)?;
    let map =
        |(index, name): (usize, &String)| Ok((name.clone(), ends[index], mean(&measure(Codes::Map(index), FEW)?)));
    Ok(Cost {
        style: style.to_string(),
        mean: mean(&all),
        worst: all.iter().copied().fold(f64::INFINITY, f64::min),
        weights: mean(&measure(Codes::Weights, FEW)?),
        maps: names.iter().enumerate().map(map).collect::<Result<_>>()?,
    })
}

/// `count` of `paths`, spread evenly, and the others.
fn spread(paths: Vec<PathBuf>, count: usize) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let (length, count) = (paths.len(), count.min(paths.len()));
    // Path number i is chosen where i * count / length steps to the next number.
    let is_chosen = |index: usize| (index * count) % length < count;
    let (mut chosen, mut rest) = (Vec::new(), Vec::new());
    for (index, path) in paths.into_iter().enumerate() {
        if is_chosen(index) { chosen.push(path) } else { rest.push(path) }
    }
    (chosen, rest)
}

/// Those that can be read, as `[1, 3, H, W]` with sides that are multiples of 4.
fn read(paths: &[PathBuf]) -> Vec<Tensor> {
    let read = |path: &PathBuf| match read_one(path) {
        Ok(picture) => Some(picture),
        Err(error) => {
            eprintln!("skipped: {error:#}");
            None
        }
    };
    paths.par_iter().filter_map(read).collect()
}

fn read_one(path: &Path) -> Result<Tensor> {
    let picture = pictures::read(path)?;
    let longest = picture.width().max(picture.height());
    let side = |side: u32| {
        let scaled = u64::from(side) * u64::from(LONGEST_SIDE.min(longest)) / u64::from(longest.max(1));
        scaled as u32 / 4 * 4
    };
    let (width, height) = (side(picture.width()), side(picture.height()));
    ensure!(width > 0 && height > 0, "{} is too small to calibrate with", path.display());
    let picture = image::imageops::resize(&picture, width, height, FilterType::CatmullRom);
    let plane = |channel: usize| picture.pixels().map(move |pixel| f32::from(pixel.0[channel]) / 255.0);
    let values: Vec<f32> = (0..3).flat_map(plane).collect();
    Ok(Tensor::from_vec(values, (1, 3, height as usize, width as usize), &Device::Cpu)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_spread_evenly() {
        let paths = |names: std::ops::Range<usize>| names.map(|n| PathBuf::from(n.to_string())).collect::<Vec<_>>();
        let named = |names: &[usize]| names.iter().map(|n| PathBuf::from(n.to_string())).collect::<Vec<_>>();
        assert_eq!(spread(paths(0..6), 2), (named(&[0, 3]), named(&[1, 2, 4, 5])));
        for count in 0..12 {
            let (chosen, rest) = spread(paths(0..10), count);
            assert_eq!((chosen.len(), rest.len()), (count.min(10), 10 - count.min(10)));
        }
        assert_eq!(spread(vec![], 3), (vec![], vec![]));
    }
}
