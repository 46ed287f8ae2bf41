//! Settled layers -> the page: screens and ink at the output's resolution, and the source beside it where asked for.

use inkcast_frame::{Layers, Picture};
use inkcast_generator::{Screen as StyleScreen, Style};
use inkcast_kernels::Level;
use inkcast_kernels::print::{Beside, FinishedPage, Press, Print, Printed, Shift};

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
        page: &PagePlan,
    ) -> FinishedPage<'a> {
        let PagePlan { print, ink, strength, is_anchored, beside } = *page;
        let width = source.width();
        if !self.press.as_ref().is_some_and(|press| press.is_for(print, width)) {
            self.press = None;
        }
        let press = self.press.get_or_insert_with(|| Press::new(print, width));
        let shift = if is_anchored { self.shift } else { [0.0; 2] };
        let printed = Printed { level, press, source, layers, shift, ink, strength };
        FinishedPage { printed, beside }
    }
}

/// How a page is printed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PagePlan {
    /// Flat, or in dots.
    pub print: Print,
    /// Weight of ink, 0..2.
    pub ink: f32,
    /// Weight of the print against the source, 0..1.
    pub strength: f32,
    /// Whether dots follow the camera.
    pub is_anchored: bool,
    /// What of the source is shown beside the print.
    pub beside: Beside,
}

impl PagePlan {
    /// For pages of `size`, without what is shown beside them.
    pub fn new(style: &Style, settings: &Settings, size: (usize, usize)) -> Self {
        let Settings { ink, strength, compare, screen_anchor, .. } = *settings;
        PagePlan {
            print: how(style, settings, size),
            ink,
            strength,
            is_anchored: screen_anchor == ScreenAnchor::Scene,
            beside: beside(compare, size),
        }
    }
}

fn beside(compare: Compare, (width, height): (usize, usize)) -> Beside {
    match compare {
        Compare::None => Beside::Nothing,
        Compare::Split => {
            let divider = (DIVIDER * width.min(height) as f32 / REFERENCE_SIDE).round().max(1.0) as usize;
            Beside::Split { divider }
        }
        Compare::SideBySide => Beside::Source,
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
