/// Pulls `value` to the nearest of `steps + 1` even steps in 0..1 (Winnemoeller et al. 2006). Between two steps it
/// turns over the more suddenly the larger `sharpness` is; near 1 it still shades a little.
pub(crate) fn soft_quantise(value: f32, steps: f32, sharpness: f32) -> f32 {
    let nearest = (value * steps).round() / steps;
    nearest + 0.5 / steps * (4.0 * sharpness * (value - nearest) * steps).tanh()
}

/// `1 / (1 + exp(-x))`.
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// 0 below `from`, 1 above `to`, a smooth way between (Hermite).
pub(crate) fn smooth_step(from: f32, to: f32, value: f32) -> f32 {
    let t = ((value - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
