use std::cmp::Reverse;

use super::cache::Split;
use super::fingerprint::Fingerprint;
use super::gather::Found;
use super::identity::Content;

/// Share of the pictures that is held out, if that is more than what was asked for.
const SHARE: f64 = 0.05;

/// A file that can be read.
pub(super) struct Source {
    pub found: Found,
    pub content: Content,
    /// One for each frame.
    pub fingerprints: Vec<Fingerprint>,
    /// Sequences of frames that can be taken from it.
    pub sequences: usize,
    /// Width times height.
    pub pixels: u64,
}

/// The pictures that a limit leaves: always the same ones, whatever else comes or goes, but for the last. Clips are not
/// limited.
pub(super) fn limited(files: Vec<(Found, Content)>, limit: Option<usize>, seed: u64) -> Vec<(Found, Content)> {
    let Some(limit) = limit else { return files };
    let (clips, mut pictures): (Vec<_>, Vec<_>) = files.into_iter().partition(|(found, _)| found.is_clip);
    pictures.sort_by_key(|(_, content)| content.draw("limit", seed));
    pictures.truncate(limit);
    pictures.into_iter().chain(clips).collect()
}

/// Leaves one of pictures that are nearly the same and says, for each other, which one stays: of two, the one in a given
/// `test` folder, so that what is measured on stays, then the one with more frames, then the larger. A clip goes if half of its
/// frames have a twin in another. Frames of one clip are not compared.
pub(super) fn distinct(mut sources: Vec<Source>) -> (Vec<Source>, Vec<String>) {
    sources.sort_by_key(|source| {
        let given = source.found.given == Some(Split::HeldOut);
        (Reverse((given, source.fingerprints.len(), source.pixels)), source.content)
    });
    let mut kept: Vec<Source> = Vec::new();
    let mut left_out = Vec::new();
    for source in sources {
        match kept.iter().find(|other| source.repeats(other)) {
            Some(other) => {
                let how = if source.content == other.content { "a copy of" } else { "nearly the same as" };
                left_out.push(format!("{} is {how} {}", source.found.path.display(), other.found.path.display()));
            }
            None => kept.push(source),
        }
    }
    (kept, left_out)
}

impl Source {
    fn repeats(&self, other: &Source) -> bool {
        let has_twin =
            |print: &&Fingerprint| other.fingerprints.iter().any(|twin| print.is_twin_of(twin, self.found.domain));
        2 * self.fingerprints.iter().filter(has_twin).count() >= self.fingerprints.len()
    }
}

/// Says to which part each of these belongs. Those in given `test` folders are held out, and then those in `train` folders
/// are trained on. Of the others, content and seed draw one in twenty, and more as long as fewer than `least` pictures are
/// held out. So a picture that was trained on is never held out later because others were added. A clip goes as a whole:
/// its frames are too much alike.
pub(super) fn splits(sources: &[Source], least: usize, seed: u64) -> Vec<Split> {
    let has_test = sources.iter().any(|source| source.found.given == Some(Split::HeldOut));
    let given = |source: &Source| source.found.given.filter(|_| has_test);
    let mut splits: Vec<Split> = sources.iter().map(|source| given(source).unwrap_or(Split::Train)).collect();
    let frames = |index: usize| sources[index].fingerprints.len();
    let mut held_out: usize = (0..sources.len()).filter(|&index| splits[index] == Split::HeldOut).map(frames).sum();
    let mut drawn: Vec<(u64, usize)> = (0..sources.len())
        .filter(|&index| given(&sources[index]).is_none())
        .map(|index| (sources[index].content.draw("held out", seed), index))
        .collect();
    drawn.sort_unstable();
    for (number, index) in drawn {
        if number as f64 / u64::MAX as f64 >= SHARE && held_out >= least {
            break;
        }
        splits[index] = Split::HeldOut;
        held_out += frames(index);
    }
    splits
}
