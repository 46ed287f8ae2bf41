use super::similarity::dissimilarity;

/// The terms of the loss, in order.
pub const TERMS: [&str; 6] = ["ink", "colour", "composite", "ink-edges", "composite-edges", "dissimilarity"];

/// Share of colour errors that count under solid ink: what nobody sees should still be sane.
pub(super) const UNDER_INK: f32 = 0.1;
/// Missing ink counts this many times: where the network is in doubt, a line is rather drawn than broken.
pub(super) const MISSING_INK: f32 = 2.0;
/// How much of what lies beyond 0..1 counts.
pub(super) const BEYOND: f32 = 0.05;
/// BT.709.
pub(crate) const LUMA: [f32; 3] = [0.2126, 0.7152, 0.0722];

/// The terms for one picture; `output` and `target` are four planes, red, green, blue and ink.
pub(super) fn measure(output: &[f32], target: &[f32], width: usize, height: usize) -> [f64; TERMS.len()] {
    let pixels = width * height;
    let (output, target) = (Planes(output, pixels), Planes(target, pixels));
    let (mut ink_sum, mut colour_sum, mut composite_sum) = (0.0, 0.0, 0.0);
    let mut ink_error = vec![0.0; pixels];
    let mut luma_error = vec![0.0; pixels];
    for index in 0..pixels {
        let (mine, wanted) = (output.at(index).map(clamp_softly), target.at(index));
        ink_error[index] = mine[3] - wanted[3];
        ink_sum += f64::from(ink_weight(ink_error[index]) * ink_error[index].abs());
        for c in 0..3 {
            colour_sum += f64::from(colour_weight(wanted[3]) * (mine[c] - wanted[c]).abs());
            let composite = mine[c] * (1.0 - mine[3]) - wanted[c] * (1.0 - wanted[3]);
            composite_sum += f64::from(composite.abs());
            luma_error[index] += LUMA[c] * composite;
        }
    }
    let mean = |sum: f64| sum / pixels as f64;
    let steps = |error: &[f32]| {
        let mut sum = 0.0;
        for_each_step(width, height, |a, b| sum += f64::from((error[b] - error[a]).abs()));
        mean(sum)
    };
    let (dissimilarity, _) = dissimilarity(&output.luma(), &target.luma(), width, height);
    let edges = [steps(&ink_error), steps(&luma_error)];
    [mean(ink_sum), mean(colour_sum) / 3.0, mean(composite_sum) / 3.0, edges[0], edges[1], dissimilarity]
}

/// Adds the gradient of the sum of the terms, each times its factor, to the four planes of `gradient`.
pub(super) fn add_gradient(
    output: &[f32],
    target: &[f32],
    width: usize,
    height: usize,
    factors: &[f32],
    gradient: &mut [f32],
) {
    let pixels = width * height;
    let (output, target) = (Planes(output, pixels), Planes(target, pixels));
    let unlike = match factors[5] {
        0.0 => vec![0.0; pixels],
        _ => dissimilarity(&output.luma(), &target.luma(), width, height).1,
    };
    let on_unlike = factors[5];
    let factors: Vec<f32> = factors.iter().map(|factor| factor / pixels as f32).collect();
    let (mut ink_error, mut luma_error) = (vec![0.0; pixels], vec![0.0; pixels]);
    for index in 0..pixels {
        let (mine, wanted) = (output.at(index).map(clamp_softly), target.at(index));
        ink_error[index] = mine[3] - wanted[3];
        luma_error[index] = (0..3).map(|c| LUMA[c] * (mine[c] * (1.0 - mine[3]) - wanted[c] * (1.0 - wanted[3]))).sum();
    }
    let steps = |error: &[f32]| {
        let mut pull = vec![0.0; pixels];
        for_each_step(width, height, |a, b| {
            let sign = sign(error[b] - error[a]);
            pull[b] += sign;
            pull[a] -= sign;
        });
        pull
    };
    let (ink_steps, luma_steps) = (steps(&ink_error), steps(&luma_error));
    for index in 0..pixels {
        let (raw, wanted) = (output.at(index), target.at(index));
        let mine = raw.map(clamp_softly);
        let error = ink_error[index];
        let mut ink = factors[0] * ink_weight(error) * sign(error) + factors[3] * ink_steps[index];
        for c in 0..3 {
            let composite = mine[c] * (1.0 - mine[3]) - wanted[c] * (1.0 - wanted[3]);
            let on_luma = factors[4] * luma_steps[index] + on_unlike * unlike[index];
            let on_composite = factors[2] / 3.0 * sign(composite) + LUMA[c] * on_luma;
            let on_colour = factors[1] / 3.0 * colour_weight(wanted[3]) * sign(mine[c] - wanted[c]);
            gradient[c * pixels + index] += slope(raw[c]) * (on_colour + on_composite * (1.0 - mine[3]));
            ink -= on_composite * mine[c];
        }
        gradient[3 * pixels + index] += slope(raw[3]) * ink;
    }
}

/// Four planes one after another.
struct Planes<'a>(&'a [f32], usize);

impl Planes<'_> {
    fn at(&self, index: usize) -> [f32; 4] {
        [0, 1, 2, 3].map(|channel| self.0[channel * self.1 + index])
    }

    /// Luma of colour under ink.
    fn luma(&self) -> Vec<f32> {
        let seen = |index| {
            let [r, g, b, ink] = self.at(index).map(clamp_softly);
            (LUMA[0] * r + LUMA[1] * g + LUMA[2] * b) * (1.0 - ink)
        };
        (0..self.1).map(seen).collect()
    }
}

/// Calls `step` with the indices of every two neighbours, left and right, upper and lower.
fn for_each_step(width: usize, height: usize, mut step: impl FnMut(usize, usize)) {
    for y in 0..height {
        for index in y * width..y * width + width - 1 {
            step(index, index + 1);
        }
    }
    for index in 0..width * (height - 1) {
        step(index, index + width);
    }
}

pub(crate) fn clamp_softly(value: f32) -> f32 {
    let clamped = value.clamp(0.0, 1.0);
    clamped + BEYOND * (value - clamped)
}

pub(crate) fn slope(value: f32) -> f32 {
    if (0.0..=1.0).contains(&value) { 1.0 } else { BEYOND }
}

fn colour_weight(ink: f32) -> f32 {
    UNDER_INK + (1.0 - UNDER_INK) * (1.0 - ink)
}

fn ink_weight(error: f32) -> f32 {
    if error < 0.0 { MISSING_INK } else { 1.0 }
}

/// Zero at zero, unlike `f32::signum`.
fn sign(value: f32) -> f32 {
    f32::from(value > 0.0) - f32::from(value < 0.0)
}
