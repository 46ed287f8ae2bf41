use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::cache::{Domain, Split};

/// Ending of prepared pictures.
const ENDING: &str = "safetensors";
/// Ending of what is being written.
const PARTIAL: &str = "partial";
/// A file that is there while data are prepared, and still if that was interrupted.
const UNFINISHED: &str = "unfinished";
/// Where prepared pictures go that are no longer used. They come back if they are wanted again.
const UNUSED: &str = "unused";

const PARTS: [(Domain, Split); 5] = [
    (Domain::Photos, Split::Train),
    (Domain::Photos, Split::HeldOut),
    (Domain::Comics, Split::Train),
    (Domain::Comics, Split::HeldOut),
    (Domain::Sequences, Split::Train),
];

/// Whether a folder is one that `prepare` made.
pub fn is_prepared(data: &Path) -> bool {
    folder(data, Domain::Photos, Split::HeldOut).is_dir()
}

/// The folder of prepared data while it is filled.
pub(super) struct Store {
    out: PathBuf,
    /// Prepared pictures of earlier runs, by name.
    existing: HashMap<String, PathBuf>,
}

impl Store {
    /// Makes the folders, or takes up what earlier runs have left in them.
    pub fn open(out: &Path) -> Result<Self> {
        let mut existing = HashMap::new();
        let folders = PARTS.map(|(domain, split)| folder(out, domain, split));
        for folder in folders.iter().chain([&out.join(UNUSED)]) {
            if folder.exists() {
                for path in files(folder, PARTIAL)? {
                    fs::remove_file(&path).with_context(|| format!("cannot delete {}", path.display()))?;
                }
                existing.extend(files(folder, ENDING)?.into_iter().map(|path| (name(&path), path)));
            }
        }
        for folder in &folders {
            fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        write_whole(&out.join(UNFINISHED), b"inkcast-train prepare was interrupted; run it again\n")?;
        Ok(Store { out: out.to_path_buf(), existing })
    }

    /// The folder of one part.
    pub fn folder(&self, domain: Domain, split: Split) -> PathBuf {
        folder(&self.out, domain, split)
    }

    /// Whether a picture was prepared before; if so, it is moved to where it belongs now.
    pub fn has(&self, name: &str, domain: Domain, split: Split) -> Result<bool> {
        let Some(path) = self.existing.get(name) else { return Ok(false) };
        let place = self.folder(domain, split).join(format!("{name}.{ENDING}"));
        if *path != place {
            rename(path, &place)?;
        }
        Ok(true)
    }

    /// Moves the pictures of earlier runs that are not among `used` out of the way, says how many there were, and calls
    /// the data finished.
    pub fn finish(self, used: &HashSet<String>) -> Result<usize> {
        let mut moved = 0;
        let unused = self.out.join(UNUSED);
        for (name, path) in
            self.existing.iter().filter(|(name, path)| !used.contains(*name) && !path.starts_with(&unused))
        {
            fs::create_dir_all(&unused).with_context(|| format!("cannot make the folder {}", unused.display()))?;
            rename(path, &unused.join(format!("{name}.{ENDING}")))?;
            moved += 1;
        }
        let marker = self.out.join(UNFINISHED);
        fs::remove_file(&marker).with_context(|| format!("cannot delete {}", marker.display()))?;
        Ok(moved)
    }
}

/// Refuses data whose preparation was interrupted.
pub(super) fn check_finished(data: &Path) -> Result<()> {
    let is_finished = !data.join(UNFINISHED).exists();
    ensure!(is_finished, "{} is not finished: run the same inkcast-train prepare again", data.display());
    Ok(())
}

/// The folder of one part of the data in `out`.
pub(super) fn folder(out: &Path, domain: Domain, split: Split) -> PathBuf {
    match domain {
        Domain::Photos => out.join(split.folder()),
        Domain::Comics => out.join("comics").join(split.folder()),
        Domain::Sequences => out.join("sequences").join(split.folder()),
    }
}

/// The prepared pictures in a folder, sorted by name.
pub(super) fn prepared_files(folder: &Path) -> Result<Vec<PathBuf>> {
    files(folder, ENDING)
}

fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let mut paths: Vec<PathBuf> = entries.with_context(|| format!("cannot read the folder {}", folder.display()))?;
    paths.retain(|path| path.extension().is_some_and(|is| is == ending));
    paths.sort();
    Ok(paths)
}

/// The name of a prepared picture.
pub(super) fn name(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).with_context(|| format!("cannot move {} to {}", from.display(), to.display()))
}

/// Writes a file in one go: whatever happens, `path` holds all of it or does not change.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = path.with_extension(PARTIAL);
    let write = || -> std::io::Result<()> {
        let mut file = File::create(&partial)?;
        file.write_all(bytes)?;
        // Or a rename could outlive a power cut that the content does not.
        file.sync_data()?;
        fs::rename(&partial, path)
    };
    write().map_err(|error| {
        // What is left of it is of no use; if it cannot be deleted either, the next run does.
        let _ = fs::remove_file(&partial);
        let is_full = matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
        let advice =
            if is_full { ": the disk is full; make room and run the same command again, it goes on here" } else { "" };
        anyhow::Error::new(error).context(format!("cannot write {}{advice}", path.display()))
    })
}
