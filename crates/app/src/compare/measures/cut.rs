use inkcast_frame::Plane;

const BINS: usize = 64;
/// Mean change, in grey levels, up to which no cut is seen.
const CHANGE: f64 = 30.0;
/// Correlation of the histograms from which on no cut is seen.
const CORRELATION: f64 = 0.8;

/// Whether a new scene begins: luma changed by more than 30 grey levels on average, and the histograms of both frames
/// correlate by less than 0.8.
pub fn is_cut(previous: &Plane<u8>, current: &Plane<u8>) -> bool {
    let change: u64 = previous.data().iter().zip(current.data()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    change as f64 / current.data().len() as f64 > CHANGE
        && correlation(&histogram(previous), &histogram(current)) < CORRELATION
}

fn histogram(luma: &Plane<u8>) -> [f64; BINS] {
    let mut bins = [0.0; BINS];
    for value in luma.data() {
        bins[usize::from(*value) * BINS / 256] += 1.0;
    }
    bins
}

/// Pearson's correlation coefficient; 1 where one of both is constant.
fn correlation(a: &[f64; BINS], b: &[f64; BINS]) -> f64 {
    let mean = |bins: &[f64; BINS]| bins.iter().sum::<f64>() / BINS as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        ab += (a - mean_a) * (b - mean_b);
        aa += (a - mean_a).powi(2);
        bb += (b - mean_b).powi(2);
    }
    let scale = (aa * bb).sqrt();
    if scale > 0.0 { ab / scale } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn halves(left: u8, right: u8) -> Plane<u8> {
        Plane::from_fn(16, 8, |x, _| if x < 8 { left } else { right })
    }

    #[test]
    fn a_cut_changes_pixels_and_histogram() {
        assert!(is_cut(&halves(20, 40), &halves(180, 220)));
        // Halves that change places change every pixel and leave the histogram as it is.
        assert!(!is_cut(&halves(20, 200), &halves(200, 20)));
        // Another histogram, but only 30 grey levels away.
        assert!(!is_cut(&halves(20, 60), &halves(50, 90)));
        assert!(is_cut(&halves(20, 60), &halves(51, 91)));
    }
}
