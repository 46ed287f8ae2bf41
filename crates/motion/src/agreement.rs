use inkcast_frame::Plane;
use rayon::prelude::*;

/// What the flow back says, and whether brightness changed by and large: both on half the grid.
pub(crate) struct Halves<'a> {
    /// The flow at full size.
    pub forward: &'a Plane<[f32; 2]>,
    /// The flow from the previous frame to the new one, half as large, in its own pixels.
    pub backward: &'a Plane<[f32; 2]>,
    /// Difference in luma at half size.
    pub difference: &'a Plane,
    /// Noise of a pixel's difference as a standard deviation.
    pub noise: f32,
}

/// Distance between where a pixel starts and where flow and flow back lead, squared, up to which both agree and from
/// which on they do not: relative to the squares of both, and in addition, in pixels of the full grid. Ruder et al. (2016)
/// draw one line at 0.01 and 0.5.
const AGREE: [f32; 2] = [0.007, 0.35];
const DISAGREE: [f32; 2] = [0.02, 1.0];
/// Mean change of luma around a block that is trusted in full, and from which on it is not at all. Pixels average out
/// their noise here, so that this sees what a change of single pixels hides: light that wanders, a scene that dissolves.
const STEADY: f32 = 1.2 / 255.0;
const CHANGED: f32 = 5.0 / 255.0;
/// Reach of that mean in pixels of the half grid.
const AROUND: usize = 2;

/// Writes what both say of each block of 2x2 pixels, 0..1.
pub(crate) fn judge(halves: &Halves<'_>, columns: &mut Plane, agreement: &mut Plane) {
    let (width, height) = halves.backward.size();
    columns.resize(width, height);
    agreement.resize(width, height);
    let sums = columns.data_mut().par_chunks_mut(width).with_min_len(16);
    sums.enumerate().for_each(|(y, out)| {
        let rows = y.saturating_sub(AROUND)..(y + AROUND + 1).min(height);
        let scale = 1.0 / rows.len() as f32;
        out.fill(0.0);
        rows.for_each(|y| out.iter_mut().zip(halves.difference.row(y)).for_each(|(sum, value)| *sum += value));
        out.iter_mut().for_each(|sum| *sum *= scale);
    });
    let columns = &*columns;
    let steady = STEADY + 0.5 * halves.noise;
    let scale = 1.0 / (CHANGED - STEADY);
    let lines = agreement.data_mut().par_chunks_mut(width).with_min_len(16);
    lines.enumerate().for_each(|(y, out)| {
        for (x, out) in out.iter_mut().enumerate() {
            let around = &columns.row(y)[x.saturating_sub(AROUND)..(x + AROUND + 1).min(width)];
            let change = (around.iter().sum::<f32>() / around.len() as f32).abs();
            *out = falling(1.0 - (change - steady) * scale) * consistency(halves, x, y);
        }
    });
}

/// Whether the flow back leads to where the flow came from.
fn consistency(halves: &Halves<'_>, x: usize, y: usize) -> f32 {
    let forward = |dx: usize, dy: usize| halves.forward.at_clamped((2 * x + dx) as isize, (2 * y + dy) as isize);
    let (a, b, c, d) = (forward(0, 0), forward(1, 0), forward(0, 1), forward(1, 1));
    let [fx, fy] = [0, 1].map(|i| 0.25 * ((a[i] + b[i]) + (c[i] + d[i])));
    let (from_x, from_y) = (x as f32 + 0.5 * fx, y as f32 + 0.5 * fy);
    let (width, height) = halves.backward.size();
    let (right, bottom) = (width as f32 - 0.5, height as f32 - 0.5);
    // Written so that a flow that is not a number counts as outside.
    if !(from_x >= -0.5 && from_y >= -0.5 && from_x <= right && from_y <= bottom) {
        return 0.0;
    }
    let near = |value: f32, count: usize| ((value + 0.5) as usize).min(count - 1);
    let [bx, by] = halves.backward.at(near(from_x, width), near(from_y, height)).map(|value| 2.0 * value);
    let square = |x: f32, y: f32| x * x + y * y;
    let (apart, speed) = (square(fx + bx, fy + by), square(fx, fy) + square(bx, by));
    let (agree, disagree) = (AGREE[0] * speed + AGREE[1], DISAGREE[0] * speed + DISAGREE[1]);
    falling((disagree - apart) / (disagree - agree))
}

/// From 0 to 1 as `t` does, smoothly.
fn falling(t: f32) -> f32 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
