use inkcast_frame::Plane;
use rayon::prelude::*;

use crate::confidence::bilinear;

/// Side of a patch in pixels.
const PATCH: usize = 8;
/// Distance between patches in pixels: each pixel is covered by four.
const STEP: usize = 4;
/// Gauss-Newton steps a patch at most.
const ITERATIONS: usize = 8;
/// A step smaller than this many pixels ends the search of a patch.
const CONVERGED: f32 = 0.02;
/// Difference of luma that counts as a match; larger ones weigh less when patches are merged.
const NOISE: f32 = 2.0 / 255.0;
/// How much worse, in luma per pixel, standing still may explain a patch before motion is believed: noise must not make
/// still areas crawl.
const STILL: f32 = 0.6 / 255.0;

/// Dense inverse search over a pyramid; keeps its working memory.
#[derive(Debug, Default)]
pub(crate) struct Search {
    patches: Plane<[f32; 2]>,
    coarser: Plane<[f32; 2]>,
}

impl Search {
    /// The flow from `current` to `previous`, finest level first in both, at the finest level.
    pub(crate) fn run(&mut self, previous: &[Plane], current: &[Plane], flow: &mut Plane<[f32; 2]>) {
        self.coarser = Plane::new(0, 0);
        for level in (0..current.len()).rev() {
            let (previous, current) = (&previous[level], &current[level]);
            self.search_patches(previous, current);
            flow.resize(current.width(), current.height());
            densify(&self.patches, previous, current, flow);
            std::mem::swap(&mut self.coarser, flow);
        }
        std::mem::swap(&mut self.coarser, flow);
    }

    fn search_patches(&mut self, previous: &Plane, current: &Plane) {
        let (width, height) = current.size();
        let (columns, rows) = (patches_along(width), patches_along(height));
        self.patches.resize(columns, rows);
        let coarser = &self.coarser;
        self.patches.data_mut().par_chunks_mut(columns).enumerate().for_each(|(j, out)| {
            for (i, out) in out.iter_mut().enumerate() {
                let patch = Patch::new(current, i * STEP, j * STEP);
                let start = start_from(coarser, i * STEP + PATCH / 2, j * STEP + PATCH / 2);
                *out = patch.search(previous, start);
            }
        });
    }
}

/// How many patches cover a side of `length` pixels.
fn patches_along(length: usize) -> usize {
    length.saturating_sub(PATCH).div_ceil(STEP) + 1
}

/// Twice the flow of the coarser level at the same place, zero without one.
fn start_from(coarser: &Plane<[f32; 2]>, x: usize, y: usize) -> [f32; 2] {
    if coarser.width() == 0 {
        return [0.0; 2];
    }
    coarser.at((x / 2).min(coarser.width() - 1), (y / 2).min(coarser.height() - 1)).map(|value| 2.0 * value)
}

/// A patch of the new frame: the template that is looked for in the previous one.
struct Patch {
    x: f32,
    y: f32,
    template: [f32; PATCH * PATCH],
    gradient: [[f32; 2]; PATCH * PATCH],
    /// Inverse of the sum of gradient outer products, after the mean is taken out: `[xx, xy, yy]`.
    inverse: Option<[f32; 3]>,
}

impl Patch {
    fn new(current: &Plane, left: usize, top: usize) -> Self {
        let mut template = [0.0; PATCH * PATCH];
        let mut gradient = [[0.0; 2]; PATCH * PATCH];
        for j in 0..PATCH {
            for i in 0..PATCH {
                let (x, y) = ((left + i) as isize, (top + j) as isize);
                template[j * PATCH + i] = current.at_clamped(x, y);
                gradient[j * PATCH + i] = [
                    0.5 * (current.at_clamped(x + 1, y) - current.at_clamped(x - 1, y)),
                    0.5 * (current.at_clamped(x, y + 1) - current.at_clamped(x, y - 1)),
                ];
            }
        }
        // Differences are compared without their mean, so that a step of exposure moves nothing; the gradient without
        // its mean makes the least-squares problem that of the patch's shape alone.
        let count = (PATCH * PATCH) as f32;
        let mean: [f32; 2] = std::array::from_fn(|d| gradient.iter().map(|g| g[d]).sum::<f32>() / count);
        gradient.iter_mut().for_each(|g| *g = [g[0] - mean[0], g[1] - mean[1]]);
        let sum = |f: fn(&[f32; 2]) -> f32| gradient.iter().map(f).sum::<f32>();
        let (xx, xy, yy) = (sum(|g| g[0] * g[0]), sum(|g| g[0] * g[1]), sum(|g| g[1] * g[1]));
        // A little regularity keeps a patch with one direction of texture from sliding along it.
        let damping = 1e-4 + 0.01 * (xx + yy);
        let (xx, yy) = (xx + damping, yy + damping);
        let determinant = xx * yy - xy * xy;
        let inverse = (determinant > 1e-12).then(|| [yy / determinant, -xy / determinant, xx / determinant]);
        Patch { x: left as f32, y: top as f32, template, gradient, inverse }
    }

    /// The displacement at which `previous` looks most like the patch, starting from `start`.
    fn search(&self, previous: &Plane, start: [f32; 2]) -> [f32; 2] {
        let Some(inverse) = self.inverse else { return start };
        let mut residual = [0.0; PATCH * PATCH];
        let still = self.compare(previous, [0.0; 2], &mut residual);
        if still < STILL {
            return [0.0; 2];
        }
        let (mut best, mut least) = ([0.0; 2], still - STILL);
        let mut at = start;
        for _ in 0..ITERATIONS {
            let difference = self.compare(previous, at, &mut residual);
            if difference < least {
                (best, least) = (at, difference);
            }
            let mut b = [0.0; 2];
            for (g, r) in self.gradient.iter().zip(&residual) {
                (b[0], b[1]) = (b[0] + g[0] * r, b[1] + g[1] * r);
            }
            let step = [inverse[0] * b[0] + inverse[1] * b[1], inverse[1] * b[0] + inverse[2] * b[1]];
            at = [at[0] - step[0], at[1] - step[1]];
            let far = (at[0] - start[0]).abs().max((at[1] - start[1]).abs()) > PATCH as f32;
            if far || !(at[0].is_finite() && at[1].is_finite()) || step[0].abs().max(step[1].abs()) < CONVERGED {
                break;
            }
        }
        best
    }

    /// Mean difference at a displacement; the differences without their mean go to `residual`.
    fn compare(&self, previous: &Plane, at: [f32; 2], residual: &mut [f32; PATCH * PATCH]) -> f32 {
        self.sample(previous, self.x + at[0], self.y + at[1], residual);
        let mut mean = 0.0;
        for (r, t) in residual.iter_mut().zip(&self.template) {
            *r -= t;
            mean += *r;
        }
        mean /= (PATCH * PATCH) as f32;
        residual.iter_mut().for_each(|r| *r -= mean);
        residual.iter().map(|r| r.abs()).sum::<f32>() / (PATCH * PATCH) as f32
    }

    fn sample(&self, plane: &Plane, left: f32, top: f32, out: &mut [f32; PATCH * PATCH]) {
        let (width, height) = plane.size();
        let side = PATCH as f32 + 1.0;
        let inside = left >= 0.0 && top >= 0.0 && left + side <= width as f32 && top + side <= height as f32;
        if !inside {
            for j in 0..PATCH {
                (0..PATCH).for_each(|i| out[j * PATCH + i] = bilinear(plane, left + i as f32, top + j as f32));
            }
            return;
        }
        // One position between pixels for the whole patch: its four weights are the same everywhere.
        let (x, y) = (left as usize, top as usize);
        let (tx, ty) = (left - x as f32, top - y as f32);
        let (a, b, c, d) = ((1.0 - tx) * (1.0 - ty), tx * (1.0 - ty), (1.0 - tx) * ty, tx * ty);
        for j in 0..PATCH {
            let upper = &plane.row(y + j)[x..x + PATCH + 1];
            let lower = &plane.row((y + j + 1).min(height - 1))[x..x + PATCH + 1];
            for i in 0..PATCH {
                out[j * PATCH + i] = a * upper[i] + b * upper[i + 1] + c * lower[i] + d * lower[i + 1];
            }
        }
    }
}

/// The flow of each pixel: the mean of the patches that cover it, each weighed by how well it explains the pixel.
fn densify(patches: &Plane<[f32; 2]>, previous: &Plane, current: &Plane, flow: &mut Plane<[f32; 2]>) {
    let width = current.width();
    let covering = |at: usize, count: usize| {
        let first = (at + STEP).saturating_sub(PATCH) / STEP;
        first.min(count - 1)..(at / STEP + 1).min(count)
    };
    flow.data_mut().par_chunks_mut(width).enumerate().for_each(|(y, out)| {
        for (x, out) in out.iter_mut().enumerate() {
            let here = current.at(x, y);
            let (mut sum, mut total) = ([0.0; 2], 0.0);
            for j in covering(y, patches.height()) {
                for i in covering(x, patches.width()) {
                    let [dx, dy] = patches.at(i, j);
                    let difference = (bilinear(previous, x as f32 + dx, y as f32 + dy) - here).abs();
                    let weight = 1.0 / difference.max(NOISE);
                    sum = [sum[0] + weight * dx, sum[1] + weight * dy];
                    total += weight;
                }
            }
            *out = [sum[0] / total, sum[1] / total];
        }
    });
}
