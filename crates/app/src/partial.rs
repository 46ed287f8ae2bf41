use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// A file in the making. It has a temporary name in the folder of its final one, and is removed unless it is committed.
pub struct Partial {
    target: PathBuf,
    path: PathBuf,
    scratch: PathBuf,
}

impl Partial {
    /// Makes the empty temporary file for `target`, so that a folder that cannot be written to shows before any work.
    pub fn create(target: &Path) -> Result<Self, Failure> {
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        if !folder.is_dir() {
            return Err(Failure::Output(format!(
                "cannot write {}: there is no folder {}; make it first",
                target.display(),
                folder.display()
            )));
        }
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let temporary = |kind: &str| folder.join(format!(".{name}.{}.{kind}", std::process::id()));
        let partial = Partial { target: target.to_path_buf(), path: temporary("part"), scratch: temporary("scratch") };
        match fs::File::create(&partial.path) {
            Ok(_) => Ok(partial),
            Err(error) => Err(Failure::Output(format!("cannot write {}: {error}", target.display()))),
        }
    }

    /// Where to write.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A second file that whoever writes may use on the way; it is always removed.
    pub fn scratch(&self) -> &Path {
        &self.scratch
    }

    /// Writes the whole file at once.
    pub fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        fs::File::create(&self.path)
            .and_then(|mut file| file.write_all(bytes))
            .map_err(|error| Failure::Output(format!("cannot write {}: {error}", self.target.display())))
    }

    /// The file is whole: gives it its final name.
    pub fn commit(self) -> Result<(), Failure> {
        fs::rename(&self.path, &self.target)
            .map_err(|error| Failure::Output(format!("cannot write {}: {error}", self.target.display())))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After a commit neither exists, and a file that cannot be removed cannot be helped.
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_file(&self.scratch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_committed_file_stays() {
        let folder = std::env::temp_dir().join(format!("inkcast-partial-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let names = || fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();

        let dropped = Partial::create(&folder.join("a.mp4")).unwrap();
        dropped.write(b"half").unwrap();
        fs::write(dropped.scratch(), b"scratch").unwrap();
        assert_eq!(names().len(), 2);
        drop(dropped);
        assert!(names().is_empty());

        let whole = Partial::create(&folder.join("a.mp4")).unwrap();
        whole.write(b"whole").unwrap();
        whole.commit().unwrap();
        assert_eq!(names(), ["a.mp4"]);
        assert_eq!(fs::read(folder.join("a.mp4")).unwrap(), b"whole");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = Partial::create(Path::new("/nowhere/to/be/found/a.mp4")).err().unwrap();
        assert!(matches!(&error, Failure::Output(text) if text.contains("/nowhere/to/be/found")), "{error}");
    }
}
