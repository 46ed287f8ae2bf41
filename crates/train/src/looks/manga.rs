use super::solids::solid_blacks;
use super::tone::smooth_step;
use super::{Analysis, Layers, layers, map};

/// Lines, large blacks and two tones of grey on white paper; the tones are printed as a screen.
///
/// Tones have fixed borders in the light that an orange filter lets through: most skin is paper, and a face is drawn by
/// its lines alone, which is what keeps small ones readable.
pub(super) fn layers_of(analysis: &Analysis) -> Layers {
    let tone = map(&analysis.skin_grey, |grey| {
        let light = smooth_step(0.47, 0.55, grey);
        let middle = smooth_step(0.27, 0.35, grey);
        [0.42 + 0.30 * middle + 0.28 * light; 3]
    });
    let blacks = solid_blacks(&analysis.skin_grey, 0.60, 0.13, 0.30, analysis.scale);
    layers(&tone, |x, y| 1.0 - (1.0 - analysis.lines.dark.at(x, y)) * (1.0 - blacks.at(x, y)))
}
