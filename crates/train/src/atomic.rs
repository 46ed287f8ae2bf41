//! Files that are there whole or not at all.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Ending of files that are being written.
const PARTIAL: &str = ".partial";

/// Writes a file in one go: whatever happens, `path` holds what was there before or all of `bytes`, also after a power
/// cut. Until then they are in a file beside it whose name ends in ".partial".
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = partial(path);
    if let Err(error) = write_through(&partial, bytes) {
        // Gives a full disk its room back; if that fails too, the error to tell of is the first.
        let _ = std::fs::remove_file(&partial);
        return Err(error).with_context(|| format!("cannot write {}", partial.display()));
    }
    rename(&partial, path)
}

/// Lets `link` name the same content as `path`, in one go. Where the file system has no hard links it is a copy.
pub fn link(path: &Path, link: &Path) -> Result<()> {
    let partial = partial(link);
    remove(&partial)?;
    if std::fs::hard_link(path, &partial).is_err() {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        return write(link, &bytes);
    }
    rename(&partial, link)?;
    // Renaming does nothing if both names are of one file already.
    remove(&partial)
}

/// Deletes what writes that were broken off have left in a folder, if there is such a folder.
pub fn clear(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    let fail = || format!("cannot read the folder {}", folder.display());
    for entry in std::fs::read_dir(folder).with_context(fail)? {
        let entry = entry.with_context(fail)?;
        let is_partial = entry.file_name().to_string_lossy().ends_with(PARTIAL);
        if is_partial && entry.file_type().with_context(fail)?.is_file() {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// Deletes a file if it is there.
fn remove(path: &Path) -> Result<()> {
    if path.exists() {
        std::fs::remove_file(path).with_context(|| format!("cannot delete {}", path.display()))?;
    }
    Ok(())
}

fn write_through(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn rename(partial: &Path, path: &Path) -> Result<()> {
    let fail = || format!("cannot write {}", path.display());
    std::fs::rename(partial, path).with_context(fail)?;
    // The new name is on the disk when the folder is.
    #[cfg(unix)]
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder).and_then(|folder| folder.sync_all()).with_context(fail)?;
    }
    Ok(())
}

fn partial(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(PARTIAL);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        for bytes in [&b"first"[..], b"2"] {
            write(&path, bytes).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), bytes);
        }
        link(&path, &folder.path().join("b")).unwrap();
        write(&path, b"third").unwrap();
        link(&path, &folder.path().join("c")).unwrap();
        link(&path, &folder.path().join("c")).unwrap();
        assert_eq!(std::fs::read(folder.path().join("b")).unwrap(), b"2");
        assert_eq!(std::fs::read(folder.path().join("c")).unwrap(), b"third");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn what_was_broken_off_is_cleared_away() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "a.partial", "b.partial", "partial"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        std::fs::create_dir(folder.path().join("c.partial")).unwrap();
        clear(folder.path()).unwrap();
        clear(&folder.path().join("nowhere")).unwrap();
        let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.collect();
        names.sort();
        assert_eq!(names, ["a", "c.partial", "partial"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_leaves_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, b"first").unwrap();
        std::os::unix::fs::symlink("/dev/full", folder.path().join("a.partial")).unwrap();
        let error = format!("{:#}", write(&path, b"second").unwrap_err());
        assert!(error.contains("a.partial") && error.contains("No space left"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
    }
}
