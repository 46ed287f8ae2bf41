use inkcast_frame::Plane;

/// Mean of |a - b| over all pixels and channels.
pub fn mean_difference(a: &Plane<[u8; 3]>, b: &Plane<[u8; 3]>) -> f64 {
    let sum: u64 = a.data().iter().zip(b.data()).map(|(a, b)| u64::from(apart(*a, *b))).sum();
    sum as f64 / (3 * a.data().len()) as f64
}

/// The same over the pixels for which `mask` is `wanted`; `None` if there are none.
pub fn mean_difference_where(a: &Plane<[u8; 3]>, b: &Plane<[u8; 3]>, mask: &Plane<bool>, wanted: bool) -> Option<f64> {
    let (mut sum, mut count) = (0u64, 0u64);
    for ((a, b), is) in a.data().iter().zip(b.data()).zip(mask.data()) {
        if *is == wanted {
            sum += u64::from(apart(*a, *b));
            count += 1;
        }
    }
    (count > 0).then(|| sum as f64 / (3 * count) as f64)
}

fn apart(a: [u8; 3], b: [u8; 3]) -> u32 {
    (0..3).map(|channel| u32::from(a[channel].abs_diff(b[channel]))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_means_over_pixels_and_channels() {
        let a = Plane::from_fn(4, 2, |_, _| [10, 20, 30]);
        let b = Plane::from_fn(4, 2, |x, _| if x == 0 { [16, 11, 30] } else { [10, 20, 30] });
        assert_eq!(mean_difference(&a, &b), 15.0 / 12.0);
        assert_eq!(mean_difference(&b, &a), 15.0 / 12.0);
        let left = Plane::from_fn(4, 2, |x, _| x < 2);
        assert_eq!(mean_difference_where(&a, &b, &left, true), Some(2.5));
        assert_eq!(mean_difference_where(&a, &b, &left, false), Some(0.0));
        assert_eq!(mean_difference_where(&a, &b, &Plane::new(4, 2), true), None);
    }
}
