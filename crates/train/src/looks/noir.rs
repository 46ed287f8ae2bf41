use inkcast_frame::Plane;

use super::blur::gaussian;
use super::solids::without_specks;
use super::tone::smooth_step;
use super::{Analysis, Layers, layers};

/// Black and white in large areas, with one grey between them, as in a film by lamp light.
///
/// Two soft thresholds, in the light that an orange filter lets through, each follow the mean around a pixel part of the
/// way: shapes stay apart in the dark, and a field of one lightness still has one colour. Areas too small to cut with a
/// knife go (area opening, Vincent 1993). Lines are black on white and grey, and are scraped out of black on the lighter
/// side of an edge, as in scratchboard, so that a dark figure in the dark keeps its outline.
pub(super) fn layers_of(analysis: &Analysis) -> Layers {
    let scale = analysis.scale;
    let soft = gaussian(&analysis.skin_grey, scale.px(1.2));
    let around = gaussian(&analysis.skin_grey, scale.px(12.0));
    let (width, height) = soft.size();
    let blacks = Plane::from_fn(width, height, |x, y| {
        let threshold = 0.13 + 0.50 * around.at(x, y).clamp(0.0, 0.6);
        smooth_step(-0.02, 0.02, threshold - soft.at(x, y))
    });
    let blacks = without_specks(&blacks, 80.0, scale);
    // Below white and above black lies the grey.
    let whites = Plane::from_fn(width, height, |x, y| {
        let threshold = 0.43 + 0.16 * around.at(x, y);
        smooth_step(-0.02, 0.02, soft.at(x, y) - threshold)
    });
    let whites = without_specks(&whites, 80.0, scale);
    let colour = Plane::from_fn(width, height, |x, y| [0.5 + 0.5 * whites.at(x, y); 3]);
    layers(&colour, |x, y| {
        let black = blacks.at(x, y) * (1.0 - analysis.lines.light.at(x, y));
        1.0 - (1.0 - black) * (1.0 - analysis.lines.dark.at(x, y) * (1.0 - blacks.at(x, y)))
    })
}
