//! The reference looks: slow renderings of single pictures that a network learns to imitate.
//!
//! A look decides the layers before print: flat colour, and ink (lines and solid blacks). Dots, screens and the grain of
//! paper are put on by the print. Lengths are in units of a [`Scale`], 1/540 of the shorter side of a picture, so that
//! it looks the same at any size. No decision depends on the whole picture, only on some forty units around, and
//! thresholds are soft: a convolutional network can know neither the far end of a picture nor a hard threshold, and a
//! video should not flicker.

pub(crate) mod blur;
mod colour_table;
mod flow;
mod halftone;
mod hand;
mod ink;
pub(crate) mod lab;
mod lines;
mod manga;
mod noir;
mod print;
mod sample;
mod scale;
mod smooth;
mod solids;
pub(crate) mod specks;
pub(crate) mod tone;
mod watercolor;

use inkcast_frame::Plane;
use serde::{Deserialize, Serialize};

pub use colour_table::ColourTable;
pub use hand::Hand;
use lines::Lines;
pub use print::print_preview;
pub use scale::Scale;

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
    /// Black and white in large areas, with one grey between them.
    Noir,
    /// Light washes of colour with darker rims, under soft lines.
    Watercolor,
}

impl Look {
    /// Every look.
    pub const ALL: [Look; 5] = [Look::Ink, Look::Halftone, Look::Manga, Look::Noir, Look::Watercolor];

    /// Its name in configurations and caches.
    pub fn name(self) -> &'static str {
        match self {
            Look::Ink => "ink",
            Look::Halftone => "halftone",
            Look::Manga => "manga",
            Look::Noir => "noir",
            Look::Watercolor => "watercolor",
        }
    }
}

/// What all looks of one picture share.
pub struct Analysis {
    /// How large a unit of length is.
    scale: Scale,
    /// The picture without texture and noise, edges kept.
    flat: Rgb,
    /// Luma of `flat`.
    grey: Plane,
    /// How dark `flat` is: its luma, but what is strong in one colour, as blue cloth, counts as lighter, and so does
    /// skin: black ink would take the colour of the one and the features of the other.
    dim: Plane,
    /// `flat` through an orange filter, which lightens skin and darkens skies, as photographers do.
    skin_grey: Plane,
    /// Lines, for pens and pencils.
    lines: Lines,
}

impl Analysis {
    /// Smooths `picture` and finds its lines, at the scale of its size.
    pub fn new(picture: &Rgb) -> Self {
        Analysis::at_scale(picture, Scale::of(picture.width(), picture.height()))
    }

    /// The same at a given scale: for a crop of a picture, or to have the same line width in pixels at every size.
    pub fn at_scale(picture: &Rgb, scale: Scale) -> Self {
        let picture = match scale.finer_than_a_unit() {
            Some(sigma) => &smooth::blur(picture, sigma / scale.px(1.0), scale),
            None => picture,
        };
        let calm = smooth::edge_preserving(picture, picture, 4.0, 0.16, scale);
        let lines = lines::find(picture, &calm, scale);
        let wide = smooth::edge_preserving(&calm, &calm, 14.0, 0.25, scale);
        let flat = smooth::rolling_guidance(&wide, 1.2, 3.5, 0.09, 3, scale);
        let grey = luma(&flat);
        let dim = Plane::from_fn(flat.width(), flat.height(), |x, y| {
            let ([r, g, b], skin) = (flat.at(x, y), lines.skin.at(x, y));
            grey.at(x, y).max(0.85 * r.max(g).max(b)) * (1.0 + 2.2 * skin)
        });
        let skin_grey = map(&flat, |[r, g, b]: [f32; 3]| 0.45 * r + 0.45 * g + 0.10 * b);
        Analysis { scale, flat, grey, dim, skin_grey, lines }
    }

    /// The layers of `look`: red, green, blue, ink.
    pub fn layers(&self, look: Look) -> Layers {
        match look {
            Look::Ink => ink::layers_of(self),
            Look::Halftone => halftone::layers_of(self),
            Look::Manga => manga::layers_of(self),
            Look::Noir => noir::layers_of(self),
            Look::Watercolor => watercolor::layers_of(self),
        }
    }
}

/// Layers of `colour` and the `ink` at each pixel, cut to 0..1.
fn layers(colour: &Rgb, ink: impl Fn(usize, usize) -> f32) -> Layers {
    Layers::from_fn(colour.width(), colour.height(), |x, y| {
        let [r, g, b] = colour.at(x, y);
        [r, g, b, ink(x, y)].map(|value| value.clamp(0.0, 1.0))
    })
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
