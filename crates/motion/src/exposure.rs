use inkcast_frame::Plane;
use inkcast_kernels::Bordered;

use crate::ordered;

/// A change of brightness of the whole picture: the previous frame's luma `v` became `gain * v + offset`, limited to
/// 0..1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exposure {
    /// Factor.
    pub gain: f32,
    /// Added after the factor, in luma 0..1.
    pub offset: f32,
}

impl Default for Exposure {
    fn default() -> Self {
        Exposure { gain: 1.0, offset: 0.0 }
    }
}

/// Pixels looked at along a side, at most.
const ACROSS: usize = 48;
/// Rounds of reweighting.
const ROUNDS: usize = 8;
/// Values at the ends of the range may be limited ones: they say nothing of the gain.
const LIMITED: [f32; 2] = [0.02, 0.98];
/// Pairs without which nothing is said.
const FEWEST: usize = 16;
/// A change counts if it makes the typical difference this much smaller, a correction of one that was found already if
/// this much, and both only above this difference of luma.
const BETTER: f32 = 0.75;
const CORRECTED: f32 = 0.9;
/// Before motion is known, which may hide most of a change, this much is enough: a wrong guess is corrected later.
const LIKELIER: f32 = 0.97;
const NOTABLE: f32 = 0.8 / 255.0;

/// The change of brightness between two frames before anything is known of motion: what makes mean and contrast equal, if
/// that makes pixels at the same place more alike. A search without it would look for places of the right contrast.
pub(crate) fn guess(previous: &Bordered, current: &Bordered) -> Exposure {
    let mut memory = [[0.0f32; 2]; ACROSS * ACROSS];
    let pairs = collect(previous, current, |_, _| [0.0; 2], Exposure::default(), &mut memory);
    if pairs.len() < FEWEST {
        return Exposure::default();
    }
    let (before, change) = (typical(pairs, Exposure::default()), equal_moments(pairs));
    let is_better = before > NOTABLE && typical(pairs, change) < LIKELIER * before;
    if is_better && change.is_sound() { change } else { Exposure::default() }
}

/// The change of brightness between two frames that `flow` connects: a straight line through the pairs of luma, by least
/// squares that are reweighted by Cauchy's function, so that what moved or appeared does not bend it.
///
/// To `so_far`, which `previous` has been through, the change is added.
pub(crate) fn refine(previous: &Bordered, current: &Bordered, flow: &Plane<[f32; 2]>, so_far: Exposure) -> Exposure {
    let mut memory = [[0.0f32; 2]; ACROSS * ACROSS];
    let pairs = collect(previous, current, |x, y| flow.at(x, y), so_far, &mut memory);
    if pairs.len() < FEWEST {
        return so_far;
    }
    let before = typical(pairs, Exposure::default());
    let mut change = equal_moments(pairs);
    for _ in 0..ROUNDS {
        change = fit(pairs, change, (2.0 * typical(pairs, change)).max(NOTABLE));
    }
    let is_first = so_far == Exposure::default();
    if is_first && before < NOTABLE || typical(pairs, change) >= before * if is_first { BETTER } else { CORRECTED } {
        return so_far;
    }
    let found = Exposure { gain: change.gain * so_far.gain, offset: change.gain * so_far.offset + change.offset };
    if found.is_sound() { found } else { so_far }
}

impl Exposure {
    fn is_sound(self) -> bool {
        (0.2..=5.0).contains(&self.gain) && self.offset.abs() <= 1.0
    }
}

/// Luma of the previous frame, which has been through `so_far`, and of the new one at some places, without what may have
/// been limited by a camera.
fn collect<'a>(
    previous: &Bordered,
    current: &Bordered,
    flow: impl Fn(usize, usize) -> [f32; 2],
    so_far: Exposure,
    memory: &'a mut [[f32; 2]],
) -> &'a [[f32; 2]] {
    let (width, height) = current.size();
    let [darkest, brightest] = LIMITED.map(|value| so_far.gain * value + so_far.offset);
    let mut count = 0;
    let stride = |length: usize| length.div_ceil(ACROSS);
    for y in (0..height).step_by(stride(height)) {
        for x in (0..width).step_by(stride(width)) {
            let [dx, dy] = flow(x, y);
            // To the nearest pixel: between pixels, contrast is lost.
            let from_x = (x as f32 + dx + 0.5).floor().clamp(0.0, width as f32 - 1.0) as isize;
            let from_y = (y as f32 + dy + 0.5).floor().clamp(0.0, height as f32 - 1.0) as isize;
            let pair = [previous.at(from_x, from_y), current.at(x as isize, y as isize)];
            if (darkest..=brightest).contains(&pair[0]) && (LIMITED[0]..=LIMITED[1]).contains(&pair[1]) {
                memory[count] = pair;
                count += 1;
            }
        }
    }
    &memory[..count]
}

/// The median of what is left of the differences.
fn typical(pairs: &[[f32; 2]], Exposure { gain, offset }: Exposure) -> f32 {
    let mut differences = [0.0; ACROSS * ACROSS];
    differences.iter_mut().zip(pairs).for_each(|(to, [p, c])| *to = (c - gain * p - offset).abs());
    let differences = &mut differences[..pairs.len()];
    *differences.select_nth_unstable_by(pairs.len() / 2, f32::total_cmp).1
}

/// What makes mean and contrast equal.
fn equal_moments(pairs: &[[f32; 2]]) -> Exposure {
    equal(ordered::sums(pairs.len(), |i| {
        let [p, c] = pairs[i].map(f64::from);
        [1.0, p, c, p * p, c * c]
    }))
}

/// One round of the weighted major axis: equal mean and contrast where the line so far fits. Least squares would take
/// noise in the previous frame for a loss of contrast.
fn fit(pairs: &[[f32; 2]], start: Exposure, scale: f32) -> Exposure {
    equal(ordered::sums(pairs.len(), |i| {
        let [p, c] = pairs[i];
        let r = (c - start.gain * p - start.offset) / scale;
        let weight = f64::from(1.0 / (1.0 + r * r));
        let (p, c) = (f64::from(p), f64::from(c));
        [1.0, p, c, p * p, c * c].map(|term| weight * term)
    }))
}

/// The change that makes mean and contrast equal, from the sums of weights, values and squares.
fn equal([w, wp, wc, wpp, wcc]: [f64; 5]) -> Exposure {
    let (p, c) = (wpp - wp * wp / w, wcc - wc * wc / w);
    // A picture of one brightness has no gain to find.
    let gain = if p > 1e-4 * w { (c / p).sqrt() } else { 1.0 };
    Exposure { gain: gain as f32, offset: ((wc - gain * wp) / w) as f32 }
}
