use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Endings of the pictures that are read.
pub(super) const PICTURES: [&str; 4] = ["jpg", "jpeg", "png", "webp"];
/// Endings of the clips that are read.
pub(super) const CLIPS: [&str; 6] = ["mp4", "mkv", "webm", "mov", "avi", "ogv"];

/// Every picture below a folder, sorted by name.
pub fn find_pictures(folder: &Path) -> Result<Vec<PathBuf>> {
    find_files(&[folder.to_path_buf()], &PICTURES, None)
}

/// Every file below `folders` with one of `endings` that `only` allows, sorted so that the seed decides the same everywhere.
pub(super) fn find_files(
    folders: &[PathBuf],
    endings: &[&str],
    only: Option<&HashSet<PathBuf>>,
) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting: Vec<PathBuf> = folders.to_vec();
    // Links may lead in circles.
    let mut seen = HashSet::new();
    while let Some(folder) = waiting.pop() {
        let fail = || format!("cannot read the folder {}", folder.display());
        if !seen.insert(folder.canonicalize().with_context(fail)?) {
            continue;
        }
        for entry in std::fs::read_dir(&folder).with_context(fail)? {
            let path = entry.with_context(fail)?.path();
            let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
            if path.is_dir() {
                waiting.push(path);
            } else if endings.contains(&ending.as_str()) && only.is_none_or(|only| is_listed(&path, only)) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether the last parts of `path`, one or more, are a line of the list.
fn is_listed(path: &Path, list: &HashSet<PathBuf>) -> bool {
    let parts: Vec<_> = path.components().collect();
    (0..parts.len()).any(|start| list.contains(&parts[start..].iter().collect::<PathBuf>()))
}
