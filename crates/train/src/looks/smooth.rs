use super::Rgb;

/// Smooths within edges: the recursive form of the domain transform of Gastal and Oliveira (2011), three passes.
///
/// `reach` is the spatial standard deviation in pixels; `contrast` is the colour difference, 0..1 and summed over the
/// channels, that counts as an edge.
pub(super) fn edge_preserving(picture: &Rgb, reach: f32, contrast: f32) -> Rgb {
    const PASSES: i32 = 3;
    let (width, height) = picture.size();
    let distance = |a: [f32; 3], b: [f32; 3]| 1.0 + reach / contrast * (0..3).map(|c| (a[c] - b[c]).abs()).sum::<f32>();
    let mut smooth = picture.clone();
    for pass in 0..PASSES {
        let sigma = reach * 3f32.sqrt() * 2f32.powi(PASSES - 1 - pass) / (4f32.powi(PASSES) - 1.0).sqrt();
        let feedback = -2f32.sqrt() / sigma;
        for y in 0..height {
            let source = picture.row(y);
            let weights: Vec<f32> =
                source.windows(2).map(|pair| (feedback * distance(pair[0], pair[1])).exp()).collect();
            recurse(smooth.row_mut(y), 1, width, &weights);
        }
        for x in 0..width {
            let weights: Vec<f32> =
                (1..height).map(|y| (feedback * distance(picture.at(x, y - 1), picture.at(x, y))).exp()).collect();
            recurse(&mut smooth.data_mut()[x..], width, height, &weights);
        }
    }
    smooth
}

/// Runs the filter forwards and backwards over `count` values that are `step` apart.
fn recurse(values: &mut [[f32; 3]], step: usize, count: usize, weights: &[f32]) {
    let mut pull = |from: usize, to: usize, weight: f32| {
        for c in 0..3 {
            let difference = values[from * step][c] - values[to * step][c];
            values[to * step][c] += weight * difference;
        }
    };
    for i in 1..count {
        pull(i - 1, i, weights[i - 1]);
    }
    for i in (1..count).rev() {
        pull(i, i - 1, weights[i - 1]);
    }
}

/// Turns soft shading and texture into flat areas: edge-preserving smoothing, then two bilateral passes that pull each
/// pixel to the colour most of its neighbours have.
pub(super) fn flatten(picture: &Rgb) -> Rgb {
    let wide = edge_preserving(picture, 10.0, 0.16);
    bilateral(&bilateral(&wide))
}

/// A bilateral filter over a disc of radius 4, standard deviations 3 pixels and 0.12 of colour distance.
fn bilateral(picture: &Rgb) -> Rgb {
    const RADIUS: isize = 4;
    const SPACE: f32 = 3.0;
    const COLOUR: f32 = 0.12;
    let disc: Vec<(isize, isize, f32)> = (-RADIUS..=RADIUS)
        .flat_map(|dy| (-RADIUS..=RADIUS).map(move |dx| (dx, dy)))
        .filter(|(dx, dy)| dx * dx + dy * dy <= RADIUS * RADIUS)
        .map(|(dx, dy)| (dx, dy, (-((dx * dx + dy * dy) as f32) / (2.0 * SPACE * SPACE)).exp()))
        .collect();
    Rgb::from_fn(picture.width(), picture.height(), |x, y| {
        let centre = picture.at(x, y);
        let (mut sum, mut total) = ([0.0; 3], 0.0);
        for &(dx, dy, near) in &disc {
            let other = picture.at_clamped(x as isize + dx, y as isize + dy);
            let distance: f32 = (0..3).map(|c| (other[c] - centre[c]).powi(2)).sum();
            // A rational falloff in place of the exponential: nearly the same shape, several times as fast.
            let weight = near / (1.0 + distance / (2.0 * COLOUR * COLOUR)).powi(4);
            (0..3).for_each(|c| sum[c] += weight * other[c]);
            total += weight;
        }
        sum.map(|value| value / total)
    })
}
