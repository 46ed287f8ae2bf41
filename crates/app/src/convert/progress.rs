use std::collections::VecDeque;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use gstreamer as gst;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::transcode::Done;
use super::{ConvertArgs, ProgressKind};
use crate::outputs::Job;

/// Over how long frames a second are averaged.
const AVERAGED: Duration = Duration::from_secs(3);

/// Reports how far one conversion is.
pub struct Progress {
    kind: ProgressKind,
    is_quiet: bool,
    input: String,
    output: String,
    bar: ProgressBar,
    length: Option<gst::ClockTime>,
    began: Instant,
    recent: VecDeque<(Instant, u64)>,
}

/// One line of `--progress json`.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line<'a> {
    Progress {
        input: &'a str,
        output: &'a str,
        frames: u64,
        seconds: f64,
        percent: Option<f64>,
        fps: f64,
        eta_seconds: Option<f64>,
    },
    Note {
        input: &'a str,
        message: &'a str,
    },
    Done {
        input: &'a str,
        output: &'a str,
        frames: u64,
        took_seconds: f64,
        fps: f64,
    },
    Failed {
        input: &'a str,
        message: &'a str,
    },
}

impl Progress {
    /// Progress of `job`, the `place.0`th of `place.1`.
    pub fn new(args: &ConvertArgs, job: &Job, place: (usize, usize)) -> Self {
        let shows_bar = args.progress == ProgressKind::Bar && !args.quiet && std::io::stderr().is_terminal();
        let target = if shows_bar { ProgressDrawTarget::stderr_with_hz(5) } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(1000), target);
        let style = ProgressStyle::with_template("{prefix}{wide_bar} {percent:>3}% {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        let name = job.input.file_name().unwrap_or_default().to_string_lossy();
        bar.set_prefix(if place.1 > 1 { format!("{}/{} {name} ", place.0, place.1) } else { format!("{name} ") });
        Progress {
            kind: args.progress,
            is_quiet: args.quiet,
            input: job.input.display().to_string(),
            output: job.output.display().to_string(),
            bar,
            length: None,
            began: Instant::now(),
            recent: VecDeque::new(),
        }
    }

    /// Frames begin to flow, for `length` of video if that is known.
    pub fn start(&mut self, length: Option<gst::ClockTime>) {
        self.length = length;
        self.began = Instant::now();
        self.recent = VecDeque::from([(self.began, 0)]);
    }

    /// So many frames are drawn, the last one at `position`.
    pub fn update(&mut self, frames: u64, position: gst::ClockTime) {
        let now = Instant::now();
        self.recent.push_back((now, frames));
        while self.recent.len() > 2 && now - self.recent[1].0 > AVERAGED {
            self.recent.pop_front();
        }
        let (since, before) = self.recent[0];
        let fps = (frames - before) as f64 / (now - since).as_secs_f64().max(1e-3);
        let part = self.length.map(|length| (position.seconds_f64() / length.seconds_f64()).clamp(0.0, 1.0));
        let elapsed = (now - self.began).as_secs_f64();
        let left = part.filter(|&part| part > 0.005).map(|part| elapsed * (1.0 - part) / part);
        match self.kind {
            ProgressKind::Json => self.print(&Line::Progress {
                input: &self.input,
                output: &self.output,
                frames,
                seconds: position.seconds_f64(),
                percent: part.map(|part| (part * 1000.0).round() / 10.0),
                fps: (fps * 10.0).round() / 10.0,
                eta_seconds: left.map(f64::round),
            }),
            ProgressKind::Bar => {
                self.bar.set_position((part.unwrap_or(0.0) * 1000.0) as u64);
                let left = left.map_or("?".to_string(), |left| clock(left.round() as u64));
                self.bar.set_message(format!("{frames} frames, {fps:.1} fps, {left} left"));
            }
        }
    }

    /// Something the user should know, which is no failure.
    pub fn note(&self, message: &str) {
        if self.kind == ProgressKind::Json {
            self.print(&Line::Note { input: &self.input, message });
        }
        if !self.is_quiet {
            self.bar.suspend(|| eprintln!("note: {message}"));
        }
    }

    /// The output is there.
    pub fn finish(&self, done: &Done) {
        self.bar.finish_and_clear();
        let took = done.took.as_secs_f64();
        let fps = done.frames as f64 / took.max(1e-3);
        match self.kind {
            ProgressKind::Json => self.print(&Line::Done {
                input: &self.input,
                output: &self.output,
                frames: done.frames,
                took_seconds: (took * 1000.0).round() / 1000.0,
                fps: (fps * 10.0).round() / 10.0,
            }),
            ProgressKind::Bar if self.is_quiet => {}
            ProgressKind::Bar => {
                eprintln!("{}: {} frames in {took:.1} s ({fps:.1} fps)", self.output, done.frames);
            }
        }
    }

    /// There will be no output.
    pub fn fail(&self, error: &anyhow::Error) {
        self.bar.finish_and_clear();
        if self.kind == ProgressKind::Json {
            self.print(&Line::Failed { input: &self.input, message: &format!("{error:#}") });
        }
    }

    fn print(&self, line: &Line) {
        let text = serde_json::to_string(line).unwrap_or_default();
        // A reader that went away is no reason to stop.
        let _ = writeln!(std::io::stdout(), "{text}");
    }
}

/// Seconds as `M:SS` or `H:MM:SS`.
fn clock(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}
