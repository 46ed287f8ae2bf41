//! Weights of convolutions in 8 bits.

/// Largest magnitude of a code, the same on both sides of zero.
const LARGEST: f32 = 127.0;

/// The weights of one output channel in 8 bits: `weight` is about `code * step`.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightCodes {
    /// Between -127 and 127, in the order of the weights.
    pub codes: Vec<i8>,
    /// The largest magnitude of the weights over 127; 1 if there are only zeros.
    pub step: f32,
}

/// Codes for the weights `[inputs][taps]` of one output channel, all finite.
///
/// Each weight goes to the code above or below it such that the sum over the taps of an input is kept to half a step.
/// Neighbouring pixels are much alike, so what a rounding error costs is decided by that sum: for nine taps rounded each to
/// its nearest code it would be off by up to four and a half steps. On the shipped model this is worth 4 to 5 dB.
///
/// # Panics
/// If `taps` is zero or does not divide the number of weights.
pub fn weight_codes(weights: &[f32], taps: usize) -> WeightCodes {
    assert!(taps > 0 && weights.len().is_multiple_of(taps), "{} weights for {taps} taps", weights.len());
    let largest = weights.iter().fold(0.0f32, |largest, weight| largest.max(weight.abs()));
    let step = if largest > 0.0 { largest / LARGEST } else { 1.0 };
    let codes = weights.chunks_exact(taps).flat_map(|kernel| kernel_codes(kernel, step)).collect();
    WeightCodes { codes, step }
}

/// The nearest codes, some of them moved to the other side so that their sum is right.
fn kernel_codes(kernel: &[f32], step: f32) -> Vec<i8> {
    // A step so small that it is rounded itself can lead beyond the largest code.
    let exact: Vec<f32> = kernel.iter().map(|weight| (weight / step).clamp(-LARGEST, LARGEST)).collect();
    let mut codes: Vec<i8> = exact.iter().map(|value| value.round_ties_even() as i8).collect();
    let excess = |tap: usize| f32::from(exact[tap].round_ties_even() as i8) - exact[tap];
    let sum: f32 = (0..kernel.len()).map(excess).sum();
    // Those that went furthest in the direction of the sum go to the code on the other side. There are enough of them:
    // none went further than half a code.
    let mut order: Vec<usize> = (0..kernel.len()).collect();
    order.sort_by(|&a, &b| (excess(b) * sum.signum()).total_cmp(&(excess(a) * sum.signum())));
    for &tap in order.iter().take(sum.abs().round_ties_even() as usize) {
        codes[tap] -= sum.signum() as i8;
    }
    codes
}

#[cfg(test)]
mod tests {
    use inkcast_kit::noise::Random;

    use super::*;

    #[test]
    fn codes_by_hand() {
        // The step is 0.1. One tap for each input: the nearest code.
        let coded = weight_codes(&[-12.7, 0.0, 6.0, 0.04, 0.06], 1);
        assert!((coded.step - 0.1).abs() < 1e-6);
        assert_eq!(coded.codes, [-127, 0, 60, 0, 1]);
        assert_eq!(weight_codes(&[0.0, -0.0], 2), WeightCodes { codes: vec![0, 0], step: 1.0 });
    }

    #[test]
    fn taps_make_up_for_each_other() {
        // In codes: 127 alone, then 0.4 four times, the sum 1.6: two of them become 1.
        let codes = weight_codes(&[127.0, 0.0, 0.0, 0.0, 0.4, 0.4, 0.4, 0.4], 4).codes;
        assert_eq!(codes, [127, 0, 0, 0, 1, 1, 0, 0]);
        // -0.4 twice, -0.3 and -127: the sum is 1.1 too high; the one that went furthest makes up for it.
        assert_eq!(weight_codes(&[-0.3, -0.4, -0.4, -127.0], 4).codes, [0, -1, 0, -127]);
    }

    #[test]
    fn no_code_is_a_step_away_and_no_sum_half_a_step() {
        let mut random = Random::new(3);
        for _ in 0..200 {
            let weights: Vec<f32> = (0..9 * 16).map(|_| random.between(-2.0, 2.0)).collect();
            let WeightCodes { codes, step } = weight_codes(&weights, 9);
            for (weights, codes) in weights.chunks(9).zip(codes.chunks(9)) {
                let errors: Vec<f32> = weights.iter().zip(codes).map(|(w, &c)| f32::from(c) - w / step).collect();
                assert!(errors.iter().all(|error| error.abs() < 1.0 + 1e-4), "{errors:?}");
                assert!(errors.iter().sum::<f32>().abs() <= 0.5 + 1e-4, "{errors:?}");
            }
        }
    }
}
