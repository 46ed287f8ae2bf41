use inkcast_frame::Plane;
use rayon::prelude::*;

/// Difference of luma up to which a match is trusted in full, and from which on not at all. The first is about the
/// noise of a camera.
const TRUSTED: f32 = 5.0 / 255.0;
const DOUBTED: f32 = 18.0 / 255.0;
/// The same for the change of flow from pixel to pixel: where it jumps, something moves in front of something else.
const SMOOTH: f32 = 0.15;
const TORN: f32 = 0.6;

/// Trust in `flow`, 0..1, from how well the previous frame explains the new one and how smooth the flow is there.
///
/// The difference is taken as a mean over 3x3 pixels, so that noise in one pixel does not decide.
pub(crate) fn estimate(previous: &Plane, current: &Plane, flow: &Plane<[f32; 2]>, confidence: &mut Plane) {
    let (width, height) = current.size();
    confidence.resize(width, height);
    let mut difference = Plane::new(width, height);
    difference.data_mut().par_chunks_mut(width).enumerate().for_each(|(y, out)| {
        for (x, out) in out.iter_mut().enumerate() {
            let [dx, dy] = flow.at(x, y);
            *out = (bilinear(previous, x as f32 + dx, y as f32 + dy) - current.at(x, y)).abs();
        }
    });
    confidence.data_mut().par_chunks_mut(width).enumerate().for_each(|(y, out)| {
        for (x, out) in out.iter_mut().enumerate() {
            let (x, y) = (x as isize, y as isize);
            let mut mean = 0.0;
            for dy in -1..=1 {
                for dx in -1..=1 {
                    mean += difference.at_clamped(x + dx, y + dy);
                }
            }
            let bend = bend(flow, x, y);
            *out = falling(mean / 9.0, TRUSTED, DOUBTED) * falling(bend, SMOOTH, TORN);
        }
    });
}

/// How much the flow differs between the pixels on both sides, in pixels a pixel.
fn bend(flow: &Plane<[f32; 2]>, x: isize, y: isize) -> f32 {
    let apart = |a: [f32; 2], b: [f32; 2]| 0.5 * ((a[0] - b[0]).abs() + (a[1] - b[1]).abs());
    let across = apart(flow.at_clamped(x - 1, y), flow.at_clamped(x + 1, y));
    across.max(apart(flow.at_clamped(x, y - 1), flow.at_clamped(x, y + 1)))
}

/// 1 up to `from`, 0 from `to` on, smooth between.
fn falling(value: f32, from: f32, to: f32) -> f32 {
    let t = ((to - value) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// The value between pixels; outside, the edge goes on.
pub(crate) fn bilinear(plane: &Plane, x: f32, y: f32) -> f32 {
    let (width, height) = plane.size();
    let (x, y) = (x.clamp(0.0, width as f32 - 1.0), y.clamp(0.0, height as f32 - 1.0));
    let (left, top) = (x as usize, y as usize);
    let (right, bottom) = ((left + 1).min(width - 1), (top + 1).min(height - 1));
    let (tx, ty) = (x - left as f32, y - top as f32);
    let upper = plane.at(left, top) + tx * (plane.at(right, top) - plane.at(left, top));
    let lower = plane.at(left, bottom) + tx * (plane.at(right, bottom) - plane.at(left, bottom));
    upper + ty * (lower - upper)
}
