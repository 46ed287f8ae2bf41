use super::{Match, PATCH, STEP, Search};
use crate::bordered::Bordered;
use crate::lanes::{Lanes, Plain};

/// Gauss-Newton steps a patch at most.
const ITERATIONS: usize = 6;
/// A step smaller than this many pixels ends a search.
const CONVERGED: f32 = 0.03;
/// How much more than noise the mean square difference may be where the prior is believed at once. The mean of 64
/// squares of noise strays by a sixth of its value, so that 1.8 is hardly ever noise.
const EXPLAINED: f32 = 1.8;
/// What share of another motion's difference one may leave at most to be preferred to it. Between whole pixels
/// interpolation smooths noise, which may leave five eighths by itself.
const BETTER: f32 = 0.8;
const CLEARLY: f32 = 0.6;
/// What share of the difference a step has to promise to remove. Two parameters fitted to 64 values of noise remove
/// 1/32 of it, and more than this once in a thousand times.
const PROMISING: f32 = 0.2;
/// The same for a patch that does move: its noise is small beside what motion explains.
const MOVING: f32 = 0.06;
/// What a pixel of displacement costs where all around are tried, as a share of the contrast: of two places that look
/// alike the nearer one is more likely.
const FAR: f32 = 0.02;

/// Pixels of a patch.
const COUNT: f32 = (PATCH * PATCH) as f32;

pub(super) fn row(search: &Search<'_>, row: usize, found: &mut [Match]) {
    row_with(Plain, search, row, found);
}

/// The definition: one patch after another, each row of a patch as eight lanes.
#[inline(always)]
pub(super) fn row_with<L: Lanes>(l: L, search: &Search<'_>, row: usize, found: &mut [Match]) {
    let y = row * STEP;
    let mut left = [0.0; 2];
    for (i, found) in found.iter_mut().enumerate() {
        *found = one(l, search, i * STEP, y, left);
        left = found.flow;
    }
}

#[inline(always)]
fn one<L: Lanes>(l: L, search: &Search<'_>, x: usize, y: usize, left: [f32; 2]) -> Match {
    let Search { previous, current, noise, .. } = *search;
    let patch = Patch::new(l, current, x, y);
    let middle = PATCH as f32 / 2.0 - 0.5;
    let prior = search.prior.at(x as f32 + middle, y as f32 + middle);
    let start = search.start(x, y, prior);

    let still = patch.difference(l, previous, prior);
    let mut best = Match { flow: prior, error: still, contrast: patch.contrast };
    let is_still = still <= EXPLAINED * noise;
    if is_still && apart(start, prior) < 0.5 {
        return best;
    }
    if start != prior {
        // The coarser level knows more of the surroundings: where both explain the patch, neighbours should agree.
        let error = patch.difference(l, previous, start);
        let share = if is_still { CLEARLY } else { 1.0 / BETTER };
        if error < share * still {
            (best.flow, best.error) = (start, error);
        }
        if apart(left, start) > 0.5 && apart(left, prior) > 0.5 {
            let error = patch.difference(l, previous, left);
            if error < BETTER * best.error {
                (best.flow, best.error) = (left, error);
            }
        }
    }
    if search.reach > 0 {
        let (nearby, error) = patch.nearby(l, search, prior);
        if error < CLEARLY * best.error {
            (best.flow, best.error) = (nearby, error);
        }
    }
    let slope = Slope::new(l, current, x, y);
    let origin = best.flow;
    let mut at = origin;
    let promising = COUNT * if origin == prior { PROMISING } else { MOVING };
    for _ in 0..ITERATIONS {
        let (error, b) = patch.compare(l, &slope, previous, at);
        if error < best.error {
            (best.flow, best.error) = (at, error);
        } else if at != origin {
            break;
        }
        let step = slope.solve(b);
        at = [at[0] - step[0], at[1] - step[1]];
        let is_promising = (step[0] * b[0] + step[1] * b[1]) > promising * error;
        let is_near = apart(at, origin) <= PATCH as f32 && at[0].is_finite() && at[1].is_finite();
        if !is_promising || !is_near || step[0].abs().max(step[1].abs()) < CONVERGED {
            break;
        }
    }
    best
}

#[inline(always)]
fn apart(a: [f32; 2], b: [f32; 2]) -> f32 {
    (a[0] - b[0]).abs().max((a[1] - b[1]).abs())
}

/// The template: a patch of the new frame.
struct Patch<L: Lanes> {
    x: f32,
    y: f32,
    rows: [L::V; PATCH],
    contrast: f32,
}

impl<L: Lanes> Patch<L> {
    #[inline(always)]
    fn new(l: L, current: &Bordered, x: usize, y: usize) -> Self {
        let rows = rows(l, current, x as isize, y as isize);
        let mut sum = [l.splat(0.0); 2];
        let mut square = [l.splat(0.0); 2];
        for j in 0..PATCH {
            sum[j % 2] = l.add(sum[j % 2], rows[j]);
            square[j % 2] = l.add(square[j % 2], l.mul(rows[j], rows[j]));
        }
        let zero = l.splat(0.0);
        let [sum, square, ..] = l.totals([l.add(sum[0], sum[1]), l.add(square[0], square[1]), zero, zero]);
        Patch { x: x as f32, y: y as f32, rows, contrast: variance(sum, square) }
    }

    /// Mean square difference without the means.
    #[inline(always)]
    fn difference(&self, l: L, previous: &Bordered, flow: [f32; 2]) -> f32 {
        let values = sample::<L, PATCH, { PATCH + 1 }>(l, previous, self.x + flow[0], self.y + flow[1]);
        let mut sum = [l.splat(0.0); 2];
        let mut square = [l.splat(0.0); 2];
        for j in 0..PATCH {
            let r = l.sub(values[j], self.rows[j]);
            sum[j % 2] = l.add(sum[j % 2], r);
            square[j % 2] = l.add(square[j % 2], l.mul(r, r));
        }
        let zero = l.splat(0.0);
        let [sum, square, ..] = l.totals([l.add(sum[0], sum[1]), l.add(square[0], square[1]), zero, zero]);
        variance(sum, square)
    }

    /// The best of the whole pixels around the prior, and its difference.
    #[inline(always)]
    fn nearby(&self, l: L, search: &Search<'_>, prior: [f32; 2]) -> ([f32; 2], f32) {
        let reach = search.reach as i32;
        let (mut best, mut least) = ((prior, f32::INFINITY), f32::INFINITY);
        for dy in -reach..=reach {
            for dx in -reach..=reach {
                let flow = [prior[0] + dx as f32, prior[1] + dy as f32];
                let error = self.difference(l, search.previous, flow);
                let cost = error + FAR * self.contrast * apart(flow, prior);
                if cost < least {
                    (best, least) = ((flow, error), cost);
                }
            }
        }
        best
    }

    /// Mean square difference without the means, and the right side of the normal equations.
    #[inline(always)]
    fn compare(&self, l: L, slope: &Slope<L>, previous: &Bordered, flow: [f32; 2]) -> (f32, [f32; 2]) {
        let values = sample::<L, PATCH, { PATCH + 1 }>(l, previous, self.x + flow[0], self.y + flow[1]);
        let mut sums = [[l.splat(0.0); 4]; 2];
        for j in 0..PATCH {
            let r = l.sub(values[j], self.rows[j]);
            let [sum, square, x, y] = &mut sums[j % 2];
            *sum = l.add(*sum, r);
            *square = l.add(*square, l.mul(r, r));
            *x = l.add(*x, l.mul(slope.x[j], r));
            *y = l.add(*y, l.mul(slope.y[j], r));
        }
        let [even, odd] = sums;
        let [sum, square, x, y] =
            l.totals([l.add(even[0], odd[0]), l.add(even[1], odd[1]), l.add(even[2], odd[2]), l.add(even[3], odd[3])]);
        let mean = sum / COUNT;
        (variance(sum, square), [x - slope.sum[0] * mean, y - slope.sum[1] * mean])
    }
}

/// How the template changes with its place.
struct Slope<L: Lanes> {
    x: [L::V; PATCH],
    y: [L::V; PATCH],
    sum: [f32; 2],
    /// Inverse of the sum of outer products of the slopes without their mean: `[xx, xy, yy]`.
    inverse: [f32; 3],
}

impl<L: Lanes> Slope<L> {
    #[inline(always)]
    fn new(l: L, current: &Bordered, x: usize, y: usize) -> Self {
        let (left, top) = (x as isize, y as isize);
        let (mut slope_x, mut slope_y) = (rows(l, current, left + 1, top), rows(l, current, left, top + 1));
        let before: [L::V; PATCH] = rows(l, current, left - 1, top);
        let above: [L::V; PATCH] = rows(l, current, left, top - 1);
        let half = l.splat(0.5);
        let [mut x, mut y, mut xx, mut xy, mut yy] = [l.splat(0.0); 5];
        for j in 0..PATCH {
            let gx = l.mul(half, l.sub(slope_x[j], before[j]));
            let gy = l.mul(half, l.sub(slope_y[j], above[j]));
            (slope_x[j], slope_y[j]) = (gx, gy);
            x = l.add(x, gx);
            y = l.add(y, gy);
            xx = l.add(xx, l.mul(gx, gx));
            xy = l.add(xy, l.mul(gx, gy));
            yy = l.add(yy, l.mul(gy, gy));
        }
        let zero = l.splat(0.0);
        let [x, y, xx, xy] = l.totals([x, y, xx, xy]);
        let [yy, ..] = l.totals([yy, zero, zero, zero]);
        // The mean of the slopes is what a change of brightness looks like.
        let (xx, xy, yy) = (xx - x * x / COUNT, xy - x * y / COUNT, yy - y * y / COUNT);
        // A little regularity keeps a patch with one direction of texture from sliding along it.
        let damping = 1e-4 + 0.01 * (xx + yy);
        let (xx, yy) = (xx + damping, yy + damping);
        let scale = 1.0 / (xx * yy - xy * xy);
        Slope { x: slope_x, y: slope_y, sum: [x, y], inverse: [yy * scale, -xy * scale, xx * scale] }
    }

    #[inline(always)]
    fn solve(&self, b: [f32; 2]) -> [f32; 2] {
        let [xx, xy, yy] = self.inverse;
        [xx * b[0] + xy * b[1], xy * b[0] + yy * b[1]]
    }
}

/// Mean square without the mean, from sum and sum of squares.
#[inline(always)]
fn variance(sum: f32, square: f32) -> f32 {
    let variance = (square - sum * (sum / COUNT)) / COUNT;
    if variance > 0.0 { variance } else { 0.0 }
}

/// Rows of eight pixels from `(x, y)` on, which together lie within the border.
#[inline(always)]
pub(crate) fn rows<L: Lanes, const ROWS: usize>(l: L, plane: &Bordered, x: isize, y: isize) -> [L::V; ROWS] {
    let start = plane.index(x, y);
    assert!(start + (ROWS - 1) * plane.stride() + PATCH <= plane.data().len(), "outside the border");
    let mut rows = [l.splat(0.0); ROWS];
    for (j, row) in rows.iter_mut().enumerate() {
        // SAFETY: the last of these rows ends within the data, asserted above.
        *row = unsafe { l.load(plane.data().as_ptr().add(start + j * plane.stride())) };
    }
    rows
}

/// `ROWS` rows of eight pixels whose upper left one is at `(x, y)`, between pixels by linear interpolation. Places further
/// outside than the border reaches look like those at its end. `MORE` is `ROWS + 1`.
#[inline(always)]
pub(crate) fn sample<L: Lanes, const ROWS: usize, const MORE: usize>(
    l: L,
    plane: &Bordered,
    x: f32,
    y: f32,
) -> [L::V; ROWS] {
    let reach = (Bordered::BORDER - PATCH - 2) as f32;
    let x = x.max(-reach - PATCH as f32).min(plane.width() as f32 + reach);
    let y = y.max(-reach - PATCH as f32).min(plane.height() as f32 + reach);
    // Towards zero, but of a number above zero: a way to round down that every processor has.
    let (left, top) = ((x + Bordered::BORDER as f32) as i32, (y + Bordered::BORDER as f32) as i32);
    let (left, top) = (left - Bordered::BORDER as i32, top - Bordered::BORDER as i32);
    let (tx, ty) = (x - left as f32, y - top as f32);
    if tx == 0.0 && ty == 0.0 {
        return rows(l, plane, left as isize, top as isize);
    }
    let before: [L::V; MORE] = rows(l, plane, left as isize, top as isize);
    let after: [L::V; MORE] = rows(l, plane, left as isize + 1, top as isize);
    let (tx, ty) = (l.splat(tx), l.splat(ty));
    let mut out = [l.splat(0.0); ROWS];
    let mut upper = l.add(before[0], l.mul(tx, l.sub(after[0], before[0])));
    for j in 0..ROWS {
        let lower = l.add(before[j + 1], l.mul(tx, l.sub(after[j + 1], before[j + 1])));
        out[j] = l.add(upper, l.mul(ty, l.sub(lower, upper)));
        upper = lower;
    }
    out
}
