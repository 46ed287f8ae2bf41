/// A few neighbouring points of a curve as one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Mean of the places.
    pub x: f64,
    /// Mean of the values.
    pub mean: f64,
    /// The smallest value.
    pub low: f64,
    /// The largest value.
    pub high: f64,
}

/// Joins neighbouring points so that at most `count` are left. Values that are not finite are left out.
pub fn thinned(points: &[(f64, f64)], count: usize) -> Vec<Bucket> {
    let finite: Vec<(f64, f64)> = points.iter().copied().filter(|(_, y)| y.is_finite()).collect();
    let bucket = |part: &[(f64, f64)]| {
        let mean = |value: fn(&(f64, f64)) -> f64| part.iter().map(value).sum::<f64>() / part.len() as f64;
        let values = part.iter().map(|(_, y)| *y);
        Bucket {
            x: mean(|(x, _)| *x),
            mean: mean(|(_, y)| *y),
            low: values.clone().fold(f64::INFINITY, f64::min),
            high: values.fold(f64::NEG_INFINITY, f64::max),
        }
    };
    finite.chunks(finite.len().div_ceil(count).max(1)).map(bucket).collect()
}

/// The mean of some values and their standard deviation (that of the values themselves, divided by their number).
pub fn mean_and_deviation(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / count;
    (mean, (values.map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt())
}

/// The standard deviation of each `window` neighbouring points, at the place of the last of them.
pub fn moving_deviation(points: &[(f64, f64)], window: usize) -> Vec<(f64, f64)> {
    points
        .windows(window.max(1))
        .map(|part| (part[part.len() - 1].0, mean_and_deviation(part.iter().map(|(_, y)| *y)).1))
        .collect()
}

/// How much equal trainings differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// The largest less the smallest.
    pub range: f64,
    /// That in per cent of the mean.
    pub per_cent: f64,
}

/// The spread of some values; there must be one.
pub fn spread(values: &[f64]) -> Spread {
    let (mean, _) = mean_and_deviation(values.iter().copied());
    let range =
        values.iter().copied().fold(f64::NEG_INFINITY, f64::max) - values.iter().copied().fold(f64::INFINITY, f64::min);
    Spread { mean, range, per_cent: 100.0 * range / mean.abs() }
}

/// How far a figure on held-out data is from that on training data, in per cent of the latter.
pub fn gap(held_out: f64, train: f64) -> f64 {
    100.0 * (held_out - train) / train.abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_points_stay_as_they_are_and_many_are_joined() {
        let points = [(1.0, 5.0), (2.0, f64::NAN), (3.0, 1.0), (4.0, 3.0), (5.0, 8.0)];
        assert_eq!(thinned(&points, 4)[1], Bucket { x: 3.0, mean: 1.0, low: 1.0, high: 1.0 });
        // Four finite points in two buckets.
        let expected =
            [Bucket { x: 2.0, mean: 3.0, low: 1.0, high: 5.0 }, Bucket { x: 4.5, mean: 5.5, low: 3.0, high: 8.0 }];
        assert_eq!(thinned(&points, 2), expected);
        assert_eq!(thinned(&[], 2), []);
    }

    #[test]
    fn deviations_are_those_worked_out_by_hand() {
        // 2, 4, 4, 4, 5, 5, 7, 9: mean 5, squares 9 1 1 1 0 0 4 16, 32 / 8 = 4.
        let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        assert_eq!(mean_and_deviation(values.into_iter()), (5.0, 2.0));
        let points: Vec<(f64, f64)> = [1.0, 3.0, 3.0, 7.0].into_iter().zip([0.0, 2.0, 2.0, 8.0]).collect();
        assert_eq!(moving_deviation(&points, 2), [(3.0, 1.0), (3.0, 0.0), (7.0, 3.0)]);
        assert_eq!(moving_deviation(&points, 9), []);
    }

    #[test]
    fn spreads_and_gaps_are_in_per_cent() {
        assert_eq!(spread(&[4.0, 5.0, 6.0]), Spread { mean: 5.0, range: 2.0, per_cent: 40.0 });
        assert_eq!((gap(9.0, 6.0), gap(-9.0, -6.0)), (50.0, -50.0));
    }
}
