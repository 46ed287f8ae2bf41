use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use image::RgbImage;
use indicatif::{ProgressBar, ProgressStyle};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng, rngs::StdRng};
use rayon::prelude::*;

use super::cache::{Example, Split};
use super::clips::read_frames;
use super::files::{CLIPS, PICTURES, find_files};
use crate::looks::{Analysis, Look, Scale};
use crate::pictures;

/// What to prepare.
pub struct Preparation {
    /// Folders with pictures, searched with their subfolders.
    pub photos: Vec<PathBuf>,
    /// Folders with clips, searched with their subfolders.
    pub clips: Vec<PathBuf>,
    /// If given, only files whose path ends with a line of this file are used.
    pub only: Option<PathBuf>,
    /// Where the prepared data goes; must not hold any yet.
    pub out: PathBuf,
    /// At most this many pictures, drawn by the seed.
    pub limit: Option<usize>,
    /// Frames taken from each clip.
    pub frames_per_clip: usize,
    /// At least this many pictures are kept out of training.
    pub held_out: usize,
    /// Decides on sizes, on the held-out part and on what a limit leaves.
    pub seed: u64,
}

/// Shorter sides that pictures are scaled to, drawn evenly: the sizes at which videos are mostly worked on.
const SHORT_SIDES: std::ops::RangeInclusive<u32> = 360..=640;
/// Enlarging further than this would teach that the world is blurred.
const LARGEST_FACTOR: f32 = 1.25;
/// Longer sides are cropped: panoramas would fill the memory.
const LONGEST_SIDE: u32 = 960;

/// Computes the layers of every look for pictures and clip frames and stores them in `out/train` and `out/held-out`.
/// Files that cannot be read are skipped and named on standard error.
pub fn prepare(preparation: &Preparation) -> Result<()> {
    let out = &preparation.out;
    for split in [Split::Train, Split::HeldOut] {
        let folder = out.join(split.folder());
        ensure!(!folder.exists(), "{} is there already: delete it or choose another --out", folder.display());
    }
    let mut rng = StdRng::seed_from_u64(preparation.seed);
    let sources = choose(preparation, &mut rng)?;
    for split in [Split::Train, Split::HeldOut] {
        let folder = out.join(split.folder());
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let bar = progress_bar(sources.len());
    let skipped: usize = sources
        .par_iter()
        .map(|source| {
            let result = source.prepare(preparation);
            bar.inc(1);
            match result {
                Ok(()) => Ok(0),
                Err(Failure::Unreadable(error)) => {
                    bar.suspend(|| eprintln!("skipped: {error:#}"));
                    Ok(1)
                }
                Err(Failure::Unwritable(error)) => Err(error),
            }
        })
        .sum::<Result<usize>>()?;
    bar.finish();
    let count = |split: Split| Ok::<_, std::io::Error>(std::fs::read_dir(out.join(split.folder()))?.count());
    let (train, held_out) = (count(Split::Train)?, count(Split::HeldOut)?);
    println!("{train} pictures to train on and {held_out} held out in {}, {skipped} files skipped", out.display());
    Ok(())
}

/// A file to prepare.
struct Source {
    path: PathBuf,
    is_clip: bool,
    split: Split,
    seed: u64,
}

enum Failure {
    Unreadable(anyhow::Error),
    Unwritable(anyhow::Error),
}

impl Source {
    fn prepare(&self, preparation: &Preparation) -> Result<(), Failure> {
        let frames = if self.is_clip {
            read_frames(&self.path, preparation.frames_per_clip)
        } else {
            pictures::read(&self.path).map(|picture| vec![picture])
        };
        let mut rng = StdRng::seed_from_u64(self.seed);
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        for (index, frame) in frames.map_err(Failure::Unreadable)?.iter().enumerate() {
            let source = resized(frame, &mut rng);
            // One line width in pixels at every size: a network of one size cannot know how large the picture is.
            let analysis = Analysis::at_scale(&pictures::to_rgb(&source), Scale::ONE);
            let layers = Look::ALL.map(|look| (look, analysis.layers(look)));
            // The seed keeps pictures of the same name in different folders apart.
            let name = format!("{stem}-{:08x}-{index:03}", self.seed as u32);
            let folder = preparation.out.join(self.split.folder());
            Example::new(&name, &source, &layers).save(&folder).map_err(Failure::Unwritable)?;
        }
        Ok(())
    }
}

fn resized(picture: &RgbImage, rng: &mut StdRng) -> RgbImage {
    let side = picture.width().min(picture.height());
    let wanted = rng.random_range(SHORT_SIDES).min((side as f32 * LARGEST_FACTOR) as u32);
    let scaled = pictures::scaled_to(picture, wanted);
    let (width, height) = (scaled.width().min(LONGEST_SIDE), scaled.height().min(LONGEST_SIDE));
    let (x, y) = ((scaled.width() - width) / 2, (scaled.height() - height) / 2);
    image::imageops::crop_imm(&scaled, x, y, width, height).to_image()
}

/// Finds the files, draws those that the limit leaves and says which are held out. A clip is held out as a whole: its
/// frames are too much alike.
fn choose(preparation: &Preparation, rng: &mut StdRng) -> Result<Vec<Source>> {
    let only = match &preparation.only {
        None => None,
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read the list of files {}", path.display()))?;
            Some(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(PathBuf::from).collect())
        }
    };
    let mut photos = find_files(&preparation.photos, &PICTURES, only.as_ref())?;
    let clips = find_files(&preparation.clips, &CLIPS, only.as_ref())?;
    photos.shuffle(rng);
    photos.truncate(preparation.limit.unwrap_or(usize::MAX));
    if photos.is_empty() && clips.is_empty() {
        bail!("no pictures (jpg, png, webp) and no clips (mp4, mkv, webm, mov, avi, ogv) were found");
    }
    let photos = photos.into_iter().map(|path| (path, false, 1));
    let clips = clips.into_iter().map(|path| (path, true, preparation.frames_per_clip));
    let mut files: Vec<(PathBuf, bool, usize)> = photos.chain(clips).collect();
    files.shuffle(rng);
    let mut held_out = 0;
    let sources = files.into_iter().map(|(path, is_clip, pictures)| {
        let split = if held_out < preparation.held_out { Split::HeldOut } else { Split::Train };
        held_out += if split == Split::HeldOut { pictures } else { 0 };
        Source { path, is_clip, split, seed: rng.random() }
    });
    Ok(sources.collect())
}

fn progress_bar(length: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} files, {eta} left").expect("the template is valid");
    ProgressBar::new(length as u64).with_style(style)
}
