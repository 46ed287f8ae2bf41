use crate::looks::blur::kernel;

/// Standard deviation of the window in pixels.
pub(super) const SIGMA: f32 = 1.5;
pub(super) const C1: f32 = 0.01 * 0.01;
pub(super) const C2: f32 = 0.03 * 0.03;

/// One minus the structural similarity (Wang, Bovik, Sheikh and Simoncelli 2004) of two planes of luma, the mean over the
/// places where the whole window lies within them, and its gradient in `mine`. Planes that no window fits into are not
/// compared.
pub(super) fn dissimilarity(mine: &[f32], wanted: &[f32], width: usize, height: usize) -> (f64, Vec<f32>) {
    let kernel = kernel(SIGMA);
    let rim = kernel.len() - 1;
    if width <= rim || height <= rim {
        return (0.0, vec![0.0; width * height]);
    }
    let mean = |value: &dyn Fn(f32, f32) -> f32| {
        let values: Vec<f32> = mine.iter().zip(wanted).map(|(&a, &b)| value(a, b)).collect();
        means(&values, width, height, &kernel)
    };
    let (a, b) = (mean(&|a, _| a), mean(&|_, b| b));
    let (aa, bb, ab) = (mean(&|a, _| a * a), mean(&|_, b| b * b), mean(&|a, b| a * b));
    let count = a.len();
    let mut sum = 0.0;
    // The slopes of similarity in the means of mine, of its square and of the product.
    let [mut by_a, mut by_aa, mut by_ab] = [(); 3].map(|()| vec![0.0; count]);
    for index in 0..count {
        let (a, b) = (a[index], b[index]);
        let (variances, covariance) = (aa[index] - a * a + bb[index] - b * b + C2, 2.0 * (ab[index] - a * b) + C2);
        let (squares, product) = (a * a + b * b + C1, 2.0 * a * b + C1);
        let both = squares * variances;
        let similarity = product * covariance / both;
        sum += f64::from(1.0 - similarity);
        by_a[index] =
            2.0 * b * (covariance - product) / both + 2.0 * a * similarity * (1.0 / variances - 1.0 / squares);
        by_aa[index] = -similarity / variances;
        by_ab[index] = 2.0 * product / both;
    }
    let [by_a, by_aa, by_ab] = [by_a, by_aa, by_ab].map(|slopes| spread(&slopes, width, height, &kernel));
    let gradient = (0..mine.len()).map(|index| {
        let slope = by_a[index] + 2.0 * mine[index] * by_aa[index] + wanted[index] * by_ab[index];
        -slope / count as f32
    });
    (sum / count as f64, gradient.collect())
}

/// Weighted means over the windows that fit into a plane of `width` by `height`; the result is smaller by the kernel less
/// one.
fn means(plane: &[f32], width: usize, height: usize, kernel: &[f32]) -> Vec<f32> {
    let (columns, rows) = (width + 1 - kernel.len(), height + 1 - kernel.len());
    let mut across = vec![0.0; columns * height];
    for (row, source) in across.chunks_exact_mut(columns).zip(plane.chunks_exact(width)) {
        for (shift, &weight) in kernel.iter().enumerate() {
            row.iter_mut().zip(&source[shift..]).for_each(|(sum, value)| *sum += weight * value);
        }
    }
    let mut result = vec![0.0; columns * rows];
    for (y, row) in result.chunks_exact_mut(columns).enumerate() {
        for (shift, &weight) in kernel.iter().enumerate() {
            let source = &across[(y + shift) * columns..][..columns];
            row.iter_mut().zip(source).for_each(|(sum, value)| *sum += weight * value);
        }
    }
    result
}

/// The transpose of [`means`]: adds each value to the places that it is the mean of.
fn spread(values: &[f32], width: usize, height: usize, kernel: &[f32]) -> Vec<f32> {
    let columns = width + 1 - kernel.len();
    let mut down = vec![0.0; columns * height];
    for (y, source) in values.chunks_exact(columns).enumerate() {
        for (shift, &weight) in kernel.iter().enumerate() {
            let row = &mut down[(y + shift) * columns..][..columns];
            row.iter_mut().zip(source).for_each(|(sum, value)| *sum += weight * value);
        }
    }
    let mut result = vec![0.0; width * height];
    for (row, source) in result.chunks_exact_mut(width).zip(down.chunks_exact(columns)) {
        for (shift, &weight) in kernel.iter().enumerate() {
            row[shift..].iter_mut().zip(source).for_each(|(sum, value)| *sum += weight * value);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng, rngs::StdRng};

    const SIZE: (usize, usize) = (14, 12);

    fn noise(seed: u64) -> Vec<f32> {
        let mut rng = StdRng::seed_from_u64(seed);
        (0..SIZE.0 * SIZE.1).map(|_| rng.random_range(0.0..1.0)).collect()
    }

    #[test]
    fn constants_differ_by_their_means_alone() {
        // Structure is 1 without variance, so the similarity is (2ab + C1) / (a^2 + b^2 + C1).
        let (a, b) = (vec![0.5; SIZE.0 * SIZE.1], vec![0.25; SIZE.0 * SIZE.1]);
        let expected = 1.0 - f64::from((0.25 + C1) / (0.3125 + C1));
        assert!((dissimilarity(&a, &b, SIZE.0, SIZE.1).0 - expected).abs() < 1e-3);
    }

    #[test]
    fn equal_planes_are_as_similar_as_can_be() {
        let plane = noise(1);
        let (value, gradient) = dissimilarity(&plane, &plane, SIZE.0, SIZE.1);
        assert!(value.abs() < 1e-5 && gradient.iter().all(|slope| slope.abs() < 1e-5));
    }

    #[test]
    fn the_gradient_is_the_slope() {
        let (mine, wanted) = (noise(2), noise(3));
        let (_, gradient) = dissimilarity(&mine, &wanted, SIZE.0, SIZE.1);
        for index in (0..mine.len()).step_by(5) {
            let at = |offset: f32| {
                let mut moved = mine.clone();
                moved[index] += offset;
                dissimilarity(&moved, &wanted, SIZE.0, SIZE.1).0
            };
            let slope = (at(1e-2) - at(-1e-2)) / 2e-2;
            assert!((slope - f64::from(gradient[index])).abs() < 1e-4 + 0.02 * slope.abs(), "{index}");
        }
    }

    #[test]
    fn a_plane_without_room_for_a_window_is_not_compared() {
        let (value, gradient) = dissimilarity(&[0.0; 30], &[1.0; 30], 10, 3);
        assert_eq!((value, gradient), (0.0, vec![0.0; 30]));
    }
}
