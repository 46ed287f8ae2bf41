use super::blur::gaussian;
use super::scale::Scale;
use super::{Rgb, map};

/// Smooths `picture` within the edges of `guide`: the recursive form of the domain transform of Gastal and Oliveira
/// (2011), three passes.
///
/// `reach` is the spatial standard deviation in units; `contrast` is the colour difference, 0..1 and summed over the
/// channels, that counts as an edge.
pub(super) fn edge_preserving(picture: &Rgb, guide: &Rgb, reach: f32, contrast: f32, scale: Scale) -> Rgb {
    const PASSES: i32 = 3;
    let reach = scale.px(reach);
    let (width, height) = picture.size();
    let distance = |a: [f32; 3], b: [f32; 3]| 1.0 + reach / contrast * (0..3).map(|c| (a[c] - b[c]).abs()).sum::<f32>();
    let mut smooth = picture.clone();
    for pass in 0..PASSES {
        let sigma = reach * 3f32.sqrt() * 2f32.powi(PASSES - 1 - pass) / (4f32.powi(PASSES) - 1.0).sqrt();
        let feedback = -2f32.sqrt() / sigma;
        for y in 0..height {
            let weights: Vec<f32> =
                guide.row(y).windows(2).map(|pair| (feedback * distance(pair[0], pair[1])).exp()).collect();
            recurse(smooth.row_mut(y), 1, width, &weights);
        }
        for x in 0..width {
            let weights: Vec<f32> =
                (1..height).map(|y| (feedback * distance(guide.at(x, y - 1), guide.at(x, y))).exp()).collect();
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

/// Takes away what is smaller than about two `size` units and brings back the edges of what is larger (rolling guidance,
/// Zhang et al. 2014), with bilateral passes of a standard deviation of `space` units and of `colour` in 0..1.
pub(super) fn rolling_guidance(picture: &Rgb, size: f32, space: f32, colour: f32, passes: usize, scale: Scale) -> Rgb {
    let mut guide = blur(picture, size, scale);
    for _ in 0..passes {
        guide = joint_bilateral(picture, &guide, space, colour, scale);
    }
    guide
}

/// Gaussian blur of all channels, `sigma` in units.
pub(super) fn blur(picture: &Rgb, sigma: f32, scale: Scale) -> Rgb {
    let [r, g, b] = [0, 1, 2].map(|channel| gaussian(&map(picture, |rgb| rgb[channel]), scale.px(sigma)));
    Rgb::from_fn(picture.width(), picture.height(), |x, y| [r.at(x, y), g.at(x, y), b.at(x, y)])
}

/// The mean of `picture` over a disc of two standard deviations, of pixels that are alike in `guide`.
/// Every second pixel of the disc is asked, as on a chess board.
fn joint_bilateral(picture: &Rgb, guide: &Rgb, space: f32, colour: f32, scale: Scale) -> Rgb {
    // A wide disc is asked in wider steps.
    let step = (space / 3.0).max(1.0);
    let radius = (2.0 * space / step).round() as i32;
    let disc: Vec<(isize, isize, f32)> = (-radius..=radius)
        .flat_map(|dy| (-radius..=radius).map(move |dx| (dx, dy)))
        .filter(|(dx, dy)| (dx + dy) % 2 == 0 && dx * dx + dy * dy <= radius * radius)
        .map(|(dx, dy)| {
            let (dx, dy) = (step * dx as f32, step * dy as f32);
            let near = (-(dx * dx + dy * dy) / (2.0 * space * space)).exp();
            (scale.px(dx).round() as isize, scale.px(dy).round() as isize, near)
        })
        .collect();
    let narrow = 1.0 / (2.0 * colour * colour);
    Rgb::from_fn(picture.width(), picture.height(), |x, y| {
        let centre = guide.at(x, y);
        let (mut sum, mut total) = ([0.0; 3], 0.0);
        for &(dx, dy, near) in &disc {
            let (x, y) = (x as isize + dx, y as isize + dy);
            let other = guide.at_clamped(x, y);
            let distance: f32 = (0..3).map(|c| (other[c] - centre[c]).powi(2)).sum();
            // A rational falloff in place of the exponential: nearly the same shape, several times as fast.
            let weight = near / (1.0 + distance * narrow).powi(4);
            let value = picture.at_clamped(x, y);
            (0..3).for_each(|c| sum[c] += weight * value[c]);
            total += weight;
        }
        sum.map(|value| value / total)
    })
}
