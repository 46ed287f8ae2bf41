//! Settled layers -> the page: screens and ink at the output's resolution, and the source beside it where asked for.

use inkcast_frame::{LAYER_ONE, LAYER_STEP, Layers, Picture};
use inkcast_generator::{Screen as StyleScreen, Style};
use inkcast_kernels::Level;
use inkcast_kernels::emit::{CHUNK, Page, PageChunk};
use inkcast_kernels::print::{Press, Print, Printed, Shift};

use crate::{Compare, Screen, ScreenAnchor, Settings};

/// Dot period in pixels that suits a picture whose shorter side is `REFERENCE_SIDE` pixels, for colour and for tone.
const PROCESS_PERIOD: f32 = 6.0;
const TONE_PERIOD: f32 = 5.5;
const REFERENCE_SIDE: f32 = 540.0;
/// Below this period dots melt into grey.
const LEAST_PERIOD: f32 = 4.5;
/// Width of the line between source and result, for each 540 pixels of the shorter side.
const DIVIDER: f32 = 2.0;

/// The press, kept as long as neither style, dots nor size change.
#[derive(Debug, Default)]
pub(crate) struct PrintStage {
    press: Option<Press>,
    /// How far the dots have followed the camera.
    shift: Shift,
}

impl PrintStage {
    /// Nothing goes on: dots lie as on a new page.
    pub fn restart(&mut self) {
        self.shift = [0.0; 2];
    }

    /// The camera moved: what is in the picture's middle was `camera` pixels away before.
    pub fn follow(&mut self, camera: Shift) {
        (0..2).for_each(|axis| self.shift[axis] -= camera[axis]);
    }

    /// The finished page. It is drawn while the next stage writes it out.
    pub fn run<'a>(
        &'a mut self,
        level: Level,
        source: &'a Picture,
        layers: &'a Layers,
        style: &Style,
        settings: &Settings,
    ) -> FinishedPage<'a> {
        let (width, height) = source.size();
        let how = how(style, settings, (width, height));
        if !self.press.as_ref().is_some_and(|press| press.is_for(how, width)) {
            self.press = None;
        }
        let press = self.press.get_or_insert_with(|| Press::new(how, width));
        let Settings { ink, strength, compare, screen_anchor, .. } = *settings;
        let shift = if screen_anchor == ScreenAnchor::Scene { self.shift } else { [0.0; 2] };
        let printed = Printed { level, press, source, layers, shift, ink, strength };
        let divider = (DIVIDER * width.min(height) as f32 / REFERENCE_SIDE).round().max(1.0) as usize;
        FinishedPage { printed, compare, divider }
    }
}

fn how(style: &Style, settings: &Settings, (width, height): (usize, usize)) -> Print {
    let Settings { screen, screen_size_px, .. } = *settings;
    let paper = style.paper;
    let period = |at_reference: f32| {
        let fitting = at_reference * width.min(height) as f32 / REFERENCE_SIDE;
        if screen_size_px > 0.0 { screen_size_px.max(2.0) } else { fitting.max(LEAST_PERIOD) }
    };
    match style.screen {
        _ if screen == Screen::None => Print::Flat,
        StyleScreen::None => Print::Flat,
        StyleScreen::Process => Print::Process { paper, period_px: period(PROCESS_PERIOD) },
        StyleScreen::Tone => Print::Tone { paper, period_px: period(TONE_PERIOD) },
    }
}

/// The print, and the source where it is shown beside it.
pub(crate) struct FinishedPage<'a> {
    printed: Printed<'a>,
    compare: Compare,
    /// Width of the line between source and print, in pixels.
    divider: usize,
}

impl Page for FinishedPage<'_> {
    fn draw(&self, x: usize, y: usize, out: &mut PageChunk) {
        let width = self.printed.source.width();
        match self.compare {
            Compare::None => self.printed.draw(x, y, out),
            Compare::Split => {
                // Left half source, right half print, a white line between.
                let middle = width / 2;
                if x + CHUNK > middle {
                    self.printed.draw(x, y, out);
                }
                let line = middle..middle + self.divider;
                for (out, (x, &source)) in out.iter_mut().zip(self.printed.source.row(y).iter().enumerate().skip(x)) {
                    if x < line.start {
                        *out = source.map(to_layer);
                    } else if line.contains(&x) {
                        *out = [LAYER_ONE; 4];
                    }
                }
            }
            Compare::SideBySide => {
                // The print begins where the source ends, which need not be where a chunk does.
                let source = self.printed.source.row(y).iter().skip(x);
                out.iter_mut().zip(source).for_each(|(out, source)| *out = source.map(to_layer));
                let start = x.max(width);
                let mut at = start - width;
                let mut free = &mut out[(start - x).min(CHUNK)..];
                while !free.is_empty() && at < width {
                    let begin = at / CHUNK * CHUNK;
                    let mut drawn = [[0; 4]; CHUNK];
                    self.printed.draw(begin, y, &mut drawn);
                    let count = free.len().min(begin + CHUNK - at);
                    let (now, later) = free.split_at_mut(count);
                    now.copy_from_slice(&drawn[at - begin..at - begin + count]);
                    (free, at) = (later, at + count);
                }
            }
        }
    }
}

fn to_layer(code: u8) -> i16 {
    i16::from(code) * LAYER_STEP
}
