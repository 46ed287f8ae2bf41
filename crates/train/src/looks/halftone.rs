use super::solids::solid_blacks;
use super::tone::{smooth_step, soft_quantise};
use super::{Analysis, Layers, lab, layers, map};

/// Lines and blacks over light, strong colour, to be printed in dots of yellow, magenta and cyan.
///
/// Steps are made of lightness alone. Steps of each process colour would shift the hue: the least cast of an almost white
/// wall would jump to a quarter of magenta. For the same reason nearly neutral colour becomes neutral, and the last
/// traces of colour near white become paper. Skin keeps its hue and is lightened, so that few dots lie on a face.
pub(super) fn layers_of(analysis: &Analysis) -> Layers {
    let colour = map(&analysis.flat, |rgb| {
        let [lightness, a, b] = lab::from_rgb(rgb);
        let chroma = a.hypot(b);
        // Casts of nearly neutral colours would become dots of a single ink.
        let colourful = 1.5 * smooth_step(0.02, 0.14, chroma);
        // Strong colour is not lightened as much: it would lose its strength.
        let exponent = 0.62 + 0.25 * smooth_step(0.2, 0.6, chroma);
        let light = soft_quantise((lightness * 1.04).clamp(0.0, 1.0).powf(exponent), 5.0, 1.4);
        let [r, g, b] = lab::to_rgb([light, colourful * a, colourful * b]);
        [r, g, b].map(|value| (1.0 - 1.06 * (1.0 - value - 0.055).max(0.0)).clamp(0.0, 1.0))
    });
    let blacks = solid_blacks(&analysis.dim, 0.54, 0.17, 0.29, analysis.scale);
    layers(&colour, |x, y| 1.0 - (1.0 - analysis.lines.dark.at(x, y)) * (1.0 - blacks.at(x, y)))
}
