use inkcast_frame::Plane;

use super::solids::solid_blacks;
use super::tone::soft_quantise;
use super::{Analysis, Layers, lab, map};

/// Flat colour in six steps of lightness, a third stronger than life.
pub(super) fn ink(analysis: &Analysis) -> Layers {
    let colour = map(&analysis.flat, |rgb| {
        let [lightness, a, b] = lab::from_rgb(rgb);
        let lightness = soft_quantise(((lightness - 0.02) * 1.10).clamp(0.0, 1.0), 6.0, 1.3);
        lab::to_rgb([lightness, 1.35 * a, 1.35 * b])
    });
    layers(&colour, &analysis.lines, &solid_blacks(&analysis.grey, 0.42, 0.08, 0.19))
}

/// Light, strong colour in five steps of each process colour; the print step turns them into dots.
pub(super) fn halftone(analysis: &Analysis) -> Layers {
    let colour = map(&analysis.flat, |rgb| {
        let [lightness, a, b] = lab::from_rgb(rgb);
        let lightened = lab::to_rgb([lightness.clamp(0.0, 1.0).powf(0.65), 1.45 * a, 1.45 * b]);
        lightened.map(|value| {
            let amount = ((1.0 - value) * 1.08 - 0.07).clamp(0.0, 1.0);
            (1.0 - soft_quantise(amount, 4.0, 1.1)).clamp(0.0, 1.0)
        })
    });
    layers(&colour, &analysis.lines, &solid_blacks(&analysis.grey, 0.42, 0.08, 0.19))
}

/// Grey tone in four steps, nothing above three quarters.
pub(super) fn manga(analysis: &Analysis) -> Layers {
    let tone = map(&analysis.grey, |grey| {
        let light = ((grey - 0.04) * 1.12).clamp(0.0, 1.0).powf(0.65);
        let tone = soft_quantise(light, 4.0, 1.4);
        [if light > 0.80 { 1.0 } else { tone.clamp(0.0, 1.0) }; 3]
    });
    layers(&tone, &analysis.lines, &solid_blacks(&analysis.grey, 0.55, 0.09, 0.27))
}

fn layers(colour: &Plane<[f32; 3]>, lines: &Plane, blacks: &Plane) -> Layers {
    Layers::from_fn(colour.width(), colour.height(), |x, y| {
        let [r, g, b] = colour.at(x, y);
        [r, g, b, 1.0 - (1.0 - lines.at(x, y)) * (1.0 - blacks.at(x, y))].map(|value| value.clamp(0.0, 1.0))
    })
}
