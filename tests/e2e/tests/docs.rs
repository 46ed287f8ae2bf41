//! Documents against the tree: what they name has to be there. Checked are links, paths in code spans, the subcommands
//! and options of command lines, and the README's tables of properties and styles.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use gstreamer as gst;
use gstreamer::prelude::*;
use inkcast_generator::Package;

/// Folders that paths in documents start with.
const FOLDERS: [&str; 9] =
    [".ci/", "assets/", "crates/", "docs/", "models/", "pipelines/", "scripts/", "tests/", "Cargo.toml"];
const PROGRAMS: [&str; 2] = ["inkcast", "inkcast-train"];

#[test]
fn links_lead_to_files() {
    for document in documents() {
        for target in between(&document.prose(), "](", ")") {
            let path = target.split('#').next().unwrap_or_default();
            if !path.is_empty() && !path.contains("://") {
                let file = document.path.parent().unwrap().join(path);
                assert!(file.exists(), "{}: the link to {target} leads nowhere", document.name());
            }
        }
    }
}

#[test]
fn paths_exist() {
    for document in documents() {
        for span in between(&document.prose(), "`", "`") {
            let is_example = span.contains(['*', '<', '{', ' ']);
            if FOLDERS.iter().any(|folder| span.starts_with(folder)) && !is_example {
                assert!(root().join(&span).exists(), "{}: there is no {span}", document.name());
            }
        }
    }
}

#[test]
fn commands_are_understood() {
    for document in documents() {
        for command in document.commands() {
            let (program, arguments) = (&command[0], &command[1..]);
            let Some(subcommand) = arguments.first().filter(|word| !word.starts_with('-') && *word != "help") else {
                continue;
            };
            let help = help(program, subcommand)
                .unwrap_or_else(|| panic!("{}: {program} has no subcommand {subcommand}", document.name()));
            for option in arguments.iter().filter(|word| word.starts_with('-')) {
                let option = option.split('=').next().unwrap_or_default();
                let is_known = help.split([' ', ',', '\n', '[', ']', '=']).any(|word| word == option);
                assert!(is_known, "{}: {program} {subcommand} has no option {option}", document.name());
            }
        }
    }
}

#[test]
fn the_readme_has_every_property() {
    gst::init().unwrap();
    gstinkcast::plugin_register_static().unwrap();
    let element = gst::ElementFactory::make("comicstyle").build().unwrap();
    let owned = element.list_properties();
    let owned = owned.iter().filter(|property| property.owner_type() == element.type_());
    let properties = owned.map(|property| property.name().to_string()).collect();
    assert_eq!(first_column("| property |"), properties);
}

#[test]
fn the_readme_has_every_style() {
    let package = Package::embedded().unwrap();
    let styles = package.manifest().styles.iter().map(|style| style.name.clone()).collect();
    assert_eq!(first_column("| style |"), styles);
}

struct Document {
    path: PathBuf,
    text: String,
}

impl Document {
    fn name(&self) -> String {
        self.path.strip_prefix(root()).unwrap().display().to_string()
    }

    /// The text without code blocks.
    fn prose(&self) -> String {
        self.text.split("```").step_by(2).collect()
    }

    /// Command lines in code blocks that call one of the programs, as words. `scripts/run` stands for `inkcast`.
    fn commands(&self) -> Vec<Vec<String>> {
        let blocks: Vec<String> =
            self.text.split("```").skip(1).step_by(2).map(|block| block.replace("\\\n", " ")).collect();
        let lines = blocks.iter().flat_map(|block| block.lines());
        let commands = lines.map(|line| line.split(" #").next().unwrap_or_default().split_whitespace());
        let commands = commands.filter_map(|mut words| {
            let first = words.next()?;
            let program = if first == "scripts/run" { "inkcast" } else { first.rsplit('/').next()? };
            let arguments = words.take_while(|word| !["|", "&&", ";", ">"].contains(word)).map(String::from);
            PROGRAMS.contains(&program).then(|| std::iter::once(program.to_string()).chain(arguments).collect())
        });
        commands.collect()
    }
}

/// Every Markdown file at the top and in the folders that have some.
fn documents() -> Vec<Document> {
    let mut folders = vec![root(), root().join("assets"), root().join("docs"), root().join("pipelines")];
    folders.extend(std::fs::read_dir(root().join("models")).unwrap().map(|entry| entry.unwrap().path()));
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let documents: Vec<Document> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| Document { text: std::fs::read_to_string(&path).unwrap(), path })
        .collect();
    assert!(documents.len() > 4, "README, ARCHITECTURE, CONTRIBUTING, CHANGELOG and docs");
    documents
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// What stands between `open` and `close`, wherever that is.
fn between(text: &str, open: &str, close: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(open)
        && let Some((inner, after)) = after.split_once(close)
    {
        found.push(inner.to_string());
        rest = after;
    }
    found
}

/// The names in the first column of the README's table whose head starts with `head`; several may share a cell.
fn first_column(head: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let rows = text.lines().skip_while(|line| !line.starts_with(head)).skip(2).take_while(|line| line.starts_with('|'));
    rows.flat_map(|row| between(row.split('|').nth(1).unwrap_or_default(), "`", "`")).collect()
}

/// What `program subcommand --help` prints, if there is such a subcommand. Programs lie beside the tests' folder.
fn help(program: &str, subcommand: &str) -> Option<String> {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().and_then(Path::parent).unwrap().join(program);
    assert!(path.exists(), "{} is missing: build it first, `cargo build --release --workspace`", path.display());
    let output = Command::new(&path).args([subcommand, "--help"]).output().unwrap();
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
