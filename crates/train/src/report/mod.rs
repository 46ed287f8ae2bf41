//! A report on one run, or on several of the same training with different seeds: one HTML file that needs nothing else.

mod chart;
mod history;
mod html;
mod sections;
mod statistics;

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::atomic;
use history::History;

/// Writes the report on `runs` into the file `out`.
pub fn report(runs: &[PathBuf], out: &Path) -> Result<()> {
    ensure!(!runs.is_empty(), "there is no run to report on");
    let runs: Vec<History> = runs.iter().map(|run| History::read(run)).collect::<Result<_>>()?;
    let sections = [
        sections::overview(&runs),
        sections::losses(&runs),
        sections::measures(&runs),
        sections::fluctuation(&runs),
        sections::spread(&runs),
        sections::samples(&runs)?,
    ];
    let names: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
    atomic::write(out, html::page(&names.join(", "), &sections.concat()).as_bytes())
}

#[cfg(test)]
mod tests;
