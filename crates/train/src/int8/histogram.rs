/// How often values of each size occur in a map. The range doubles when a larger value comes, so what is counted does
/// not depend on the order in which values and histograms are added.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    counts: Vec<u64>,
    /// Upper end of the range, a power of two.
    end: f32,
}

/// At least half of them are in use when the range has settled: fine enough for a hundredth of an 8-bit step.
const BINS: usize = 1 << 15;

impl Default for Histogram {
    fn default() -> Self {
        Histogram { counts: vec![0; BINS], end: 2.0f32.powi(-20) }
    }
}

impl Histogram {
    /// Counts finite values; negative ones count as zero.
    pub fn add(&mut self, values: &[f32]) {
        let largest = values.iter().copied().filter(|value| value.is_finite()).fold(0.0, f32::max);
        while largest >= self.end {
            self.double();
        }
        let scale = BINS as f32 / self.end;
        for &value in values.iter().filter(|value| value.is_finite()) {
            // In range, because `value < end` and the scale is a power of two; the cast cuts negative values to zero.
            self.counts[(value * scale) as usize] += 1;
        }
    }

    /// Adds what another one counted.
    pub fn merge(mut self, mut other: Histogram) -> Histogram {
        while self.end < other.end {
            self.double();
        }
        while other.end < self.end {
            other.double();
        }
        self.counts.iter_mut().zip(&other.counts).for_each(|(count, more)| *count += more);
        self
    }

    /// The value that `percent` of a hundred values do not exceed, rounded up to the width of a bin; `None` if nothing but
    /// zeros was counted.
    pub fn percentile(&self, percent: f64) -> Option<f32> {
        let total: u64 = self.counts.iter().sum();
        let wanted = (percent / 100.0 * total as f64).ceil() as u64;
        let mut seen = 0;
        let bin = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted.max(1)
        })?;
        let end = (bin + 1) as f32 * self.end / BINS as f32;
        // The first bin is what lies below the resolution.
        (bin > 0 || self.counts[1..].iter().any(|&count| count > 0)).then_some(end)
    }

    fn double(&mut self) {
        for bin in 0..BINS / 2 {
            self.counts[bin] = self.counts[2 * bin] + self.counts[2 * bin + 1];
        }
        self.counts[BINS / 2..].fill(0);
        self.end *= 2.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f32]) -> Histogram {
        let mut histogram = Histogram::default();
        histogram.add(values);
        histogram
    }

    #[test]
    fn percentiles_of_a_hundred_values() {
        let histogram = of(&(1..=100).map(|value| value as f32).collect::<Vec<_>>());
        for (percent, expected) in [(1.0, 1.0), (50.0, 50.0), (99.0, 99.0), (100.0, 100.0)] {
            let got = histogram.percentile(percent).unwrap();
            assert!((got - expected).abs() <= 128.0 / BINS as f32, "{percent}: {got}");
        }
    }

    #[test]
    fn the_order_of_values_and_parts_changes_nothing() {
        let values: Vec<f32> = (0..1000).map(|index| (index as f32 * 0.7).sin().exp() * 3.0).collect();
        let whole = of(&values);
        let mut backwards = Histogram::default();
        values.iter().rev().for_each(|value| backwards.add(&[*value]));
        assert_eq!(whole, backwards);
        let (first, second) = values.split_at(400);
        assert_eq!(whole, of(first).merge(of(second)));
        assert_eq!(whole, of(second).merge(of(first)));
    }

    #[test]
    fn nothing_but_zeros_has_no_percentile() {
        assert_eq!(Histogram::default().percentile(99.0), None);
        assert_eq!(of(&[0.0; 10]).percentile(100.0), None);
        assert_eq!(of(&[-1.0, f32::NAN, f32::INFINITY]).percentile(100.0), None);
        assert!(of(&[0.0, 0.0, 0.0, 1.0]).percentile(50.0).unwrap() < 1e-3);
    }
}
