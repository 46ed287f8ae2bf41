use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// One file to make from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What is read.
    pub input: PathBuf,
    /// What is written.
    pub output: PathBuf,
}

/// What a subcommand reads and writes.
pub struct Kind {
    /// What the inputs are called in sentences: `videos`, `pictures`.
    pub name: &'static str,
    /// Extensions that are looked for in folders, in lower case.
    pub extensions: &'static [&'static str],
    /// Extensions that can be written, in lower case. The first one stands in for inputs with another extension.
    pub writable: &'static [&'static str],
}

/// Which file is made from which. Folders stand for the files of `kind` in them, sorted by name; `output` is a file for
/// one input, else a folder; without it, results lie beside their inputs as `<stem>.comic.<ext>`.
///
/// Nothing is written here, but everything that would go wrong with names is refused: inputs that do not exist, two
/// inputs for one output, an output that is its input, and outputs that exist, unless `force` is given.
pub fn plan(inputs: &[PathBuf], output: Option<&Path>, kind: &Kind, force: bool) -> Result<Vec<Job>, Failure> {
    let files = collect(inputs, kind)?;
    let several = files.len() > 1 || inputs.iter().any(|input| input.is_dir());
    let jobs = match output {
        Some(output) if several || output.is_dir() || output.to_string_lossy().ends_with('/') => {
            if output.exists() && !output.is_dir() {
                return Err(Failure::Output(format!(
                    "{} is a file, but several inputs need a folder to go to",
                    output.display()
                )));
            }
            tell_apart(into_folder(files, output, kind))
        }
        Some(output) => {
            check_extension(output, kind)?;
            vec![Job { input: files[0].clone(), output: output.to_path_buf() }]
        }
        None => tell_apart(beside(files, kind)),
    };
    check(&jobs, force)?;
    Ok(jobs)
}

fn collect(inputs: &[PathBuf], kind: &Kind) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for input in inputs {
        let unreadable = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Failure::Input(format!("{} does not exist; check the path", input.display()))
            }
            _ => Failure::Input(format!("cannot read {}: {error}", input.display())),
        };
        if !std::fs::metadata(input).map_err(unreadable)?.is_dir() {
            files.push(input.clone());
            continue;
        }
        let mut found = Vec::new();
        for entry in std::fs::read_dir(input).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_file() && kind.extensions.contains(&extension(&path).as_str()) && !is_result(&path) {
                found.push(path);
            }
        }
        if found.is_empty() {
            return Err(Failure::Input(format!(
                "the folder {} has no {} (files ending in {})",
                input.display(),
                kind.name,
                kind.extensions.join(", ")
            )));
        }
        found.sort();
        files.append(&mut found);
    }
    Ok(files)
}

/// Results of an earlier run are no inputs of a later one.
fn is_result(path: &Path) -> bool {
    path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with(".comic"))
        || path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn into_folder(files: Vec<PathBuf>, folder: &Path, kind: &Kind) -> Vec<Job> {
    files.into_iter().map(|input| Job { output: folder.join(comic_name(&input, kind)), input }).collect()
}

fn beside(files: Vec<PathBuf>, kind: &Kind) -> Vec<Job> {
    files.into_iter().map(|input| Job { output: input.with_file_name(comic_name(&input, kind)), input }).collect()
}

/// Inputs that differ in their extension only keep it in the names of their outputs: `a.avi.comic.mp4`.
fn tell_apart(jobs: Vec<Job>) -> Vec<Job> {
    let clashes = |job: &Job| jobs.iter().filter(|other| other.output == job.output).count() > 1;
    let name = |job: &Job| {
        let input = job.input.file_name().unwrap_or_default().to_string_lossy();
        format!("{input}.comic.{}", extension(&job.output))
    };
    jobs.iter()
        .map(|job| match clashes(job) {
            true => Job { input: job.input.clone(), output: job.output.with_file_name(name(job)) },
            false => Job { input: job.input.clone(), output: job.output.clone() },
        })
        .collect()
}

fn comic_name(input: &Path, kind: &Kind) -> String {
    let stem = input.file_stem().unwrap_or_default().to_string_lossy();
    let own = extension(input);
    let extension = if kind.writable.contains(&own.as_str()) { own.as_str() } else { kind.writable[0] };
    format!("{stem}.comic.{extension}")
}

fn check_extension(output: &Path, kind: &Kind) -> Result<(), Failure> {
    if kind.writable.contains(&extension(output).as_str()) {
        return Ok(());
    }
    Err(Failure::Output(format!(
        "the name {} does not say a format that can be written; let it end in .{}, or in / for a folder",
        output.display(),
        kind.writable.join(", .")
    )))
}

fn check(jobs: &[Job], force: bool) -> Result<(), Failure> {
    for (index, Job { input, output }) in jobs.iter().enumerate() {
        if let Some(other) = jobs[..index].iter().find(|earlier| earlier.output == *output) {
            return Err(Failure::Output(format!(
                "{} and {} would both become {}; convert them into different folders",
                other.input.display(),
                input.display(),
                output.display()
            )));
        }
        if jobs.iter().any(|job| is_same_file(&job.input, output)) {
            return Err(Failure::Output(format!(
                "{} is an input and cannot be the output too; choose another name",
                output.display()
            )));
        }
        if output.is_dir() {
            return Err(Failure::Output(format!("{} is a folder", output.display())));
        }
        if output.exists() && !force {
            return Err(Failure::Output(format!("{} exists already; --force overwrites it", output.display())));
        }
    }
    Ok(())
}

fn is_same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

/// The extension of `path` in lower case, empty if there is none.
pub fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIDEOS: Kind = Kind { name: "videos", extensions: &["mp4", "avi"], writable: &["mp4", "mkv"] };

    fn folder(name: &str, files: &[&str]) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("inkcast-outputs-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for file in files {
            std::fs::write(folder.join(file), b"x").unwrap();
        }
        folder
    }

    fn message(result: Result<Vec<Job>, Failure>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn one_input_lies_beside_its_result() {
        let folder = folder("beside", &["a.mp4", "b.avi"]);
        for (input, output) in [("a.mp4", "a.comic.mp4"), ("b.avi", "b.comic.mp4")] {
            let jobs = plan(&[folder.join(input)], None, &VIDEOS, false).unwrap();
            assert_eq!(jobs, [Job { input: folder.join(input), output: folder.join(output) }]);
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn folders_are_read_in_order_and_without_earlier_results() {
        let folder = folder("sorted", &["b.MP4", "a.avi", "a.comic.mp4", "notes.txt", ".hidden.mp4"]);
        let jobs = plan(std::slice::from_ref(&folder), Some(&folder.join("out")), &VIDEOS, false).unwrap();
        let outputs: Vec<_> = jobs.into_iter().map(|job| job.output).collect();
        assert_eq!(outputs, [folder.join("out/a.comic.mp4"), folder.join("out/b.comic.mp4")]);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn inputs_that_differ_in_their_extension_keep_it() {
        let folder = folder("apart", &["a.avi", "a.mp4", "b.avi"]);
        let jobs = plan(std::slice::from_ref(&folder), Some(&folder.join("out")), &VIDEOS, false).unwrap();
        let outputs: Vec<_> = jobs.into_iter().map(|job| job.output).collect();
        let names = ["a.avi.comic.mp4", "a.mp4.comic.mp4", "b.comic.mp4"];
        assert_eq!(outputs, names.map(|name| folder.join("out").join(name)));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn names_that_would_lose_something_are_refused() {
        let folder = folder("refused", &["a.mp4", "a.avi", "b.mp4"]);
        let (a, b) = (folder.join("a.mp4"), folder.join("b.mp4"));
        let one = std::slice::from_ref(&a);
        assert!(message(plan(one, Some(&b), &VIDEOS, false)).contains("--force"));
        assert!(plan(one, Some(&b), &VIDEOS, true).is_ok());
        assert!(message(plan(one, Some(&a), &VIDEOS, true)).contains("is an input"));
        assert!(message(plan(one, Some(&folder.join("a.gif")), &VIDEOS, true)).contains(".mp4, .mkv"));
        let twice = [a.clone(), a.clone()];
        assert!(message(plan(&twice, None, &VIDEOS, false)).contains("both become"));
        assert!(
            message(plan(&[a.clone(), b.clone()], Some(&folder.join("a.avi")), &VIDEOS, true)).contains("is a file")
        );
        assert!(message(plan(&[folder.join("c.mp4")], None, &VIDEOS, false)).contains("c.mp4 does not exist"));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_folder_without_videos_is_named() {
        let folder = folder("empty", &["notes.txt"]);
        assert!(message(plan(std::slice::from_ref(&folder), None, &VIDEOS, false)).contains("has no videos"));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
