//! Adam with decoupled weight decay, and what keeps its steps short.

use anyhow::{Result, ensure};

/// One step of AdamW (Loshchilov and Hutter 2019).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamW {
    /// Learning rate.
    pub rate: f32,
    /// Share of itself that the running mean of the gradient keeps.
    pub first: f32,
    /// The same for the running mean of its square.
    pub second: f32,
    /// Number of the step, counted from zero since the running means were zero.
    pub step: u64,
}

/// Running means of the gradient of some numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// Of the gradient.
    pub first: Vec<f32>,
    /// Of its square.
    pub second: Vec<f32>,
}

impl Moments {
    /// Those of `count` numbers before the first step.
    pub fn zeros(count: usize) -> Self {
        Moments { first: vec![0.0; count], second: vec![0.0; count] }
    }
}

impl AdamW {
    /// Changes `values` against their gradient and, at the same time, takes the share `decay` of each away.
    pub fn change(&self, values: &mut [f32], moments: &mut Moments, gradient: &[f32], decay: f32) {
        const EPSILON: f32 = 1e-8;
        let AdamW { rate, first: keep_first, second: keep_second, step } = *self;
        let count = (step + 1).min(i32::MAX as u64) as i32;
        let (first_share, second_share) = (1.0 - keep_first.powi(count), 1.0 - keep_second.powi(count));
        let moments = moments.first.iter_mut().zip(&mut moments.second);
        for ((value, &g), (first, second)) in values.iter_mut().zip(gradient).zip(moments) {
            *first = keep_first * *first + (1.0 - keep_first) * g;
            *second = keep_second * *second + (1.0 - keep_second) * g * g;
            let change = (*first / first_share) / ((*second / second_share).sqrt() + EPSILON);
            *value -= rate * change + decay * *value;
        }
    }
}

/// Scales a gradient that is longer than `largest` down to it. Returns its length before; one that is not finite is an
/// error.
pub fn shorten(gradient: &mut [Vec<f32>], largest: f64) -> Result<f64> {
    let length = gradient.iter().flatten().map(|&g| f64::from(g).powi(2)).sum::<f64>().sqrt();
    ensure!(length.is_finite(), "the loss is no longer finite");
    let shortening = (largest / length.max(1e-12)).min(1.0) as f32;
    gradient.iter_mut().flatten().for_each(|g| *g *= shortening);
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_steps_by_hand() {
        let (mut values, mut moments) = ([1.0, 1.0], Moments::zeros(2));
        let adam = |step| AdamW { rate: 0.1, first: 0.5, second: 0.75, step };
        // Corrected for their start, the means of the first step are the gradient and its square: a step of the rate.
        adam(0).change(&mut values, &mut moments, &[2.0, -4.0], 0.0);
        assert!((values[0] - 0.9).abs() < 1e-6 && (values[1] - 1.1).abs() < 1e-6, "{values:?}");
        // First: 0.5 * 1 + 0.5 * 0 = 0.5 over 0.75; second: 0.75 * 1 = 0.75 over 1 - 0.5625; decay a tenth of 0.9.
        adam(1).change(&mut values[..1], &mut moments, &[0.0], 0.1);
        let expected = 0.9 - 0.1 * (0.5 / 0.75) / (0.75f32 / 0.4375).sqrt() - 0.09;
        assert!((values[0] - expected).abs() < 1e-6, "{} instead of {expected}", values[0]);
    }

    #[test]
    fn only_long_gradients_are_shortened() {
        let mut gradient = [vec![3.0], vec![0.0, 4.0]];
        assert_eq!(shorten(&mut gradient, 10.0).unwrap(), 5.0);
        assert_eq!(gradient, [vec![3.0], vec![0.0, 4.0]]);
        shorten(&mut gradient, 1.0).unwrap();
        assert!((gradient[0][0] - 0.6).abs() < 1e-6 && (gradient[1][1] - 0.8).abs() < 1e-6);
        let error = shorten(&mut [vec![f32::NAN]], 1.0).unwrap_err().to_string();
        assert!(error.contains("no longer finite"), "{error}");
    }
}
