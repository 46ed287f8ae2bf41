use inkcast_frame::Plane;
use inkcast_kernels::Bordered;

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
/// A change counts if it makes the typical difference this much smaller, and only above this difference of luma.
const BETTER: f32 = 0.75;
const NOTABLE: f32 = 0.8 / 255.0;

/// The change of brightness between two frames that `flow` connects: a straight line through the pairs of luma, by least
/// squares that are reweighted by Cauchy's function, so that what moved or appeared does not bend it.
pub(crate) fn estimate(previous: &Bordered, current: &Bordered, flow: &Plane<[f32; 2]>) -> Exposure {
    let (width, height) = current.size();
    let mut pairs = [[0.0f32; 2]; ACROSS * ACROSS];
    let mut count = 0;
    let stride = |length: usize| length.div_ceil(ACROSS);
    for y in (0..height).step_by(stride(height)) {
        for x in (0..width).step_by(stride(width)) {
            let [dx, dy] = flow.at(x, y);
            // Halves go up, to the nearest pixel.
            let from_x = (x as f32 + dx + 0.5).floor().clamp(0.0, width as f32 - 1.0) as isize;
            let from_y = (y as f32 + dy + 0.5).floor().clamp(0.0, height as f32 - 1.0) as isize;
            let pair = [previous.at(from_x, from_y), current.at(x as isize, y as isize)];
            if pair.iter().all(|value| (LIMITED[0]..=LIMITED[1]).contains(value)) {
                pairs[count] = pair;
                count += 1;
            }
        }
    }
    if count < 16 {
        return Exposure::default();
    }
    let pairs = &pairs[..count];
    let mut scratch = [0.0; ACROSS * ACROSS];
    let typical_before = median(pairs, &mut scratch, |[p, c]| (c - p).abs());
    if typical_before < NOTABLE {
        return Exposure::default();
    }
    let offset = median(pairs, &mut scratch, |[p, c]| c - p);
    let mut best = Exposure { gain: 1.0, offset };
    for _ in 0..ROUNDS {
        let Exposure { gain, offset } = best;
        let typical = median(pairs, &mut scratch, |[p, c]| (c - gain * p - offset).abs());
        best = fit(pairs, best, (2.0 * typical).max(NOTABLE));
    }
    let Exposure { gain, offset } = best;
    let typical_after = median(pairs, &mut scratch, |[p, c]| (c - gain * p - offset).abs());
    let is_sound = (0.2..=5.0).contains(&gain) && offset.abs() <= 1.0;
    if is_sound && typical_after < BETTER * typical_before { best } else { Exposure::default() }
}

/// One round of weighted least squares.
fn fit(pairs: &[[f32; 2]], start: Exposure, scale: f32) -> Exposure {
    let [mut w, mut wp, mut wc, mut wpp, mut wpc] = [0.0f64; 5];
    for &[p, c] in pairs {
        let r = (c - start.gain * p - start.offset) / scale;
        let weight = f64::from(1.0 / (1.0 + r * r));
        let (p, c) = (f64::from(p), f64::from(c));
        w += weight;
        wp += weight * p;
        wc += weight * c;
        wpp += weight * p * p;
        wpc += weight * p * c;
    }
    let variance = wpp - wp * wp / w;
    // A picture of one brightness has no gain to find.
    let gain = if variance > 1e-4 * w { (wpc - wp * wc / w) / variance } else { 1.0 };
    Exposure { gain: gain as f32, offset: ((wc - gain * wp) / w) as f32 }
}

fn median(pairs: &[[f32; 2]], scratch: &mut [f32], value: impl Fn([f32; 2]) -> f32) -> f32 {
    let scratch = &mut scratch[..pairs.len()];
    scratch.iter_mut().zip(pairs).for_each(|(to, &pair)| *to = value(pair));
    *scratch.select_nth_unstable_by(pairs.len() / 2, f32::total_cmp).1
}
