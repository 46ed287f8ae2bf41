//! How far each pixel's flow can be trusted: whether the previous frame explains the pixel, whether the flow is smooth
//! there, and whether the flow back agrees.

#[cfg(test)]
mod tests;

use inkcast_frame::Plane;

use crate::Level;
use crate::vectorised::vectorised;

/// Pixels that are judged at a time, with buffers on the stack.
const TILE: usize = 128;

/// What confidence is judged from.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// From the new frame to the previous one, in pixels.
    pub flow: &'a Plane<[f32; 2]>,
    /// Difference in luma between each pixel and where the flow says that it came from; as large as the flow.
    pub difference: &'a Plane,
    /// What else speaks for each block of 2x2 pixels, 0..1; half as large, rounded up.
    pub agreement: &'a Plane,
    /// Difference up to which a pixel is explained in full, and from which on not at all.
    pub difference_range: [f32; 2],
}

/// Bend of the flow up to which it is smooth, and from which on it is torn, relative to the square of the flow and in
/// addition to it, after Ruder, Dosovitskiy, Brox: "Artistic Style Transfer for Videos" (GCPR 2016), who draw one line
/// at `0.01 |w|^2 + 0.002`; both in (pixels a pixel) squared.
pub const BEND: [[f32; 2]; 2] = [[0.014, 0.0007], [0.04, 0.002]];

/// Writes row `y` of the confidence, 0..1.
///
/// The difference is taken as a mean over 3x3 pixels, so that noise in one pixel does not decide. All levels give the
/// same bits.
///
/// # Panics
/// If sizes do not fit together or the processor lacks the level.
pub fn confidence_row(level: Level, evidence: &Evidence<'_>, y: usize, confidence: &mut [f32]) {
    let (width, height) = evidence.flow.size();
    assert_eq!(evidence.difference.size(), (width, height), "sizes of flow and difference");
    assert_eq!(evidence.agreement.size(), (width.div_ceil(2), height.div_ceil(2)), "half the size");
    assert!(y < height && confidence.len() == width, "row {y} of {width} pixels");
    judge(level, evidence, y, confidence);
}

/// Steps of confidence from 0 to 1 that a mean counts in: whole numbers add up to the same in any order.
pub const CONFIDENCE_STEPS: f32 = 65536.0;

/// The mean of the confidence of all pixels, each rounded down to a step.
pub fn mean(confidence: &Plane) -> f32 {
    let steps: u64 = confidence.data().iter().map(|value| (value * CONFIDENCE_STEPS) as u64).sum();
    (steps as f64 / (f64::from(CONFIDENCE_STEPS) * confidence.width() as f64 * confidence.height() as f64)) as f32
}

vectorised! {
/// Tiles of a row, each with a pixel more on either side.
fn judge(evidence: &Evidence<'_>, y: usize, confidence: &mut [f32]) {
    let Evidence { flow, difference, agreement, difference_range: [trusted, doubted] } = *evidence;
    let (width, height) = flow.size();
    let (above, below) = (y.saturating_sub(1), (y + 1).min(height - 1));
    let differences = [above, y, below].map(|y| difference.row(y));
    let flows = [above, y, below].map(|y| flow.row(y));
    let agreement = agreement.row(y / 2);
    let per_difference = 1.0 / (doubted - trusted);

    let mut columns = [0.0f32; TILE + 2];
    let mut judged = [0.0f32; TILE];
    for (tile, out) in confidence.chunks_mut(TILE).enumerate() {
        let (first, count) = (tile * TILE, out.len());
        // Sums of three, one column more on either side.
        for (x, sum) in (first..first + count).zip(&mut columns[1..]) {
            *sum = differences[0][x].abs() + differences[1][x].abs() + differences[2][x].abs();
        }
        let edge = |x: usize| differences.iter().map(|row| row[x].abs()).sum::<f32>();
        columns[0] = edge(first.saturating_sub(1));
        columns[count + 1] = edge((first + count).min(width - 1));

        let bend = |left: [f32; 2], right: [f32; 2], up: [f32; 2], down: [f32; 2], here: [f32; 2]| {
            let (ux, vx) = (0.5 * (right[0] - left[0]), 0.5 * (right[1] - left[1]));
            let (uy, vy) = (0.5 * (down[0] - up[0]), 0.5 * (down[1] - up[1]));
            let bend = (ux * ux + vx * vx) + (uy * uy + vy * vy);
            let speed = here[0] * here[0] + here[1] * here[1];
            let (smooth, torn) = (BEND[0][0] * speed + BEND[0][1], BEND[1][0] * speed + BEND[1][1]);
            falling((torn - bend) / (torn - smooth))
        };
        let at = |x: usize| {
            let (left, right) = (x.saturating_sub(1), (x + 1).min(width - 1));
            bend(flows[1][left], flows[1][right], flows[0][x], flows[2][x], flows[1][x])
        };
        let (from, to) = (first.max(1), (first + count).min(width.saturating_sub(1)));
        judged[0] = at(first);
        judged[count - 1] = at(first + count - 1);
        if from < to {
            let lines = flows[1][from - 1..to - 1].iter().zip(&flows[1][from + 1..to + 1]);
            let lines = lines.zip(&flows[0][from..to]).zip(&flows[2][from..to]).zip(&flows[1][from..to]);
            for (((((&left, &right), &up), &down), &here), judged) in lines.zip(&mut judged[from - first..]) {
                *judged = bend(left, right, up, down, here);
            }
        }
        for i in 0..count {
            let mean = (columns[i] + columns[i + 1] + columns[i + 2]) * (1.0 / 9.0);
            out[i] = judged[i] * falling((doubted - mean) * per_difference);
        }
        for (out, &agreement) in out.chunks_mut(2).zip(&agreement[first / 2..]) {
            out.iter_mut().for_each(|out| *out *= agreement);
        }
    }
}
}

/// From 0 to 1 as `t` does, smoothly.
#[inline(always)]
fn falling(t: f32) -> f32 {
    // What is not a number is not trusted.
    let t = if t > 0.0 { t.min(1.0) } else { 0.0 };
    t * t * (3.0 - 2.0 * t)
}
