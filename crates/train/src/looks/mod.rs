//! The reference looks: slow renderings of single pictures that a network learns to imitate.
//!
//! A look decides the layers before print: flat colour, and ink (lines and solid blacks). Everything is measured in
//! pixels at one fixed scale, lines about two pixels wide whatever the size of the picture, and nothing depends on more
//! than some thirty pixels around: a convolutional network can know neither a picture's scale nor its far end.

pub(crate) mod blur;
mod flow;
mod lab;
mod lines;
mod print;
mod smooth;
mod solids;
mod specks;
mod styles;
mod tone;

use inkcast_frame::Plane;
use serde::{Deserialize, Serialize};

pub use print::print_preview;

/// Red, green and blue of each pixel, 0..1, gamma-coded.
pub type Rgb = Plane<[f32; 3]>;

/// What a look decides, in 0..1: red, green, blue and ink of each pixel.
pub type Layers = Plane<[f32; 4]>;

/// The looks there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Look {
    /// Ink lines, solid blacks and flat, saturated colour.
    Ink,
    /// Lines and blacks as for ink; light, strong colour in few steps of each process colour, to be printed in dots.
    Halftone,
    /// Lines, larger blacks and grey tone in few steps, white paper where it is light.
    Manga,
}

impl Look {
    /// Every look.
    pub const ALL: [Look; 3] = [Look::Ink, Look::Halftone, Look::Manga];

    /// Its name in configurations and caches.
    pub fn name(self) -> &'static str {
        match self {
            Look::Ink => "ink",
            Look::Halftone => "halftone",
            Look::Manga => "manga",
        }
    }
}

/// What all looks of one picture share.
pub struct Analysis {
    /// The picture without texture and noise, edges kept.
    flat: Rgb,
    /// Luma of `flat`.
    grey: Plane,
    /// Coverage of ink lines, 0..1.
    lines: Plane,
}

impl Analysis {
    /// Smooths `picture` and finds its lines.
    pub fn new(picture: &Rgb) -> Self {
        let calm = smooth::edge_preserving(picture, 4.0, 0.16);
        let lines = lines::ink_lines(picture, &calm);
        let flat = smooth::flatten(&calm);
        let grey = luma(&flat);
        Analysis { flat, grey, lines }
    }

    /// The layers of `look`: red, green, blue, ink.
    pub fn layers(&self, look: Look) -> Layers {
        match look {
            Look::Ink => styles::ink(self),
            Look::Halftone => styles::halftone(self),
            Look::Manga => styles::manga(self),
        }
    }
}

/// BT.709 luma of gamma-coded colour.
pub(crate) fn luma(picture: &Rgb) -> Plane {
    map(picture, |[r, g, b]| 0.2126 * r + 0.7152 * g + 0.0722 * b)
}

/// A plane of `value` of each pixel.
fn map<T: Copy + Default, U: Copy + Default>(plane: &Plane<T>, value: impl Fn(T) -> U) -> Plane<U> {
    Plane::from_fn(plane.width(), plane.height(), |x, y| value(plane.at(x, y)))
}

#[cfg(test)]
mod tests;
