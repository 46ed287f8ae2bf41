use inkcast_frame::Plane;

use super::blur::gaussian;
use super::flow::edge_tangents;
use super::specks::keep_components;
use super::{Rgb, luma};

/// Standard deviation of the finer of two Gaussians; lines come out about two pixels wide.
const FINE: f32 = 1.0;
/// The wider one, in units of the finer.
const RATIO: f32 = 1.6;
/// Standard deviation of the smoothing along lines.
const ALONG: f32 = 4.5;
/// Response from which a pixel belongs to a line, if the line is strong somewhere.
const WEAK: f32 = 0.0062;
/// Response that makes a line, and the least number of pixels that it must have.
const STRONG: (f32, usize) = (0.0145, 24);
/// The same for short strokes such as an eye far away: they must be stronger.
const SHORT: (f32, usize) = (0.022, 7);

/// Coverage of ink lines, 0..1: difference of Gaussians across the edges of `picture`, smoothed along them (Kang et al.
/// 2007, Winnemoeller et al. 2012). `calm` is the picture without noise; the lines follow it where the two differ.
///
/// A threshold for whole lines instead of pixels keeps them closed: a weak stretch stays if it is part of a line that
/// is strong elsewhere, and what is strong nowhere goes.
pub(super) fn ink_lines(picture: &Rgb, calm: &Rgb) -> Plane {
    let (detailed, calm) = (luma(picture), luma(calm));
    let (width, height) = calm.size();
    let grey = Plane::from_fn(width, height, |x, y| 0.5 * detailed.at(x, y) + 0.5 * calm.at(x, y));
    let tangents = edge_tangents(&grey, 3.0);
    let darker = along(&across(&grey, &tangents), &tangents);
    let gain = gain(&grey);
    let response = Plane::from_fn(width, height, |x, y| -darker.at(x, y) * gain.at(x, y));
    let long = keep_components(&response, WEAK, STRONG.0, STRONG.1);
    let short = keep_components(&response, WEAK, SHORT.0, SHORT.1);
    let inked = Plane::from_fn(width, height, |x, y| {
        if long.at(x, y) || short.at(x, y) { ((response.at(x, y) - WEAK) / (0.45 * WEAK)).clamp(0.0, 1.0) } else { 0.0 }
    });
    gaussian(&inked, 0.5)
}

/// How much lines count here: more where little contrast is around, less in the middle of strong texture.
fn gain(grey: &Plane) -> Plane {
    const WINDOW: f32 = 9.0;
    let mean = gaussian(grey, WINDOW);
    let square = gaussian(&super::map(grey, |value| value * value), WINDOW);
    Plane::from_fn(grey.width(), grey.height(), |x, y| {
        let deviation = (square.at(x, y) - mean.at(x, y).powi(2)).max(0.0).sqrt();
        (0.13 / (deviation + 0.05)).clamp(0.75, 1.6)
    })
}

/// Difference of Gaussians across the edge at each pixel; negative where it is darker than its surroundings.
fn across(grey: &Plane, tangents: &Plane<[f32; 2]>) -> Plane {
    let radius = (2.0 * FINE * RATIO).ceil() as i32;
    let bell = |r: i32, sigma: f32| (-((r * r) as f32) / (2.0 * sigma * sigma)).exp();
    let sum = |sigma: f32| (-radius..=radius).map(|r| bell(r, sigma)).sum::<f32>();
    let (fine_sum, wide_sum) = (sum(FINE), sum(FINE * RATIO));
    let weights: Vec<(f32, f32)> =
        (-radius..=radius).map(|r| (r as f32, bell(r, FINE) / fine_sum - bell(r, FINE * RATIO) / wide_sum)).collect();
    Plane::from_fn(grey.width(), grey.height(), |x, y| {
        let [tx, ty] = tangents.at(x, y);
        let at = |r: f32| sample(grey, x as f32 + ty * r, y as f32 - tx * r);
        weights.iter().map(|&(r, weight)| weight * at(r)).sum()
    })
}

/// Smooths `response` along the tangents, following their curves.
fn along(response: &Plane, tangents: &Plane<[f32; 2]>) -> Plane {
    let steps = (2.0 * ALONG).ceil() as i32;
    let weights: Vec<f32> = (1..=steps).map(|i| (-((i * i) as f32) / (2.0 * ALONG * ALONG)).exp()).collect();
    let total = 1.0 + 2.0 * weights.iter().sum::<f32>();
    Plane::from_fn(response.width(), response.height(), |x, y| {
        let mut sum = response.at(x, y);
        for direction in [1.0, -1.0] {
            let (mut px, mut py) = (x as f32, y as f32);
            let [mut dx, mut dy] = tangents.at(x, y).map(|value| value * direction);
            for &weight in &weights {
                (px, py) = (px + dx, py + dy);
                sum += weight * sample(response, px, py);
                let [tx, ty] = tangents.at_clamped(px.round() as isize, py.round() as isize);
                // Tangents have no sign: go on in the direction we came from.
                let sign = if tx * dx + ty * dy < 0.0 { -1.0 } else { 1.0 };
                (dx, dy) = (tx * sign, ty * sign);
            }
        }
        sum / total
    })
}

/// The bilinear value at a point; outside, edge pixels are repeated.
fn sample(plane: &Plane, x: f32, y: f32) -> f32 {
    let x = x.clamp(0.0, plane.width() as f32 - 1.0);
    let y = y.clamp(0.0, plane.height() as f32 - 1.0);
    let (left, top) = (x as usize, y as usize);
    let (right, bottom) = ((left + 1).min(plane.width() - 1), (top + 1).min(plane.height() - 1));
    let (fx, fy) = (x - left as f32, y - top as f32);
    let upper = plane.at(left, top) + fx * (plane.at(right, top) - plane.at(left, top));
    let lower = plane.at(left, bottom) + fx * (plane.at(right, bottom) - plane.at(left, bottom));
    upper + fy * (lower - upper)
}
