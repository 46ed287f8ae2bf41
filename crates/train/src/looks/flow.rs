use inkcast_frame::Plane;

use super::blur::gaussian;
use super::sample::bilinear;
use super::scale::Scale;
use super::{Rgb, map};

/// Where the edges of a picture run.
pub(super) struct Flow {
    /// Unit vectors along the edges; flat areas have some direction.
    pub tangents: Plane<[f32; 2]>,
    /// How much all edges around a pixel run the same way: 1 on a single line or edge, 0 in noise and leaves.
    pub coherence: Plane,
}

impl Flow {
    /// The smoothed structure tensor's direction of least change (Kang et al. 2007 as simplified by Kyprianidis and Kang
    /// 2011), summed over the colours (Di Zenzo 1986). `sigma` is the smoothing in units.
    pub fn new(picture: &Rgb, sigma: f32, scale: Scale) -> Self {
        let tensor = tensor(picture, scale);
        let smoothed = |index: usize| gaussian(&map(&tensor, |tensor| tensor[index]), scale.px(sigma));
        let (xx, xy, yy) = (smoothed(0), smoothed(1), smoothed(2));
        let (width, height) = picture.size();
        let spread = |x, y| {
            let (xx, xy, yy): (f32, f32, f32) = (xx.at(x, y), xy.at(x, y), yy.at(x, y));
            ((xx - yy).powi(2) + 4.0 * xy * xy).sqrt()
        };
        let tangents = Plane::from_fn(width, height, |x, y| {
            let (spread, xx, xy, yy) = (spread(x, y), xx.at(x, y), xy.at(x, y), yy.at(x, y));
            let largest = 0.5 * (xx + yy + spread);
            // Of the two equal forms of the eigenvector the one that does not cancel.
            let (tx, ty) = if xx < yy { (largest - xx, -xy) } else { (-xy, largest - yy) };
            let length = tx.hypot(ty);
            if length < 1e-12 { [0.0, 1.0] } else { [tx / length, ty / length] }
        });
        // A gradient of two grey levels a unit counts as nothing.
        const NOTHING: f32 = 6e-5;
        let coherence = Plane::from_fn(width, height, |x, y| spread(x, y) / (xx.at(x, y) + yy.at(x, y) + NOTHING));
        Flow { tangents, coherence }
    }

    /// Smooths `responses` along the tangents, following their curves; `sigma` is in units.
    pub fn smooth_along<const N: usize>(&self, responses: &Plane<[f32; N]>, sigma: f32, scale: Scale) -> Plane<[f32; N]>
    where
        [f32; N]: Default,
    {
        // A third of the standard deviation is a fine enough step, but no more than two units: curves are followed.
        let stride = (sigma / 3.0).clamp(1.0, 2.0);
        let step = scale.px(stride);
        let steps = (2.0 * sigma / stride).ceil() as i32;
        let bell = |i: i32| (-(stride * i as f32).powi(2) / (2.0 * sigma * sigma)).exp();
        let weights: Vec<f32> = (1..=steps).map(bell).collect();
        let total = 1.0 + 2.0 * weights.iter().sum::<f32>();
        Plane::from_fn(responses.width(), responses.height(), |x, y| {
            let mut sum = responses.at(x, y);
            for direction in [step, -step] {
                let (mut px, mut py) = (x as f32, y as f32);
                let [mut dx, mut dy] = self.tangents.at(x, y).map(|value| value * direction);
                for &weight in &weights {
                    (px, py) = (px + dx, py + dy);
                    let values = bilinear(responses, px, py);
                    (0..N).for_each(|n| sum[n] += weight * values[n]);
                    let [tx, ty] = self.tangents.at_clamped(px.round() as isize, py.round() as isize);
                    // Tangents have no sign: go on in the direction we came from.
                    let step = if tx * dx + ty * dy < 0.0 { -step } else { step };
                    (dx, dy) = (tx * step, ty * step);
                }
            }
            sum.map(|value| value / total)
        })
    }
}

/// Squares and product of the gradient in units, summed over the colours: xx, xy, yy.
fn tensor(picture: &Rgb, scale: Scale) -> Plane<[f32; 3]> {
    let (width, height) = picture.size();
    let mut sum = Plane::<[f32; 3]>::new(width, height);
    for channel in 0..3 {
        let plane = gaussian(&map(picture, |rgb| rgb[channel]), scale.px(1.0));
        // Scharr's weights, 3 10 3, over the two pixels between the columns.
        let per_unit = scale.px(1.0) / 32.0;
        for y in 0..height {
            for x in 0..width {
                let at = |dx: isize, dy: isize| plane.at_clamped(x as isize + dx, y as isize + dy);
                let across = |dy| at(1, dy) - at(-1, dy);
                let along = |dx| at(dx, 1) - at(dx, -1);
                let gx = per_unit * (3.0 * (across(-1) + across(1)) + 10.0 * across(0));
                let gy = per_unit * (3.0 * (along(-1) + along(1)) + 10.0 * along(0));
                let [xx, xy, yy] = sum.at(x, y);
                sum.row_mut(y)[x] = [xx + gx * gx, xy + gx * gy, yy + gy * gy];
            }
        }
    }
    sum
}
