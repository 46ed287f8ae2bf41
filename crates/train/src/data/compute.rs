use std::path::Path;

use anyhow::{Context, Result};
use image::RgbImage;
use image::imageops::FilterType;
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::cache::{Domain, Example, Split};
use super::choose::Source;
use super::clip_sequence::{ClipSequence, LENGTH};
use super::gather::Found;
use super::identity::{Content, looks_version, motion_version};
use super::prepare::Preparation;
use super::store::Store;
use crate::looks::{Analysis, Look, Scale};
use crate::pictures;

/// Shorter sides that pictures are scaled to, drawn evenly: the sizes at which videos are mostly worked on.
const SHORT_SIDES: [f32; 2] = [360.0, 640.0];
/// Enlarging further than this would teach that the world is blurred.
const LARGEST_FACTOR: f32 = 1.25;
/// Longer sides are cropped: panoramas would fill the memory.
const LONGEST_SIDE: u32 = 960;

/// A prepared picture on disk.
pub(super) struct Prepared {
    /// Name of its file, without ending.
    pub name: String,
    pub domain: Domain,
    pub split: Split,
    /// Whether it was computed in this run.
    pub is_new: bool,
}

/// Computes what a preparation asks for.
pub(super) struct Job<'a> {
    preparation: &'a Preparation,
    store: &'a Store,
    settings: String,
    /// How motion is estimated.
    motion: String,
}

impl<'a> Job<'a> {
    /// Prepares for this.
    pub fn new(preparation: &'a Preparation, store: &'a Store) -> Result<Self> {
        Ok(Job { preparation, store, settings: preparation.settings(), motion: motion_version()? })
    }

    /// Prepares what is asked for of a source, as far as that was not done before.
    pub fn prepare(&self, source: &Source, split: Split) -> Result<Vec<Prepared>> {
        let mut all = self.frames(source, split)?;
        // Measured is on single frames alone.
        if split == Split::Train {
            all.extend(self.sequences(source)?);
        }
        Ok(all)
    }

    /// Prepares each frame of a source at each size.
    fn frames(&self, source: &Source, split: Split) -> Result<Vec<Prepared>> {
        let Found { path, is_clip, domain, partner, .. } = &source.found;
        let sizes = self.preparation.sizes;
        let frames = if *is_clip { self.preparation.frames_per_clip } else { 1 };
        let domains = if partner.is_some() { vec![*domain, Domain::Comics] } else { vec![*domain] };
        let mut all = Vec::new();
        for domain in domains {
            let key = source.content.key(&format!("{} {domain:?} frames {frames}", self.settings));
            for index in 0..source.fingerprints.len() * sizes {
                let name = format!("{}-{key}-{index:03}", readable(path));
                let is_new = !self.store.has(&name, domain, split)?;
                all.push((index, Prepared { name, domain, split, is_new }));
            }
        }
        if all.iter().any(|(_, one)| one.is_new) {
            let changed = || changed(path);
            let frames = self.preparation.frames(&source.found).with_context(changed)?;
            let comic = partner.as_ref().map(|path| pictures::read(path)).transpose().with_context(changed)?;
            for (index, one) in all.iter().filter(|(_, one)| one.is_new) {
                let frame = frames.get(index / sizes).with_context(changed)?;
                let wanted = self.preparation.short_side(source.content, *index);
                self.example(one, frame, comic.as_ref(), wanted).save(&self.store.folder(one.domain, split))?;
            }
        }
        Ok(all.into_iter().map(|(_, one)| one).collect())
    }

    /// Prepares the sequences of a clip, at one size each.
    fn sequences(&self, source: &Source) -> Result<Vec<Prepared>> {
        let (Found { path, .. }, count) = (&source.found, self.preparation.clip_sequences);
        let (domain, split) = (Domain::Sequences, Split::Train);
        let key = source.content.key(&format!("{} {} sequences {count} of {LENGTH}", self.settings, self.motion));
        let mut all = Vec::new();
        for index in 0..source.sequences {
            let name = format!("{}-{key}-{index:03}", readable(path));
            let is_new = !self.store.has(&name, domain, split)?;
            all.push(Prepared { name, domain, split, is_new });
        }
        if all.iter().any(|one| one.is_new) {
            let changed = || changed(path);
            let sequences = self.preparation.sequences(&source.found).with_context(changed)?;
            for (index, one) in all.iter().enumerate().filter(|(_, one)| one.is_new) {
                let short_side = self.preparation.short_side(source.content, index);
                let frames = sequences.get(index).with_context(changed)?;
                let frames: Vec<RgbImage> = frames.iter().map(|frame| resized(frame, short_side)).collect();
                let newest = drawn(&one.name, frames.last().with_context(changed)?);
                ClipSequence::new(&frames, newest)?.save(&self.store.folder(domain, split))?;
            }
        }
        Ok(all)
    }

    fn example(&self, one: &Prepared, frame: &RgbImage, comic: Option<&RgbImage>, short_side: u32) -> Example {
        let picture = resized(frame, short_side);
        let comic = comic.map(|comic| {
            let comic = image::imageops::resize(comic, frame.width(), frame.height(), FilterType::CatmullRom);
            resized(&comic, short_side)
        });
        match one.domain {
            Domain::Comics => Example::new(&one.name, comic.as_ref().unwrap_or(&picture), &[]),
            Domain::Photos | Domain::Sequences => {
                Example { comic: comic.map(RgbImage::into_raw), ..drawn(&one.name, &picture) }
            }
        }
    }
}

/// A picture with the layers of every look.
fn drawn(name: &str, picture: &RgbImage) -> Example {
    // One line width in pixels at every size: a network of one size cannot know how large the picture is.
    let analysis = Analysis::at_scale(&pictures::to_rgb(picture), Scale::ONE);
    Example::new(name, picture, &Look::ALL.map(|look| (look, analysis.layers(look))))
}

/// A file that was usable a moment ago and is not now.
fn changed(path: &Path) -> String {
    format!("{} has changed while data were prepared: run it again", path.display())
}

/// The name of a file, shortened and without characters that some file systems do not take.
fn readable(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    stem.chars().take(60).map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect()
}

fn resized(picture: &RgbImage, short_side: u32) -> RgbImage {
    let side = picture.width().min(picture.height());
    let scaled = pictures::scaled_to(picture, short_side.min((side as f32 * LARGEST_FACTOR) as u32));
    let (width, height) = (scaled.width().min(LONGEST_SIDE), scaled.height().min(LONGEST_SIDE));
    let (x, y) = ((scaled.width() - width) / 2, (scaled.height() - height) / 2);
    image::imageops::crop_imm(&scaled, x, y, width, height).to_image()
}

impl Preparation {
    /// The shorter side that a frame is scaled to: drawn from its part of the range if there are several sizes.
    pub(super) fn short_side(&self, content: Content, index: usize) -> u32 {
        let mut rng = StdRng::seed_from_u64(content.draw(&format!("size {index}"), self.seed));
        let place = ((index % self.sizes) as f32 + rng.random::<f32>()) / self.sizes as f32;
        (SHORT_SIDES[0] + place * (SHORT_SIDES[1] - SHORT_SIDES[0])).round() as u32
    }

    /// Everything but the content of its file that decides what a prepared picture holds.
    fn settings(&self) -> String {
        let sides = format!("{SHORT_SIDES:?} {LARGEST_FACTOR} {LONGEST_SIDE}");
        format!("{} {sides} sizes {} seed {}", looks_version(), self.sizes, self.seed)
    }
}
