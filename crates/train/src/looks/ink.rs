use super::solids::solid_blacks;
use super::tone::soft_quantise;
use super::{Analysis, Layers, Rgb, lab, layers};

/// Bold closed lines, solid blacks and flat colour: the page of an adventure comic.
///
/// Lightness is stretched and pulled to six steps (soft quantisation, Winnemoeller, Olsen and Gooch 2006) of a picture
/// whose texture is gone, and colour is a third stronger than life. The steps turn over suddenly: fills are flat, and their
/// borders lie where the smoothed picture has them. Skin is lighter and has four steps alone, so that a face is one
/// colour and its shadow. What is dark beside something light becomes black, as hair before a wall.
pub(super) fn layers_of(analysis: &Analysis) -> Layers {
    const SHARPNESS: f32 = 5.0;
    let (width, height) = analysis.flat.size();
    let colour = Rgb::from_fn(width, height, |x, y| {
        let [lightness, a, b] = lab::from_rgb(analysis.flat.at(x, y));
        let skin = analysis.lines.skin.at(x, y);
        let elsewhere = soft_quantise((1.19 * (lightness - 0.055)).clamp(0.0, 1.0), 6.0, SHARPNESS);
        let on_skin = soft_quantise(lightness.clamp(0.0, 1.0).powf(0.74), 4.0, SHARPNESS);
        let strength = 1.35 - 0.2 * skin;
        lab::to_rgb([elsewhere + skin * (on_skin - elsewhere), strength * a, strength * b])
    });
    let blacks = solid_blacks(&analysis.dim, 0.58, 0.20, 0.34, analysis.scale);
    layers(&colour, |x, y| 1.0 - (1.0 - analysis.lines.dark.at(x, y)) * (1.0 - blacks.at(x, y)))
}
