use super::start::Start;
use super::{EDGE, HALO, TALL, Tile, WIDE};
use crate::vectorised::vectorised;

/// Weight of smoothness, of kept brightness and of kept slopes, as in OpenCV's dense inverse search.
const SMOOTHNESS: f32 = 20.0;
const BRIGHTNESS: f32 = 5.0;
const SLOPES: f32 = 10.0;
/// Below this many pixels (a pixel) a deviation counts by its square, above by its size.
const ROUND: f32 = 0.01;
/// Slopes of less than this many times the noise say little.
const FLAT: f32 = 2.0;

/// One equation for each component of the flow in each pixel: `flow = inverse (rest - mixed other + sum of weight
/// neighbour)`.
pub(super) struct Equations {
    /// The unknowns.
    pub x: Tile,
    pub y: Tile,
    /// Weight of the differences to the pixels on the right and below.
    pub weight: Tile,
    /// What one component adds to the other's equation.
    pub mixed: Tile,
    pub rest_x: Tile,
    pub rest_y: Tile,
    /// Zero where nothing moves.
    pub inverse_x: Tile,
    pub inverse_y: Tile,
}

impl Equations {
    pub fn new() -> Equations {
        let tile = [[0.0; WIDE]; TALL];
        Equations {
            x: tile,
            y: tile,
            weight: tile,
            mixed: tile,
            rest_x: tile,
            rest_y: tile,
            inverse_x: tile,
            inverse_y: tile,
        }
    }

    /// Writes row `row` of the tile: flow, and the difference that it leaves.
    pub fn finish(&self, start: &Start, row: usize, flow: &mut [[f32; 2]], difference: &mut [f32]) {
        let j = row + EDGE;
        for (i, (flow, difference)) in (EDGE..).zip(flow.iter_mut().zip(difference)) {
            let (x, y) = (self.x[j][i], self.y[j][i]);
            let slope_x = 0.5 * (start.mean[j][i + 1] - start.mean[j][i - 1]);
            let slope_y = 0.5 * (start.mean[j + 1][i] - start.mean[j - 1][i]);
            *flow = [x, y];
            *difference = start.difference[j][i] + slope_x * (x - start.x[j][i]) + slope_y * (y - start.y[j][i]);
        }
    }
}

vectorised! {
    /// The equations for the tile and its halo. `noise` is a difference of luma that says nothing.
    pub(super) fn set_up(start: &Start, noise: f32, equations: &mut Equations) {
        let Start { x, y, mean, difference } = start;
        (equations.x, equations.y) = (*x, *y);
        for j in EDGE - HALO - 1..TALL - (EDGE - HALO) {
            for i in EDGE - HALO - 1..WIDE - (EDGE - HALO) {
                let (xx, xy) = (x[j][i + 1] - x[j][i], x[j + 1][i] - x[j][i]);
                let (yx, yy) = (y[j][i + 1] - y[j][i], y[j + 1][i] - y[j][i]);
                let bend = (xx * xx + xy * xy) + (yx * yx + yy * yy);
                equations.weight[j][i] = 0.5 * SMOOTHNESS / (bend + ROUND * ROUND).sqrt();
            }
        }
        let least = FLAT * FLAT * noise * noise;
        for j in EDGE - HALO..TALL - (EDGE - HALO) {
            for i in EDGE - HALO..WIDE - (EDGE - HALO) {
                let sx = 0.5 * (mean[j][i + 1] - mean[j][i - 1]);
                let sy = 0.5 * (mean[j + 1][i] - mean[j - 1][i]);
                let sxx = 0.25 * ((mean[j][i + 2] + mean[j][i - 2]) - 2.0 * mean[j][i]);
                let syy = 0.25 * ((mean[j + 2][i] + mean[j - 2][i]) - 2.0 * mean[j][i]);
                let sxy = 0.25
                    * ((mean[j + 1][i + 1] + mean[j - 1][i - 1]) - (mean[j + 1][i - 1] + mean[j - 1][i + 1]));
                let d = difference[j][i];
                let dx = 0.5 * (difference[j][i + 1] - difference[j][i - 1]);
                let dy = 0.5 * (difference[j + 1][i] - difference[j - 1][i]);

                let steep = 1.0 / ((sx * sx + sy * sy) + least);
                let brightness = 0.5 * BRIGHTNESS * steep / (d * d * steep + ROUND * ROUND).sqrt();
                let (steep_x, steep_y) = (1.0 / ((sxx * sxx + sxy * sxy) + least), 1.0 / ((sxy * sxy + syy * syy) + least));
                let slopes = 0.5 * SLOPES / ((dx * dx * steep_x + dy * dy * steep_y) + ROUND * ROUND).sqrt();
                let (in_x, in_y) = (slopes * steep_x, slopes * steep_y);

                let a = brightness * sx * sx + (in_x * sxx * sxx + in_y * sxy * sxy);
                let b = brightness * sx * sy + (in_x * sxx * sxy + in_y * sxy * syy);
                let c = brightness * sy * sy + (in_x * sxy * sxy + in_y * syy * syy);
                let p = brightness * sx * d + (in_x * sxx * dx + in_y * sxy * dy);
                let q = brightness * sy * d + (in_x * sxy * dx + in_y * syy * dy);
                let (u, v) = (x[j][i], y[j][i]);
                let weight = &equations.weight;
                let around = (weight[j][i] + weight[j][i]) + (weight[j][i - 1] + weight[j - 1][i]);
                let moves = if u != 0.0 || v != 0.0 { 1.0 } else { 0.0 };
                equations.mixed[j][i] = b;
                equations.rest_x[j][i] = a * u + b * v - p;
                equations.rest_y[j][i] = b * u + c * v - q;
                equations.inverse_x[j][i] = moves / (a + around);
                equations.inverse_y[j][i] = moves / (c + around);
            }
        }
    }
}
