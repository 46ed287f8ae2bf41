//! Settled layers -> the page: screens and ink at the output's resolution, and the source beside it where asked for.

use inkcast_frame::{Layers, Picture};
use inkcast_generator::{Screen, Style};
use inkcast_kernels::print::{Print, print};

use crate::{Compare, Settings};

/// Dot period in pixels that suits a picture whose shorter side is `REFERENCE_SIDE` pixels, for colour and for tone.
const PROCESS_PERIOD: f32 = 6.0;
const TONE_PERIOD: f32 = 5.5;
const REFERENCE_SIDE: f32 = 540.0;
/// Below this period dots melt into grey.
const LEAST_PERIOD: f32 = 4.5;
/// Width of the line between source and result, for each 540 pixels of the shorter side.
const DIVIDER: f32 = 2.0;

#[derive(Debug, Default)]
pub(crate) struct PrintStage {
    print: Picture,
    /// Source and result together; only used to compare.
    both: Picture,
}

impl PrintStage {
    /// The finished picture.
    pub fn run(&mut self, source: &Picture, layers: &Layers, style: &Style, settings: &Settings) -> &Picture {
        let how = how(style, settings.screen_size_px, source.size());
        print(source, layers, &how, settings.ink, settings.strength, &mut self.print);
        match settings.compare {
            Compare::None => return &self.print,
            Compare::Split => split(source, &self.print, &mut self.both),
            Compare::SideBySide => side_by_side(source, &self.print, &mut self.both),
        }
        &self.both
    }
}

fn how(style: &Style, screen_size_px: f32, (width, height): (usize, usize)) -> Print {
    let paper = style.paper;
    let period = |at_reference: f32| {
        let fitting = at_reference * width.min(height) as f32 / REFERENCE_SIDE;
        if screen_size_px > 0.0 { screen_size_px.max(2.0) } else { fitting.max(LEAST_PERIOD) }
    };
    match style.screen {
        Screen::None => Print::Flat,
        Screen::Process => Print::Process { paper, period_px: period(PROCESS_PERIOD) },
        Screen::Tone => Print::Tone { paper, period_px: period(TONE_PERIOD) },
    }
}

/// Left half source, right half print, a white line between.
fn split(source: &Picture, print: &Picture, both: &mut Picture) {
    let (width, height) = source.size();
    let line = (DIVIDER * width.min(height) as f32 / REFERENCE_SIDE).round().max(1.0) as usize;
    let middle = width / 2;
    both.resize(width, height);
    for y in 0..height {
        let row = both.row_mut(y);
        row[..middle].copy_from_slice(&source.row(y)[..middle]);
        row[middle..].copy_from_slice(&print.row(y)[middle..]);
        row[middle..(middle + line).min(width)].fill([1.0; 4]);
    }
}

fn side_by_side(source: &Picture, print: &Picture, both: &mut Picture) {
    let (width, height) = source.size();
    both.resize(2 * width, height);
    for y in 0..height {
        let (left, right) = both.row_mut(y).split_at_mut(width);
        left.copy_from_slice(source.row(y));
        right.copy_from_slice(print.row(y));
    }
}
