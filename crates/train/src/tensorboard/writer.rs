use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use prost::Message;

use super::messages::{Event, Image, SessionLog, Summary, Value};
use super::record::record;
use crate::training::Scalars;

/// Writes one event file.
pub struct EventWriter {
    path: PathBuf,
    file: BufWriter<File>,
}

impl EventWriter {
    /// A new file in `folder` for a run that goes on after `steps` steps. What other files there say of later steps is
    /// void from now on.
    pub fn create(folder: &Path, steps: u64) -> Result<Self> {
        let path = folder.join(format!("events.out.tfevents.{:010}.{}", now().as_secs(), std::process::id()));
        let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut writer = EventWriter { path, file: BufWriter::new(file) };
        writer.write(Event { file_version: Some("brain.Event:2".to_string()), ..Event::default() })?;
        writer.write(Event {
            step: steps as i64 + 1,
            session_log: Some(SessionLog { status: 1 }),
            ..Event::default()
        })?;
        writer.flush()?;
        Ok(writer)
    }

    /// Adds numbers, each under `prefix` and its name.
    pub fn scalars(&mut self, step: u64, prefix: &str, scalars: &Scalars) -> Result<()> {
        let value = |(name, value): &(String, f32)| Value {
            tag: format!("{prefix}{name}"),
            simple_value: Some(*value),
            image: None,
        };
        self.summary(step, scalars.iter().map(value).collect())
    }

    /// Adds an RGB picture: the bytes of a JPEG or PNG file.
    pub fn picture(&mut self, step: u64, name: &str, (width, height): (u32, u32), file: &[u8]) -> Result<()> {
        let image =
            Image { height: height as i32, width: width as i32, colorspace: 3, encoded_image_string: file.to_vec() };
        self.summary(step, vec![Value { tag: name.to_string(), simple_value: None, image: Some(image) }])
    }

    /// Hands everything to the operating system, so that a reader sees it.
    pub fn flush(&mut self) -> Result<()> {
        self.file.flush().with_context(|| format!("cannot write {}", self.path.display()))
    }

    fn summary(&mut self, step: u64, value: Vec<Value>) -> Result<()> {
        self.write(Event { step: step as i64, summary: Some(Summary { value }), ..Event::default() })
    }

    fn write(&mut self, event: Event) -> Result<()> {
        let event = Event { wall_time: now().as_secs_f64(), ..event };
        let fail = || format!("cannot write {}", self.path.display());
        self.file.write_all(&record(&event.encode_to_vec())).with_context(fail)
    }
}

fn now() -> std::time::Duration {
    // A clock before 1970 is a clock at 1970.
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
