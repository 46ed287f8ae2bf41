//! How far two pictures are apart. Both sides must have the same length; slices of pixels go in `as_flattened()`.

/// What can be measured: bytes, white being 255, and floats, white being 1.
pub trait Sample: Copy {
    /// The value of white.
    const PEAK: f64;

    /// The value as a float.
    fn number(self) -> f64;
}

impl Sample for u8 {
    const PEAK: f64 = 255.0;

    fn number(self) -> f64 {
        self.into()
    }
}

impl Sample for f32 {
    const PEAK: f64 = 1.0;

    fn number(self) -> f64 {
        self.into()
    }
}

/// Peak signal-to-noise ratio in decibels; infinite for equal pictures.
#[track_caller]
pub fn psnr<T: Sample>(a: &[T], b: &[T]) -> f64 {
    let squares: f64 = differences(a, b).map(|difference| difference * difference).sum();
    10.0 * (T::PEAK * T::PEAK * a.len() as f64 / squares).log10()
}

/// Mean absolute difference, in the units of the samples.
#[track_caller]
pub fn mean_abs_diff<T: Sample>(a: &[T], b: &[T]) -> f64 {
    differences(a, b).sum::<f64>() / a.len().max(1) as f64
}

/// Largest absolute difference, in the units of the samples. Infinite if a value is not a number, which `max` alone
/// would pass over.
#[track_caller]
pub fn max_abs_diff<T: Sample>(a: &[T], b: &[T]) -> f64 {
    differences(a, b).fold(0.0, f64::max)
}

#[track_caller]
fn differences<T: Sample>(a: &[T], b: &[T]) -> impl Iterator<Item = f64> {
    assert_eq!(a.len(), b.len(), "pictures of different sizes cannot be compared");
    a.iter().zip(b).map(|(a, b)| {
        let difference = (a.number() - b.number()).abs();
        if difference.is_nan() { f64::INFINITY } else { difference }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_pictures_are_not_apart() {
        assert_eq!(psnr(&[1u8, 2], &[1, 2]), f64::INFINITY);
        assert_eq!(max_abs_diff(&[0.5f32], &[0.5]), 0.0);
        assert_eq!(mean_abs_diff::<u8>(&[], &[]), 0.0);
    }

    #[test]
    fn known_differences_are_found() {
        let (a, b) = ([10u8, 20, 30, 40], [10u8, 22, 30, 36]);
        assert_eq!(max_abs_diff(&a, &b), 4.0);
        assert_eq!(mean_abs_diff(&a, &b), 1.5);
        // Mean square 5: 10 log10(65025 / 5).
        assert!((psnr(&a, &b) - 41.1411).abs() < 1e-3);
        // A tenth of the peak everywhere is 20 dB.
        assert!((psnr(&[0.5f32; 3], &[0.6; 3]) - 20.0).abs() < 1e-4);
    }

    #[test]
    fn what_is_not_a_number_is_infinitely_far() {
        assert_eq!(max_abs_diff(&[f32::NAN, 0.0], &[0.0, 0.0]), f64::INFINITY);
        assert_eq!(psnr(&[f32::NAN], &[f32::NAN]), f64::NEG_INFINITY);
    }
}
