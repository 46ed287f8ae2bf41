use inkcast_frame::Plane;

/// The share of the gradients that lie below the figure.
const PERCENTILE: f64 = 0.95;

/// The 95th percentile of the magnitude of luma's gradient after Scharr, in grey levels a pixel.
pub fn sharpness(luma: &Plane<u8>) -> f64 {
    let (width, height) = luma.size();
    let mut magnitudes = Vec::with_capacity(width * height);
    for y in 0..height {
        let above = luma.row(mirrored(y as isize - 1, height));
        let (here, below) = (luma.row(y), luma.row(mirrored(y as isize + 1, height)));
        for x in 0..width {
            let (left, right) = (mirrored(x as isize - 1, width), mirrored(x as isize + 1, width));
            let at = |row: &[u8], x: usize| f32::from(row[x]);
            let across = 3.0 * (at(above, right) - at(above, left))
                + 10.0 * (at(here, right) - at(here, left))
                + 3.0 * (at(below, right) - at(below, left));
            let down = 3.0 * (at(below, left) - at(above, left))
                + 10.0 * (at(below, x) - at(above, x))
                + 3.0 * (at(below, right) - at(above, right));
            magnitudes.push((across * across + down * down).sqrt() / 32.0);
        }
    }
    percentile(&mut magnitudes)
}

/// `index` reflected at the first and last of `count`, which are not repeated.
fn mirrored(index: isize, count: usize) -> usize {
    let last = count as isize - 1;
    let reflected = if index < 0 {
        -index
    } else if index > last {
        2 * last - index
    } else {
        index
    };
    reflected.clamp(0, last) as usize
}

/// Linear between the two nearest ranks. The order of `values` is lost.
fn percentile(values: &mut [f32]) -> f64 {
    let rank = PERCENTILE * (values.len() - 1) as f64;
    let (_, lower, above) = values.select_nth_unstable_by(rank as usize, f32::total_cmp);
    let lower = f64::from(*lower);
    let upper = above.iter().copied().min_by(f32::total_cmp).map_or(lower, f64::from);
    lower + rank.fract() * (upper - lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_is_as_sharp_as_it_is_steep() {
        let ramp = Plane::from_fn(60, 40, |x, _| 4 * x as u8);
        // The central difference spans two pixels, and the filter's weights make 16 of each side: 2 * 4 * 16 / 32.
        assert_eq!(sharpness(&ramp), 4.0);
        assert_eq!(sharpness(&Plane::from_fn(60, 40, |_, y| 4 * y as u8)), 4.0);
        assert_eq!(sharpness(&Plane::from_fn(60, 40, |_, _| 77u8)), 0.0);
        assert_eq!(sharpness(&Plane::<u8>::new(1, 1)), 0.0);
    }

    #[test]
    fn the_percentile_lies_between_ranks() {
        let mut values: Vec<f32> = (0..=100).rev().map(|n| n as f32).collect();
        assert_eq!(percentile(&mut values), 95.0);
        let mut values = [0.0, 4.0, 2.0];
        assert!((percentile(&mut values) - 3.8).abs() < 1e-9);
    }

    #[test]
    fn a_blurred_edge_is_less_sharp() {
        let edge = Plane::from_fn(20, 20, |x, _| if x < 10 { 0u8 } else { 200 });
        let blurred = Plane::from_fn(20, 20, |x, _| (25 * x.saturating_sub(6)).min(200) as u8);
        assert!(sharpness(&edge) > 2.0 * sharpness(&blurred), "{} {}", sharpness(&edge), sharpness(&blurred));
    }
}
