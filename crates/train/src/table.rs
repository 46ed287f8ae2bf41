//! Scalars over steps as a text file: `step,loss,...`, one row a step.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::atomic;
use crate::training::Scalars;

/// What a table holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// Names of the columns after the first.
    pub columns: Vec<String>,
    /// Steps done, and a value for each column.
    pub rows: Vec<(u64, Vec<f32>)>,
}

/// A table that rows are added to.
pub struct Table {
    path: PathBuf,
    columns: Vec<String>,
    file: BufWriter<File>,
}

impl Table {
    /// Opens a table and leaves of it what was written in the first `steps` steps.
    pub fn open(path: &Path, steps: u64) -> Result<Self> {
        let mut kept = if steps > 0 && path.exists() { Rows::read(path)? } else { Rows::default() };
        kept.rows.retain(|(step, _)| *step <= steps);
        atomic::write(path, kept.to_text().as_bytes())?;
        let fail = || format!("cannot write {}", path.display());
        let file = File::options().append(true).open(path).with_context(fail)?;
        Ok(Table { path: path.to_path_buf(), columns: kept.columns, file: BufWriter::new(file) })
    }

    /// Adds a row. The first decides on the columns, all others must have the same.
    pub fn append(&mut self, step: u64, scalars: &Scalars) -> Result<()> {
        let fail = |path: &Path| format!("cannot write {}", path.display());
        if self.columns.is_empty() {
            self.columns = scalars.iter().map(|(name, _)| name.clone()).collect();
            ensure!(
                !self.columns.iter().any(|name| name.contains([',', '\n', '\r'])),
                "a name in {:?} has a comma or an end of line, which {} cannot hold",
                self.columns,
                self.path.display()
            );
            self.file.write_all(header(&self.columns).as_bytes()).with_context(|| fail(&self.path))?;
        }
        ensure!(
            scalars.iter().map(|(name, _)| name).eq(&self.columns),
            "{} has the columns {}, but now there are {}: rename the file or choose another --run",
            self.path.display(),
            self.columns.join(", "),
            scalars.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
        );
        let values = scalars.iter().map(|(_, value)| *value);
        self.file.write_all(row(step, values).as_bytes()).with_context(|| fail(&self.path))
    }

    /// Hands all rows to the operating system.
    pub fn flush(&mut self) -> Result<()> {
        self.file.flush().with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// Puts all rows on the disk.
    pub fn sync(&mut self) -> Result<()> {
        self.flush()?;
        self.file.get_ref().sync_all().with_context(|| format!("cannot write {}", self.path.display()))
    }
}

impl Rows {
    /// Reads a table, also while it is written: a last line without an end is not there yet.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text)
            .with_context(|| format!("{} is no table of a run; rename it to go on without it", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
        let mut lines = whole.lines();
        let Some(header) = lines.next() else { return Ok(Rows::default()) };
        let columns = header.strip_prefix("step,").context("the first line does not begin with \"step,\"")?;
        let columns: Vec<String> = columns.split(',').map(str::to_string).collect();
        let mut rows = Vec::new();
        for (index, line) in lines.enumerate() {
            let parse = || -> Result<(u64, Vec<f32>)> {
                let (step, values) = line.split_once(',').context("there is no comma")?;
                let values = values.split(',').map(str::parse).collect::<Result<Vec<f32>, _>>()?;
                ensure!(values.len() == columns.len(), "{} values for {} columns", values.len(), columns.len());
                Ok((step.parse()?, values))
            };
            rows.push(parse().with_context(|| format!("line {}: \"{line}\"", index + 2))?);
        }
        Ok(Rows { columns, rows })
    }

    /// Steps and values of a column, if there is one of this name.
    pub fn column(&self, name: &str) -> Option<Vec<(u64, f32)>> {
        let index = self.columns.iter().position(|column| column == name)?;
        Some(self.rows.iter().map(|(step, values)| (*step, values[index])).collect())
    }

    fn to_text(&self) -> String {
        if self.columns.is_empty() {
            return String::new();
        }
        let rows = self.rows.iter().map(|(step, values)| row(*step, values.iter().copied()));
        std::iter::once(header(&self.columns)).chain(rows).collect()
    }
}

fn header(columns: &[String]) -> String {
    format!("step,{}\n", columns.join(","))
}

/// Rust writes as few digits as read back to the same bits.
fn row(step: u64, values: impl Iterator<Item = f32>) -> String {
    let values: String = values.map(|value| format!(",{value}")).collect();
    format!("{step}{values}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalars(a: f32, b: f32) -> Scalars {
        vec![("a".to_string(), a), ("b/c".to_string(), b)]
    }

    #[test]
    fn rows_come_back_to_the_bit_and_later_ones_are_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        let values = [(0.1, f32::MIN_POSITIVE), (1.0 / 3.0, -1e30), (f32::INFINITY, 7.0)];
        let mut table = Table::open(&path, 0).unwrap();
        for (index, (a, b)) in values.iter().enumerate() {
            table.append(index as u64 + 1, &scalars(*a, *b)).unwrap();
        }
        table.sync().unwrap();
        assert_eq!(Rows::read(&path).unwrap().column("b/c").unwrap()[1], (2, -1e30));
        assert_eq!(Rows::read(&path).unwrap().column("a").unwrap()[0], (1, 0.1));
        drop(table);
        // As if the program had been killed in the middle of a row.
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{text}4,0.")).unwrap();
        let mut table = Table::open(&path, 2).unwrap();
        table.append(3, &scalars(f32::NAN, 0.0)).unwrap();
        drop(table);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("step,a,b/c\n1,0.1,0.0000") && text.ends_with("\n3,NaN,0\n"), "{text}");
        assert_eq!(text.lines().count(), 4);
        // A run from the beginning starts a new table.
        drop(Table::open(&path, 0).unwrap());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "");
    }

    #[test]
    fn other_columns_and_broken_lines_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, "step,a,b/c\n1,2,3\n").unwrap();
        let mut table = Table::open(&path, 1).unwrap();
        let error = table.append(2, &vec![("a".to_string(), 1.0)]).unwrap_err().to_string();
        assert!(error.contains("t.csv") && error.contains("a, b/c"), "{error}");
        for (text, expected) in [("1;2\n", "step,"), ("step,a\n1,x\n", "line 2"), ("step,a\n1,2\n2,3,4\n", "line 3")] {
            std::fs::write(&path, text).unwrap();
            let error = format!("{:#}", Rows::read(&path).unwrap_err());
            assert!(error.contains("t.csv") && error.contains(expected), "{error}");
        }
    }
}
