use inkcast_frame::Plane;

use super::Flow;
use super::sampling::bilinear;

/// The warping error: mean square of the difference between `current` and `previous` moved along `flow`, over the pixels
/// that are `visible` in both and over RGB in 0..1. `None` where nothing is visible.
///
/// The definition is that of Lai, Huang, Wang, Shechtman, Yumer, Yang: "Learning Blind Video Temporal Consistency",
/// ECCV 2018.
pub fn warping_error(
    previous: &Plane<[u8; 3]>,
    current: &Plane<[u8; 3]>,
    flow: &Flow,
    visible: &Plane<bool>,
) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0u64);
    for y in 0..current.height() {
        // Rows in single precision, their sums in double: exact enough, and fast.
        let mut row = 0.0f32;
        for (x, _) in visible.row(y).iter().enumerate().filter(|(_, visible)| **visible) {
            let [dx, dy] = flow.at(x, y);
            let moved = bilinear(previous, x as f32 + dx, y as f32 + dy);
            let here = current.at(x, y);
            row += (0..3).map(|channel| (f32::from(here[channel]) - moved[channel]).powi(2)).sum::<f32>();
            count += 1;
        }
        sum += f64::from(row);
    }
    (count > 0).then(|| sum / (255.0 * 255.0 * 3.0 * count as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(from: usize) -> Plane<[u8; 3]> {
        Plane::from_fn(20, 10, |x, y| [(4 * (x + from)) as u8, (3 * y) as u8, 50])
    }

    #[test]
    fn what_only_moves_has_no_error() {
        let flow = Plane::from_fn(20, 10, |_, _| [1.5, 0.0]);
        let inside = Plane::from_fn(20, 10, |x, _| x < 18);
        let half = Plane::from_fn(20, 10, |x, y| [(4 * x + 6) as u8, (3 * y) as u8, 50]);
        assert_eq!(warping_error(&ramp(0), &half, &flow, &inside), Some(0.0));
        assert!(warping_error(&ramp(0), &half, &Plane::new(20, 10), &inside).unwrap() > 1e-4);
    }

    #[test]
    fn an_even_difference_is_its_own_square() {
        let all = Plane::from_fn(20, 10, |_, _| true);
        let black = Plane::new(20, 10);
        let grey = Plane::from_fn(20, 10, |_, _| [51; 3]);
        let error = warping_error(&black, &grey, &Plane::new(20, 10), &all).unwrap();
        assert!((error - 0.04).abs() < 1e-9, "{error}");
        // Only one channel of three.
        let red = Plane::from_fn(20, 10, |_, _| [51, 0, 0]);
        let error = warping_error(&black, &red, &Plane::new(20, 10), &all).unwrap();
        assert!((error - 0.04 / 3.0).abs() < 1e-9, "{error}");
    }

    #[test]
    fn covered_pixels_do_not_count() {
        let changed = Plane::from_fn(20, 10, |x, _| if x < 5 { [255; 3] } else { [0; 3] });
        let mask = Plane::from_fn(20, 10, |x, _| x >= 5);
        let (black, flow) = (Plane::new(20, 10), Plane::new(20, 10));
        assert_eq!(warping_error(&black, &changed, &flow, &mask), Some(0.0));
        assert_eq!(warping_error(&black, &changed, &flow, &Plane::new(20, 10)), None);
    }
}
