//! Puts layers on paper: colour flat or through screens of dots, then ink, at the resolution of the output.
//!
//! Dots are fixed to the page: their place depends on the pixel's coordinates alone, so that they neither swim with
//! motion nor blur when layers are warped.

mod screen;
#[cfg(test)]
mod tests;

use inkcast_frame::{Layers, Picture};
use rayon::prelude::*;

pub use screen::DotScreen;
use screen::ScreenLine;

/// How the colour of layers is printed.
#[derive(Debug, Clone, PartialEq)]
pub enum Print {
    /// Flat colour.
    Flat,
    /// Dots of cyan, magenta and yellow on paper.
    Process {
        /// Colour of the paper, RGB in 0..1.
        paper: [f32; 3],
        /// Distance between dots in pixels.
        period_px: f32,
    },
    /// Black dots on paper for the lightness of the colour.
    Tone {
        /// Colour of the paper, RGB in 0..1.
        paper: [f32; 3],
        /// Distance between dots in pixels.
        period_px: f32,
    },
}

/// Printing inks as light passes through them (RGB in 0..1), and the angle of each one's screen in degrees: the
/// customary ones of four-colour printing, black aside, which is drawn as lines and solids here.
const PROCESS_INKS: [([f32; 3], f32); 3] =
    [([0.15, 0.72, 0.95], 15.0), ([0.93, 0.25, 0.60], 75.0), ([1.0, 0.90, 0.25], 0.0)];
/// Coverage below which an ink leaves no dots at all, so that light areas are clean paper; fades in over as much again.
const LEAST_COVERAGE: f32 = 0.07;
/// Angle of the black screen in degrees.
const TONE_ANGLE: f32 = 45.0;
/// Tones lighter than this are paper without dots; the dots fade in over the step below.
const PAPER_TONE: (f32, f32) = (0.76, 0.84);

/// Prints `layers` into `page` (RGB in 0..1; the fourth value is zero), lines and blacks weighted by `ink` (1 = as
/// drawn), then mixes with `source`: `strength` 0 gives the source, 1 the print.
pub fn print(source: &Picture, layers: &Layers, print: &Print, ink: f32, strength: f32, page: &mut Picture) {
    let (width, height) = layers.size();
    assert_eq!(source.size(), (width, height), "size of the source");
    page.resize(width, height);
    let colour = Colour::new(print, width);
    page.data_mut().par_chunks_mut(width).enumerate().for_each(|(y, out)| {
        let layers = layers.row(y);
        colour.row(y, layers, out);
        for ((out, layers), source) in out.iter_mut().zip(layers).zip(source.row(y)) {
            let light = 1.0 - (layers[3] * ink).min(1.0);
            for c in 0..3 {
                out[c] = source[c] + strength * (out[c] * light - source[c]);
            }
            out[3] = 0.0;
        }
    });
}

/// A way to print with its screens made for one width.
enum Colour {
    Flat,
    Process { screens: [(DotScreen, [f32; 3]); 3], paper: [f32; 3] },
    Tone { screen: DotScreen, paper: [f32; 3] },
}

impl Colour {
    fn new(print: &Print, width: usize) -> Self {
        match *print {
            Print::Flat => Colour::Flat,
            Print::Process { paper, period_px } => {
                let screens = PROCESS_INKS.map(|(ink, angle)| (DotScreen::new(angle, period_px, width), ink));
                Colour::Process { screens, paper }
            }
            Print::Tone { paper, period_px } => {
                Colour::Tone { screen: DotScreen::new(TONE_ANGLE, period_px, width), paper }
            }
        }
    }

    /// Row `y` of `layers` without its ink.
    fn row(&self, y: usize, layers: &[[f32; 4]], out: &mut [[f32; 4]]) {
        match self {
            Colour::Flat => out.copy_from_slice(layers),
            Colour::Process { screens, paper } => process_row(screens, *paper, y, layers, out),
            Colour::Tone { screen, paper } => tone_row(screen, *paper, y, layers, out),
        }
    }
}

/// Colour separation: each process ink covers as much as its complement is missing, dot by dot.
fn process_row(
    screens: &[(DotScreen, [f32; 3]); 3],
    paper: [f32; 3],
    y: usize,
    layers: &[[f32; 4]],
    out: &mut [[f32; 4]],
) {
    let lines: [ScreenLine<'_>; 3] = std::array::from_fn(|ink| screens[ink].0.line(y));
    for (x, (out, layers)) in out.iter_mut().zip(layers).enumerate() {
        let mut light = paper;
        for (ink, line) in lines.iter().enumerate() {
            let wanted = 1.0 - layers[ink];
            let faded = wanted * ((wanted - LEAST_COVERAGE) / LEAST_COVERAGE).clamp(0.0, 1.0);
            let covered = line.coverage(x, faded);
            for c in 0..3 {
                light[c] *= 1.0 - covered * (1.0 - screens[ink].1[c]);
            }
        }
        out[..3].copy_from_slice(&light);
    }
}

fn tone_row(screen: &DotScreen, paper: [f32; 3], y: usize, layers: &[[f32; 4]], out: &mut [[f32; 4]]) {
    let line = screen.line(y);
    for (x, (out, &[r, g, b, _])) in out.iter_mut().zip(layers).enumerate() {
        let tone = (r + g + b) * (1.0 / 3.0);
        let dots = ((PAPER_TONE.1 - tone) / (PAPER_TONE.1 - PAPER_TONE.0)).clamp(0.0, 1.0);
        let light = 1.0 - dots * line.coverage(x, 1.0 - tone);
        out[..3].copy_from_slice(&paper.map(|value| value * light));
    }
}
