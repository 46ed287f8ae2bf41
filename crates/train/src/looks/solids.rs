use inkcast_frame::Plane;

use super::blur::gaussian;
use super::map;
use super::scale::Scale;
use super::specks::keep_components;
use super::tone::sigmoid;

/// Coverage of solid black, 0..1, of a smoothed grey picture.
///
/// What is dark beside something light is black, as hair against a wall: the threshold is `share` of the mean around a
/// pixel, at least `least` and at most `most`, so that night scenes keep their shapes. Specks of either colour go.
pub(super) fn solid_blacks(grey: &Plane, share: f32, least: f32, most: f32, scale: Scale) -> Plane {
    const SMALLEST: f32 = 40.0;
    let around = gaussian(grey, scale.px(11.0));
    let soft = gaussian(grey, scale.px(0.8));
    let (width, height) = grey.size();
    let coverage = Plane::from_fn(width, height, |x, y| {
        let threshold = (share * around.at(x, y)).clamp(least, most);
        sigmoid(700.0 * (threshold - soft.at(x, y)))
    });
    without_specks(&coverage, SMALLEST, scale)
}

/// Area opening and closing of a coverage: pieces and holes of less than `least` square units go.
pub(super) fn without_specks(coverage: &Plane, least: f32, scale: Scale) -> Plane {
    let least = scale.area(least);
    let black = keep_components(coverage, 0.5, 0.6, least);
    let white = keep_components(&map(coverage, |value| 1.0 - value), 0.5, 0.6, least);
    let cleaned = Plane::from_fn(coverage.width(), coverage.height(), |x, y| {
        let value = coverage.at(x, y);
        match value > 0.5 {
            true if !black.at(x, y) => 0.0,
            false if !white.at(x, y) => 1.0,
            _ => value,
        }
    });
    gaussian(&cleaned, scale.px(0.5))
}
