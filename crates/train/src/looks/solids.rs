use inkcast_frame::Plane;

use super::blur::gaussian;
use super::map;
use super::specks::keep_components;
use super::tone::sigmoid;

/// Coverage of solid black, 0..1, of a smoothed grey picture.
///
/// What is dark beside something light is black, as hair against a wall: the threshold is `share` of the mean around a
/// pixel, at least `least` and at most `most`, so that night scenes keep their shapes. Specks of either colour go.
pub(super) fn solid_blacks(grey: &Plane, share: f32, least: f32, most: f32) -> Plane {
    const SMALLEST: usize = 40;
    let around = gaussian(grey, 10.0);
    let soft = gaussian(grey, 0.8);
    let (width, height) = grey.size();
    let coverage = Plane::from_fn(width, height, |x, y| {
        let threshold = (share * around.at(x, y)).clamp(least, most);
        sigmoid(90.0 * (threshold - soft.at(x, y)))
    });
    let black = keep_components(&coverage, 0.5, 0.6, SMALLEST);
    let white = keep_components(&map(&coverage, |value| 1.0 - value), 0.5, 0.6, SMALLEST);
    let cleaned = Plane::from_fn(width, height, |x, y| {
        let value = coverage.at(x, y);
        match value > 0.5 {
            true if !black.at(x, y) => 0.0,
            false if !white.at(x, y) => 1.0,
            _ => value,
        }
    });
    gaussian(&cleaned, 0.5)
}
