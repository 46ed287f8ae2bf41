use inkcast_frame::Plane;

/// Gaussian blur with a standard deviation of `sigma` pixels; edge pixels are repeated outside.
pub(crate) fn gaussian(plane: &Plane, sigma: f32) -> Plane {
    let kernel = kernel(sigma);
    let radius = (kernel.len() / 2) as isize;
    let mut across = Plane::<f32>::new(plane.width(), plane.height());
    let mut padded = Vec::new();
    for y in 0..plane.height() {
        padded.clear();
        padded.extend((-radius..plane.width() as isize + radius).map(|x| plane.at_clamped(x, y as isize)));
        let row = across.row_mut(y);
        for (shift, &weight) in kernel.iter().enumerate() {
            row.iter_mut().zip(&padded[shift..]).for_each(|(sum, value)| *sum += weight * value);
        }
    }
    let mut blurred = Plane::<f32>::new(plane.width(), plane.height());
    for y in 0..plane.height() as isize {
        let row = blurred.row_mut(y as usize);
        for (offset, &weight) in (-radius..=radius).zip(&kernel) {
            let source = across.row((y + offset).clamp(0, plane.height() as isize - 1) as usize);
            row.iter_mut().zip(source).for_each(|(sum, value)| *sum += weight * value);
        }
    }
    blurred
}

/// Weights that sum to one, out to three standard deviations.
pub(crate) fn kernel(sigma: f32) -> Vec<f32> {
    let radius = (3.0 * sigma).ceil() as i32;
    let weights = (-radius..=radius).map(|x| (-((x * x) as f32) / (2.0 * sigma * sigma)).exp());
    let weights: Vec<f32> = weights.collect();
    let sum: f32 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}
