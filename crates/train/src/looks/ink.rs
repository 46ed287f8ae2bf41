use super::solids::solid_blacks;
use super::tone::soft_quantise;
use super::{Analysis, Layers, lab, layers, map};

/// Bold closed lines, solid blacks and flat colour: the page of an adventure comic.
///
/// Lightness is pulled to six steps (soft quantisation, Winnemoeller, Olsen and Gooch 2006) of a picture whose texture is
/// gone, and colour is a third stronger than life. The steps turn over suddenly: fills are flat, and their borders lie
/// where the smoothed picture has them. What is dark beside something light becomes black, as hair before a wall.
pub(super) fn layers_of(analysis: &Analysis) -> Layers {
    let colour = map(&analysis.flat, |rgb| {
        let [lightness, a, b] = lab::from_rgb(rgb);
        let lightness = soft_quantise(((lightness - 0.02) * 1.10).clamp(0.0, 1.0), 6.0, 3.5);
        lab::to_rgb([lightness, 1.35 * a, 1.35 * b])
    });
    let blacks = solid_blacks(&analysis.grey, 0.42, 0.11, 0.20, analysis.scale);
    layers(&colour, |x, y| 1.0 - (1.0 - analysis.lines.dark.at(x, y)) * (1.0 - blacks.at(x, y)))
}
