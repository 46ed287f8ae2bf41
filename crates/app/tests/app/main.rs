//! The program `inkcast` on real files, which GStreamer makes on the spot.

mod bad_input;
mod bench;
mod compare;
mod convert;
mod image;
mod live;
mod media;
mod other;

use std::path::Path;
use std::process::{Command, Output};

/// The program with `arguments`, ready to run.
fn inkcast(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_inkcast"));
    command.args(arguments);
    command
}

/// Runs the program, which must succeed, and gives what it said on standard error.
fn succeed(arguments: &[&str]) -> String {
    let output = inkcast(arguments).output().unwrap();
    let said = stderr(&output);
    assert!(output.status.success(), "inkcast {arguments:?}: {:?}\n{said}", output.status);
    said
}

/// Runs the program, which must end with `code`, and gives what it said on standard error.
fn fail(code: i32, arguments: &[&str]) -> String {
    let output = inkcast(arguments).output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "inkcast {arguments:?}:\n{said}");
    assert!(!said.contains("panicked"), "{said}");
    said
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Names of the files in `folder`, sorted.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// `name` in `folder` as an argument.
fn at(folder: &tempfile::TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_string()
}
