use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use image::RgbImage;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use super::cache::{Domain, Split};
use super::choose::{Source, distinct, limited, splits};
use super::clip_sequence::LENGTH;
use super::clips::{read_frames, read_sequences};
use super::compute::{Job, Prepared};
use super::fingerprint::Fingerprint;
use super::gather::{Found, gather};
use super::identity::Content;
use super::store::Store;
use super::whole::check_whole;
use crate::pictures;

/// What to prepare.
pub struct Preparation {
    /// Folders with pictures, searched with their subfolders.
    pub photos: Vec<PathBuf>,
    /// Folders with comic pictures for methods that need no pairs, searched with their subfolders.
    pub comics: Vec<PathBuf>,
    /// Folders with clips, searched with their subfolders.
    pub clips: Vec<PathBuf>,
    /// If given, only files whose path ends with a line of this file are used.
    pub only: Option<PathBuf>,
    /// Where the prepared data goes. What is there already is not computed again.
    pub out: PathBuf,
    /// At most this many photos and this many comic pictures, drawn by the seed.
    pub limit: Option<usize>,
    /// Frames taken from each clip.
    pub frames_per_clip: usize,
    /// Sequences of frames taken from each clip that is trained on.
    pub clip_sequences: usize,
    /// Sizes at which each picture and frame is prepared.
    pub sizes: usize,
    /// At least this many photos and frames are kept out of training.
    pub held_out: usize,
    /// Decides on sizes, on the held-out part and on what a limit leaves.
    pub seed: u64,
}

/// Shorter sides below this show nothing that a look could draw.
const SMALLEST_SIDE: u32 = 32;
/// With fewer pictures to train on, a network learns them by heart.
const FEW: usize = 100;

/// What became of the files.
#[derive(Debug, Default)]
pub struct Report {
    /// Prepared photos and frames to train on, and held out.
    pub photos: [usize; 2],
    /// Prepared comic pictures to train on, and held out.
    pub comics: [usize; 2],
    /// Prepared sequences of frames to train on.
    pub sequences: usize,
    /// How many of all these were computed now.
    pub computed: usize,
    /// Files that cannot be used, and why.
    pub skipped: Vec<String>,
    /// Near-duplicates that were left out, and of what.
    pub left_out: Vec<String>,
    /// Prepared pictures of earlier runs that were put aside.
    pub unused: usize,
}

/// Computes the layers of every look for photos and clip frames and stores them in `out/train` and `out/held-out`, comic
/// pictures, which have no layers, in `out/comics`, sequences of frames in `out/sequences`. Files that cannot be used and near-duplicates are left out and named on
/// standard error. A second run computes what is new.
pub fn prepare(preparation: &Preparation) -> Result<Report> {
    let found = gather(preparation)?;
    let (contents, mut skipped) =
        read_all("reading files", found, |found| Ok((found.clone(), Content::of(&found.path)?)));
    let (photos, comics) = contents.into_iter().partition(|(found, _)| found.domain == Domain::Photos);
    let mut left_out = Vec::new();
    let mut domain = |files: Vec<(Found, Content)>| {
        let files = limited(files, preparation.limit, preparation.seed);
        let (sources, failures) =
            read_all("comparing pictures", files, |(found, content)| preparation.source(found, *content));
        skipped.extend(failures);
        let (sources, repeated) = distinct(sources);
        repeated.iter().for_each(|line| eprintln!("left out: {line}"));
        left_out.extend(repeated);
        sources
    };
    let (photos, comics) = (domain(photos), domain(comics));
    let mut splits_of_all = splits(&photos, preparation.held_out, preparation.seed);
    // Comic pictures are few as a rule, and held out only to compare with.
    splits_of_all.extend(splits(&comics, preparation.held_out.min(comics.len() / 10), preparation.seed));
    check_amounts(&photos, &splits_of_all, preparation)?;

    let store = Store::open(&preparation.out)?;
    let job = Job::new(preparation, &store)?;
    let sources: Vec<(&Source, Split)> = photos.iter().chain(&comics).zip(splits_of_all).collect();
    let bar = progress_bar("preparing", sources.len());
    let prepared: Vec<Vec<Prepared>> = sources
        .par_iter()
        .map(|(source, split)| job.prepare(source, *split).inspect(|_| bar.inc(1)))
        .collect::<Result<_>>()?;
    bar.finish_and_clear();

    let prepared: Vec<Prepared> = prepared.into_iter().flatten().collect();
    let count = |domain, split| prepared.iter().filter(|one| one.domain == domain && one.split == split).count();
    let both = |domain| [count(domain, Split::Train), count(domain, Split::HeldOut)];
    let (photos, comics) = (both(Domain::Photos), both(Domain::Comics));
    let sequences = count(Domain::Sequences, Split::Train);
    let computed = prepared.iter().filter(|one| one.is_new).count();
    let unused = store.finish(&prepared.into_iter().map(|one| one.name).collect())?;
    Ok(Report { photos, comics, sequences, computed, skipped, left_out, unused })
}

/// Applies `read` to all files; those that fail are named on standard error and in the second list.
fn read_all<T, R>(what: &'static str, files: Vec<T>, read: impl Fn(&T) -> Result<R> + Sync) -> (Vec<R>, Vec<String>)
where
    T: Send + Sync,
    R: Send,
{
    let bar = progress_bar(what, files.len());
    let read_one = |file: &T| {
        let result = read(file);
        bar.inc(1);
        result
    };
    let results: Vec<Result<R>> = files.par_iter().map(read_one).collect();
    bar.finish_and_clear();
    let mut skipped = Vec::new();
    let usable =
        results.into_iter().filter_map(|result| result.map_err(|error| skipped.push(format!("{error:#}"))).ok());
    let usable = usable.collect();
    skipped.iter().for_each(|line| eprintln!("skipped: {line}"));
    (usable, skipped)
}

/// Says how many pictures are needed if there are too few.
fn check_amounts(photos: &[Source], splits: &[Split], preparation: &Preparation) -> Result<()> {
    let frames = |split| -> usize {
        photos.iter().zip(splits).filter(|(_, is)| **is == split).map(|(source, _)| source.fingerprints.len()).sum()
    };
    let (train, held_out) = (frames(Split::Train), frames(Split::HeldOut));
    let all = train + held_out;
    ensure!(
        train > 0,
        "{all} usable pictures were found and {held_out} of them are held out, which leaves none to train on: give more \
         than --held-out {} pictures, better some hundreds, or lower --held-out",
        preparation.held_out
    );
    ensure!(held_out > 0, "no pictures are held out to measure with: --held-out must be at least 1");
    if train < FEW {
        eprintln!(
            "{train} pictures to train on are few: from {FEW} on, better some hundreds, a network learns more than these"
        );
    }
    Ok(())
}

impl Preparation {
    /// Reads a file once, to see whether it can be used and what it shows.
    fn source(&self, found: &Found, content: Content) -> Result<Source> {
        let frames = self.frames(found)?;
        let content = match &found.partner {
            None => content,
            Some(partner) => {
                check_whole(partner)?;
                usable(&pictures::read(partner)?, partner)?;
                content.with(&Content::of(partner)?)
            }
        };
        let (width, height) = frames[0].dimensions();
        let fingerprints = frames.iter().map(Fingerprint::of).collect();
        let sequences = self.sequences(found)?.len();
        let pixels = u64::from(width) * u64::from(height);
        Ok(Source { found: found.clone(), content, fingerprints, sequences, pixels })
    }

    /// The frames of a file, one or more; a picture is one.
    pub(super) fn frames(&self, found: &Found) -> Result<Vec<RgbImage>> {
        let frames = match found.is_clip {
            true => read_frames(&found.path, self.frames_per_clip)?,
            false => {
                check_whole(&found.path)?;
                vec![pictures::read(&found.path)?]
            }
        };
        usable(&frames[0], &found.path)?;
        Ok(frames)
    }

    /// The sequences of a file, if it is a clip and such are wanted; a short one has fewer.
    pub(super) fn sequences(&self, found: &Found) -> Result<Vec<Vec<RgbImage>>> {
        if !found.is_clip || self.clip_sequences == 0 {
            return Ok(Vec::new());
        }
        read_sequences(&found.path, self.clip_sequences, LENGTH)
    }
}

fn usable(picture: &RgbImage, path: &Path) -> Result<()> {
    let (width, height) = picture.dimensions();
    let side = SMALLEST_SIDE;
    ensure!(width.min(height) >= side, "{} has {width}x{height} pixels, {side}x{side} are needed", path.display());
    Ok(())
}

fn progress_bar(what: &'static str, length: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len}, {eta} left").expect("the template is valid");
    ProgressBar::new(length as u64).with_style(style).with_message(what)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { photos: [train, held_out], comics, sequences, computed, skipped, left_out, unused } = self;
        write!(f, "{train} pictures to train on and {held_out} held out")?;
        if comics[0] + comics[1] > 0 {
            write!(f, ", {} comic pictures and {} held out", comics[0], comics[1])?;
        }
        if *sequences > 0 {
            write!(f, ", {sequences} sequences of clips")?;
        }
        write!(
            f,
            "; {computed} computed now, {} files skipped, {} near-duplicates left out",
            skipped.len(),
            left_out.len()
        )?;
        if *unused > 0 {
            write!(f, "; {unused} prepared before are not used any more and were moved to the folder unused")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
