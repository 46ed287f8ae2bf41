use inkcast_frame::Plane;

use super::blur::gaussian;
use super::tone::soft_quantise;
use super::{Analysis, Layers, lab, layers, luma, map, smooth};

/// Light washes with darker rims, under soft pencil lines. Grain and paper belong to the print.
///
/// The picture is simplified further than for the other looks, lightened, and laid in five washes. Pigment gathers where
/// a wash ends: density rises on the darker side of each border, found as a difference of Gaussians, and falls a little
/// on the lighter side; colour of density d is c - (c - c^2)(d - 1) (Bousseau, Kaplan, Thollot and Sillion 2006). Shadows
/// turn to violet, as painters do who own no black. Pencil lines let the colour through.
pub(super) fn layers_of(analysis: &Analysis) -> Layers {
    let scale = analysis.scale;
    let simple = smooth::rolling_guidance(&analysis.flat, 2.4, 6.0, 0.10, 3, scale);
    let wash = map(&simple, |rgb| {
        let [lightness, a, b] = lab::from_rgb(rgb);
        let light = soft_quantise((lightness * 1.08).clamp(0.0, 1.0).powf(0.75), 5.0, 2.0);
        let dark = 1.0 - light;
        lab::to_rgb([0.30 + 0.70 * light, 1.4 * a + 0.02 * dark, 1.4 * b - 0.06 * dark])
    });
    let wash = smooth::blur(&wash, 0.7, scale);
    let grey = luma(&wash);
    let (near, far) = (gaussian(&grey, scale.px(0.8)), gaussian(&grey, scale.px(4.5)));
    let colour = Plane::from_fn(wash.width(), wash.height(), |x, y| {
        let rim = far.at(x, y) - near.at(x, y);
        let density = 1.0 + (if rim > 0.0 { 9.0 } else { 4.0 } * rim).clamp(-0.25, 0.8);
        wash.at(x, y).map(|value| (value * (1.0 - (1.0 - value) * (density - 1.0))).clamp(0.0, 1.0))
    });
    layers(&colour, |x, y| 0.8 * analysis.lines.pencil.at(x, y))
}
