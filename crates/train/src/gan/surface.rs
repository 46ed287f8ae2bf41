//! Surfaces without texture: the guided filter.

use candle_core::{Result, Tensor};

/// Half the side of the filter's window in pixels.
const RADIUS: usize = 3;
/// Variance from which on a step counts as an edge that stays.
const EDGE: f32 = 0.01;

/// A plane smoothed by the guided filter with itself as the guide (He, Sun and Tang 2013): flat areas become flatter,
/// edges stay.
pub(super) fn smoothed(plane: &[f32], width: usize) -> Vec<f32> {
    let Lines { slope, offset, .. } = Lines::fit(plane, width);
    let (slope, offset) = (box_mean(&slope, width, RADIUS), box_mean(&offset, width, RADIUS));
    plane.iter().zip(slope.iter().zip(&offset)).map(|(value, (slope, offset))| slope * value + offset).collect()
}

/// The gradient in the plane, given that in what [`smoothed`] made of it.
pub(super) fn smoothed_gradient(plane: &[f32], width: usize, gradient: &[f32]) -> Vec<f32> {
    let Lines { mean, slope, .. } = Lines::fit(plane, width);
    let averaged = box_mean(&slope, width, RADIUS);
    let product: Vec<f32> = plane.iter().zip(gradient).map(|(value, gradient)| value * gradient).collect();
    let on_slope = box_mean_transposed(&product, width, RADIUS);
    let on_offset = box_mean_transposed(gradient, width, RADIUS);
    // Of the variance, which is the mean of squares less the square of the mean, and of the mean itself.
    let (mut on_squares, mut on_mean) = (on_slope, on_offset);
    for (index, (on_squares, on_mean)) in on_squares.iter_mut().zip(&mut on_mean).enumerate() {
        let (mean, rest) = (mean[index], 1.0 - slope[index]);
        // slope = v / (v + EDGE), so 1 - slope = EDGE / (v + EDGE) and the slope of the slope is (1 - slope)^2 / EDGE.
        let on_variance = (*on_squares - *on_mean * mean) * rest * rest / EDGE;
        *on_mean = *on_mean * rest - 2.0 * mean * on_variance;
        *on_squares = on_variance;
    }
    let on_squares = box_mean_transposed(&on_squares, width, RADIUS);
    let on_mean = box_mean_transposed(&on_mean, width, RADIUS);
    (0..plane.len()).map(|i| gradient[i] * averaged[i] + 2.0 * plane[i] * on_squares[i] + on_mean[i]).collect()
}

/// [`smoothed`] of every plane of `[N, C, H, W]` as Candle's operations, for devices other than the CPU.
pub(super) fn smoothed_on_devices(planes: &Tensor) -> Result<Tensor> {
    let mean = box_mean_on_devices(planes, RADIUS)?;
    let variance = (box_mean_on_devices(&planes.sqr()?, RADIUS)? - mean.sqr()?)?;
    let slope = (&variance / variance.affine(1.0, f64::from(EDGE))?)?;
    let offset = (mean * slope.affine(-1.0, 1.0)?)?;
    (planes * box_mean_on_devices(&slope, RADIUS)?)? + box_mean_on_devices(&offset, RADIUS)?
}

/// [`box_mean`] of every plane of `[N, C, H, W]`, by products with matrices that hold a window in each row.
pub(super) fn box_mean_on_devices(planes: &Tensor, radius: usize) -> Result<Tensor> {
    let (_, _, height, width) = planes.dims4()?;
    let windows = |length: usize| {
        let share = |row: usize, column: usize| {
            let count = (row + radius).min(length - 1) - row.saturating_sub(radius) + 1;
            if row.abs_diff(column) <= radius { 1.0 / count as f32 } else { 0.0 }
        };
        let values: Vec<f32> = (0..length * length).map(|index| share(index / length, index % length)).collect();
        Tensor::from_vec(values, (length, length), planes.device())
    };
    let across = planes.contiguous()?.broadcast_matmul(&windows(width)?.t()?.contiguous()?)?;
    windows(height)?.broadcast_matmul(&across.contiguous()?)
}

/// The line through each window that comes nearest to its values, `slope * value + offset`, flattened.
struct Lines {
    mean: Vec<f32>,
    slope: Vec<f32>,
    offset: Vec<f32>,
}

impl Lines {
    fn fit(plane: &[f32], width: usize) -> Self {
        let squares: Vec<f32> = plane.iter().map(|value| value * value).collect();
        let mean = box_mean(plane, width, RADIUS);
        let variances =
            box_mean(&squares, width, RADIUS).into_iter().zip(&mean).map(|(square, mean)| square - mean * mean);
        let slope: Vec<f32> = variances.map(|variance| variance / (variance + EDGE)).collect();
        let offset = mean.iter().zip(&slope).map(|(mean, slope)| mean * (1.0 - slope)).collect();
        Lines { mean, slope, offset }
    }
}

/// The mean of the square window around each pixel, as far as it lies inside the plane.
pub(super) fn box_mean(plane: &[f32], width: usize, radius: usize) -> Vec<f32> {
    let mut sums = box_sum(plane, width, radius);
    divide_by_counts(&mut sums, width, radius);
    sums
}

/// The transpose of [`box_mean`]: takes a gradient in the means to one in the plane.
pub(super) fn box_mean_transposed(gradient: &[f32], width: usize, radius: usize) -> Vec<f32> {
    let mut shares = gradient.to_vec();
    divide_by_counts(&mut shares, width, radius);
    box_sum(&shares, width, radius)
}

fn box_sum(plane: &[f32], width: usize, radius: usize) -> Vec<f32> {
    let mut along = vec![0.0; plane.len()];
    for (sums, row) in along.chunks_exact_mut(width).zip(plane.chunks_exact(width)) {
        add_neighbours(sums, row, 1, radius);
    }
    let mut sums = vec![0.0; plane.len()];
    add_neighbours(&mut sums, &along, width, radius);
    sums
}

/// Adds to each sum the values up to `radius` steps before and behind.
fn add_neighbours(sums: &mut [f32], values: &[f32], step: usize, radius: usize) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
    for shift in (1..=radius).map(|distance| distance * step).filter(|&shift| shift < values.len()) {
        sums[shift..].iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        sums.iter_mut().zip(&values[shift..]).for_each(|(sum, value)| *sum += value);
    }
}

fn divide_by_counts(sums: &mut [f32], width: usize, radius: usize) {
    let height = sums.len() / width;
    let count = |at: usize, length: usize| (at + radius).min(length - 1) - at.saturating_sub(radius) + 1;
    let across: Vec<f32> = (0..width).map(|x| 1.0 / count(x, width) as f32).collect();
    for (y, row) in sums.chunks_exact_mut(width).enumerate() {
        let down = 1.0 / count(y, height) as f32;
        row.iter_mut().zip(&across).for_each(|(sum, across)| *sum *= across * down);
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng, rngs::StdRng};

    use super::*;

    #[test]
    fn means_of_windows_by_hand() {
        // 3 x 2 pixels, windows of 3 x 3 cut at the borders.
        let plane = [1.0, 2.0, 6.0, 3.0, 0.0, 0.0];
        let expected = [6.0 / 4.0, 12.0 / 6.0, 8.0 / 4.0, 6.0 / 4.0, 12.0 / 6.0, 8.0 / 4.0];
        for (got, expected) in box_mean(&plane, 3, 1).into_iter().zip(expected) {
            assert!((got - expected).abs() < 1e-6, "{got} instead of {expected}");
        }
    }

    #[test]
    fn the_transpose_has_the_same_products() {
        let mut rng = StdRng::seed_from_u64(1);
        let mut noise = || (0..7 * 5).map(|_| rng.random_range(-1.0..1.0)).collect::<Vec<f32>>();
        let (a, b) = (noise(), noise());
        let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
        let difference = product(&box_mean(&a, 7, 2), &b) - product(&a, &box_mean_transposed(&b, 7, 2));
        assert!(difference.abs() < 1e-5, "{difference}");
    }

    #[test]
    fn texture_goes_and_edges_stay() {
        let picture = |step: f32, texture: f32| -> Vec<f32> {
            let at = |i: usize| (i % 20, i / 20);
            let value = |(x, y)| if x >= 10 { step } else { 0.0 } + if (x + y) % 2 == 0 { texture } else { 0.0 };
            (0..400).map(|i| value(at(i))).collect()
        };
        let contrast = |plane: &[f32], a: usize, b: usize| (plane[10 * 20 + a] - plane[10 * 20 + b]).abs();
        let texture = smoothed(&picture(0.0, 0.05), 20);
        assert!(contrast(&texture, 4, 5) < 0.05 * 0.1, "{}", contrast(&texture, 4, 5));
        let edge = smoothed(&picture(1.0, 0.0), 20);
        assert!(contrast(&edge, 9, 10) > 0.9, "{}", contrast(&edge, 9, 10));
    }

    #[test]
    fn gradients_equal_differences() {
        const STEP: f32 = 1e-3;
        let mut rng = StdRng::seed_from_u64(2);
        let mut noise = || (0..9 * 8).map(|_| rng.random_range(0.0..1.0)).collect::<Vec<f32>>();
        let (plane, weights) = (noise(), noise());
        let gradient = smoothed_gradient(&plane, 9, &weights);
        for index in 0..plane.len() {
            let at = |offset: f32| -> f64 {
                let mut moved = plane.clone();
                moved[index] += offset;
                smoothed(&moved, 9).iter().zip(&weights).map(|(value, weight)| f64::from(value * weight)).sum()
            };
            let difference = ((at(STEP) - at(-STEP)) / f64::from(2.0 * STEP)) as f32;
            let error = (difference - gradient[index]).abs();
            assert!(error < 2e-3, "pixel {index}: {} by the gradient, {difference} by differences", gradient[index]);
        }
    }
}
