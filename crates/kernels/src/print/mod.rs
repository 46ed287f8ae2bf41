//! Puts layers on paper: colour flat or through screens of dots, then ink, at the resolution of the output.
//!
//! Dots are fixed to the page: their place depends on the pixel's coordinates alone, so that they neither swim with
//! motion nor blur when layers are warped.

mod angle;
mod beside;
#[cfg(feature = "cuda")]
pub mod cuda;
#[cfg(any(test, feature = "cuda"))]
mod numbers;
mod screen;
#[cfg(test)]
mod tests;

use inkcast_frame::{LAYER_ONE, LAYER_STEP, Layers, Picture};

use crate::Level;
use crate::emit::{CHUNK, Page, PageChunk};
use crate::vectorised::vectorised;
pub use beside::{Beside, FinishedPage};
pub use screen::{DotScreen, Shift};
use screen::{ScreenRow, between_0_and_1};

/// How the colour of layers is printed.
#[derive(Debug, Clone, Copy, PartialEq)]
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

/// A way to print, its screens made for pages of one width.
#[derive(Debug, Clone)]
pub struct Press {
    print: Print,
    width: usize,
    screens: Vec<DotScreen>,
}

impl Press {
    /// Prepares `print` for pages `width` pixels wide.
    pub fn new(print: Print, width: usize) -> Self {
        let screens = match print {
            Print::Flat => Vec::new(),
            Print::Process { period_px, .. } => {
                PROCESS_INKS.iter().map(|(_, angle)| DotScreen::new(*angle, period_px, width)).collect()
            }
            Print::Tone { period_px, .. } => vec![DotScreen::new(TONE_ANGLE, period_px, width)],
        };
        Press { print, width, screens }
    }

    /// Whether it was made for this.
    pub fn is_for(&self, print: Print, width: usize) -> bool {
        self.print == print && self.width == width
    }
}

/// A page that is printed while it is written out: `layers` through `press`, lines and blacks weighted by `ink` (1 = as
/// drawn), then mixed with `source`: `strength` 0 gives the source, 1 the print.
#[derive(Debug, Clone, Copy)]
pub struct Printed<'a> {
    /// Which instructions to use.
    pub level: Level,
    /// How to print.
    pub press: &'a Press,
    /// The picture that is mixed in.
    pub source: &'a Picture,
    /// What is printed, of the same size.
    pub layers: &'a Layers,
    /// How far the dots are moved from the page's corner.
    pub shift: Shift,
    /// Weight of ink, 0..2.
    pub ink: f32,
    /// Weight of the print against the source, 0..1.
    pub strength: f32,
}

impl Page for Printed<'_> {
    fn draw(&self, x: usize, y: usize, out: &mut PageChunk) {
        let count = CHUNK.min(self.layers.width() - x);
        let mut rest = [[0; 4]; CHUNK];
        let layers = &self.layers.row(y)[x..];
        let layers = layers.first_chunk().unwrap_or_else(|| {
            rest[..count].copy_from_slice(layers);
            &rest
        });
        let whole = self.strength >= 1.0;
        if self.press.print == Print::Flat && whole && self.ink == 1.0 {
            return ink_over_colour(self.level, layers, out);
        }
        match (self.press.print, &self.press.screens[..]) {
            (Print::Process { paper, .. }, [cyan, magenta, yellow]) => {
                let screens = [cyan, magenta, yellow];
                let rows = screens.map(|screen| screen.row(y, self.shift));
                process(self.level, screens, rows, x, paper, layers, out);
            }
            (Print::Tone { paper, .. }, [screen]) => {
                tone(self.level, screen, screen.row(y, self.shift), x, paper, layers, out);
            }
            _ => *out = *layers,
        }
        if whole && self.ink == 1.0 {
            return ink_as_drawn(self.level, layers, out);
        }
        let mut source = [[0; 4]; CHUNK];
        source[..count].copy_from_slice(&self.source.row(y)[x..x + count]);
        ink_and_mix(self.level, layers, &source, self.ink, self.strength, out);
    }
}

/// A layer's value as a number of 0..1, and back.
const TO_UNIT: f32 = 1.0 / LAYER_ONE as f32;
const FROM_UNIT: f32 = LAYER_ONE as f32;

/// The nearest whole number of a value in `-2^21..2^21`: adding so much that no fraction bits are left makes the sum
/// round, and its low bits are the number.
#[inline(always)]
fn rounded(value: f32) -> i16 {
    const NO_FRACTION: f32 = 1.5 * (1 << 23) as f32;
    (value + NO_FRACTION).to_bits() as i16
}

vectorised! {
    /// Colour separation: each process ink covers as much as its complement is missing, dot by dot.
    fn process(
        screens: [&DotScreen; 3],
        rows: [ScreenRow; 3],
        x: usize,
        paper: [f32; 3],
        layers: &PageChunk,
        out: &mut PageChunk,
    ) {
        let mut covered = [[0.0; CHUNK]; 3];
        for (ink, covered) in covered.iter_mut().enumerate() {
            for (covered, layers) in covered.iter_mut().zip(layers) {
                let wanted = 1.0 - f32::from(layers[ink]) * TO_UNIT;
                *covered = wanted * between_0_and_1((wanted - LEAST_COVERAGE) * (1.0 / LEAST_COVERAGE));
            }
            screens[ink].cover(rows[ink], x, covered);
        }
        for i in 0..CHUNK {
            let [r, g, b] = [0, 1, 2].map(|c| {
                let light = |ink: usize| 1.0 - covered[ink][i] * (1.0 - PROCESS_INKS[ink].0[c]);
                rounded(paper[c] * FROM_UNIT * light(0) * light(1) * light(2))
            });
            out[i] = [r, g, b, 0];
        }
    }
}

vectorised! {
    fn tone(screen: &DotScreen, row: ScreenRow, x: usize, paper: [f32; 3], layers: &PageChunk, out: &mut PageChunk) {
        let (mut covered, mut dots) = ([0.0; CHUNK], [0.0; CHUNK]);
        for i in 0..CHUNK {
            let [r, g, b, _] = layers[i].map(f32::from);
            let tone = (r + g + b) * (TO_UNIT / 3.0);
            dots[i] = between_0_and_1((PAPER_TONE.1 - tone) * (1.0 / (PAPER_TONE.1 - PAPER_TONE.0)));
            covered[i] = 1.0 - tone;
        }
        screen.cover(row, x, &mut covered);
        for i in 0..CHUNK {
            let light = (1.0 - dots[i] * covered[i]) * FROM_UNIT;
            let [r, g, b] = paper.map(|value| rounded(value * light));
            out[i] = [r, g, b, 0];
        }
    }
}

vectorised! {
    /// `out * (1 - ink)` in whole numbers.
    fn ink_as_drawn(layers: &PageChunk, out: &mut PageChunk) {
        for (out, layers) in out.iter_mut().zip(layers) {
            let light = i32::from(LAYER_ONE - layers[3]);
            for c in 0..3 {
                out[c] = times(out[c], light);
            }
        }
    }
}

vectorised! {
    /// The same over the layers' own colour.
    fn ink_over_colour(layers: &PageChunk, out: &mut PageChunk) {
        for (out, &[r, g, b, ink]) in out.iter_mut().zip(layers) {
            let light = i32::from(LAYER_ONE - ink);
            *out = [times(r, light), times(g, light), times(b, light), 0];
        }
    }
}

vectorised! {
    fn ink_and_mix(layers: &PageChunk, source: &[[u8; 4]; CHUNK], ink: f32, strength: f32, out: &mut PageChunk) {
        let strength = rounded(strength * FROM_UNIT);
        for i in 0..CHUNK {
            let weighted = f32::from(layers[i][3]) * ink;
            let light = i32::from(LAYER_ONE) - i32::from(rounded(if weighted < FROM_UNIT { weighted } else { FROM_UNIT }));
            for c in 0..3 {
                let source = i16::from(source[i][c]) * LAYER_STEP;
                let change = times(out[i][c], light) - source;
                out[i][c] = source + times(change, i32::from(strength));
            }
        }
    }
}

/// `value * factor / LAYER_ONE`, rounded; exact for a factor of 0 and of [`LAYER_ONE`].
#[inline(always)]
fn times(value: i16, factor: i32) -> i16 {
    // 32640 is 2^15 (1 - 2^-8), so its inverse is 2^-15 (1 + 2^-8 + 2^-16 ...): two terms are enough below 2^15.
    let product = i32::from(value) * factor;
    let quotient = product + (product >> 8) + (product >> 16);
    ((quotient + (1 << 14)) >> 15) as i16
}
