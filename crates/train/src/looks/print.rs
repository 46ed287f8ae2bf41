use std::f32::consts::TAU;

use super::{Layers, Look, Rgb, Scale};

/// Distance of the dots in units of length.
const PERIOD: f32 = 5.0;
/// Yellow, magenta and cyan: index of the channel that each takes out of paper white, angle, colour of the printed ink.
const PROCESS: [(usize, f32, [f32; 3]); 3] =
    [(2, 0.0, [1.0, 0.90, 0.25]), (1, 75.0, [0.93, 0.25, 0.60]), (0, 15.0, [0.15, 0.72, 0.95])];

/// A simple print of `layers` in the manner of `look`, to judge looks by. The player has a better one.
pub fn print_preview(layers: &Layers, look: Look) -> Rgb {
    let period = Scale::of(layers.width(), layers.height()).px(PERIOD);
    Rgb::from_fn(layers.width(), layers.height(), |x, y| {
        let [r, g, b, ink] = layers.at(x, y);
        let colour = [r, g, b];
        let printed = match look {
            Look::Ink | Look::Noir | Look::Watercolor => colour,
            Look::Halftone => {
                let mut paper = [0.99, 0.97, 0.90];
                for (channel, angle, dye) in PROCESS {
                    let covered = dot(x, y, period, angle, 1.0 - colour[channel]);
                    (0..3).for_each(|c| paper[c] *= 1.0 - covered * (1.0 - dye[c]));
                }
                paper
            }
            Look::Manga => [1.0 - dot(x, y, period, 45.0, 1.0 - colour[0]); 3],
        };
        printed.map(|value| value * (1.0 - ink))
    })
}

/// Coverage at a pixel of a rotated screen of dots for an `amount` of 0..1.
fn dot(x: usize, y: usize, period: f32, degrees: f32, amount: f32) -> f32 {
    if amount < 0.04 {
        return 0.0;
    }
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (x, y) = (x as f32 * TAU / period, y as f32 * TAU / period);
    let wave = 0.25 * ((x * cos + y * sin).cos() + (y * cos - x * sin).cos()) + 0.5;
    ((amount - wave) * period * 1.2 + 0.5).clamp(0.0, 1.0)
}
