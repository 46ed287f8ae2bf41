use inkcast_frame::Plane;

/// Bins of the histograms that are compared.
const BINS: usize = 64;
/// Mean change of luma, in 0..1, without which no cut is seen.
const CHANGE: f64 = 30.0 / 255.0;
/// Correlation of the histograms below which the scenes differ. A camera that pans keeps its histogram.
const CORRELATION: f64 = 0.8;

/// Whether two frames' luma shows different scenes: many pixels changed and so did the distribution of brightness.
pub fn is_cut(previous: &Plane, current: &Plane) -> bool {
    let changes = previous.data().iter().zip(current.data()).map(|(a, b)| (a - b).abs() as f64);
    let change = changes.sum::<f64>() / current.data().len() as f64;
    change > CHANGE && correlation(&histogram(previous), &histogram(current)) < CORRELATION
}

fn histogram(plane: &Plane) -> [f64; BINS] {
    let mut bins = [0.0; BINS];
    for value in plane.data() {
        bins[((value * BINS as f32) as usize).min(BINS - 1)] += 1.0;
    }
    bins
}

/// Pearson's correlation coefficient; 1 if both are constant.
fn correlation(a: &[f64; BINS], b: &[f64; BINS]) -> f64 {
    let mean = |bins: &[f64; BINS]| bins.iter().sum::<f64>() / BINS as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        (ab, aa, bb) = (ab + a * b, aa + a * a, bb + b * b);
    }
    let scale = (aa * bb).sqrt();
    if scale > 0.0 { ab / scale } else { 1.0 }
}
