//! How well a network imitates its looks on pictures it has never seen.

use anyhow::{Context, Result};
use candle_core::{Device, Tensor};
use inkcast_frame::Plane;
use inkcast_generator::Generator;
use rayon::prelude::*;

use crate::config::Style;
use crate::data::Example;
use crate::gan::adversary::{Adversary, Told};
use crate::looks::blur::gaussian;
use crate::looks::{Layers, Look, Rgb, luma};
use crate::ops::TrainingOps;

/// Means over held-out pictures for one style. Pictures are composed as colour under ink, before print.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Score {
    /// Structural similarity of luma between network and look; 1 is equal.
    pub similarity: f64,
    /// Mean absolute difference of network and look, in 0..255.
    pub difference: f64,
    /// Structural similarity between the untouched source and the look: what doing nothing scores.
    pub source_similarity: f64,
    /// Mean absolute difference between the source and the look.
    pub source_difference: f64,
}

/// Scores `style` against `look`. Pictures are cut to at most `largest` pixels a side, around the middle.
pub fn score<'a>(
    generator: &Generator,
    style: &str,
    look: Look,
    examples: impl IntoIterator<Item = &'a Example>,
    largest: usize,
) -> Result<Score> {
    let (mut sum, mut count) = (Score::default(), 0usize);
    for example in examples {
        count += 1;
        let cut = Cut::new(example, largest);
        let source = cut.source(example);
        let wanted = compose(&cut.layers(example, look));
        let got = compose(&run(generator, style, &source)?);
        sum.similarity += similarity(&luma(&got), &luma(&wanted));
        sum.difference += difference(&got, &wanted);
        sum.source_similarity += similarity(&luma(&source), &luma(&wanted));
        sum.source_difference += difference(&source, &wanted);
    }
    let mean = |sum: f64| sum / count.max(1) as f64;
    Ok(Score {
        similarity: mean(sum.similarity),
        difference: mean(sum.difference),
        source_similarity: mean(sum.source_similarity),
        source_difference: mean(sum.source_difference),
    })
}

/// How well a discriminator tells what the network makes from the look of a style, given with its index: means over
/// pictures, cut as for [`score`].
pub fn tell<'a>(
    adversary: &Adversary,
    generator: &Generator,
    (index, style): (usize, &Style),
    examples: impl Iterator<Item = &'a Example>,
    largest: usize,
) -> Result<Told> {
    let (mut sum, mut count) = (Told::default(), 0);
    for example in examples {
        let cut = Cut::new(example, largest);
        let made = run(generator, &style.name, &cut.source(example))?;
        let told = adversary.tell(&to_tensor(&made)?, &to_tensor(&cut.layers(example, style.look))?, index)?;
        sum = Told { real: sum.real + told.real, fake: sum.fake + told.fake, right: sum.right + told.right };
        count += 1;
    }
    let mean = |sum: f32| sum / count.max(1) as f32;
    Ok(Told { real: mean(sum.real), fake: mean(sum.fake), right: mean(sum.right) })
}

/// A picture or layers as `[1, N, H, W]`.
pub fn to_tensor<const N: usize>(picture: &Plane<[f32; N]>) -> candle_core::Result<Tensor>
where
    [f32; N]: Default,
{
    let planes: Vec<f32> = (0..N).flat_map(|c| picture.data().iter().map(move |pixel| pixel[c])).collect();
    Tensor::from_vec(planes, (1, N, picture.height(), picture.width()), &Device::Cpu)
}

/// The layers that the network gives for a picture whose sides are multiples of 4, cut to 0..1.
pub fn run(generator: &Generator, style: &str, picture: &Rgb) -> Result<Layers> {
    let vector = generator.style(style).with_context(|| format!("the network has no style \"{style}\""))?;
    to_layers(&generator.fold(vector)?.forward(&TrainingOps, &to_tensor(picture)?, None)?)
}

/// Layers out of `[1, 4, H, W]`, cut to 0..1.
pub fn to_layers(output: &Tensor) -> Result<Layers> {
    let (_, _, height, width) = output.dims4()?;
    let (pixels, output) = (width * height, output.flatten_all()?.to_vec1::<f32>()?);
    Ok(Layers::from_fn(width, height, |x, y| [0, 1, 2, 3].map(|c| output[c * pixels + y * width + x].clamp(0.0, 1.0))))
}

/// Colour under ink.
pub fn compose(layers: &Layers) -> Rgb {
    Rgb::from_fn(layers.width(), layers.height(), |x, y| {
        let [r, g, b, ink] = layers.at(x, y);
        [r, g, b].map(|value| value * (1.0 - ink))
    })
}

/// The middle of an example, its sides multiples of 4.
pub struct Cut {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

impl Cut {
    /// At most `largest` pixels a side.
    pub fn new(example: &Example, largest: usize) -> Self {
        let (width, height) = (example.width.min(largest) / 4 * 4, example.height.min(largest) / 4 * 4);
        Cut { left: (example.width - width) / 2, top: (example.height - height) / 2, width, height }
    }

    /// The picture.
    pub fn source(&self, example: &Example) -> Rgb {
        self.pixels(&example.source, example.width)
    }

    /// What a look makes of it.
    pub fn layers(&self, example: &Example, look: Look) -> Layers {
        self.pixels(&example.layers[&look], example.width)
    }

    fn pixels<const N: usize>(&self, bytes: &[u8], width: usize) -> Plane<[f32; N]>
    where
        [f32; N]: Default,
    {
        Plane::from_fn(self.width, self.height, |x, y| {
            let start = ((self.top + y) * width + self.left + x) * N;
            std::array::from_fn(|channel| f32::from(bytes[start + channel]) / 255.0)
        })
    }
}

/// Mean absolute difference in 0..255.
pub fn difference(a: &Rgb, b: &Rgb) -> f64 {
    let values = a.data().iter().flatten().zip(b.data().iter().flatten());
    let sum: f64 = values.map(|(a, b)| f64::from((a - b).abs())).sum();
    255.0 * sum / (3 * a.data().len()) as f64
}

/// Structural similarity (Wang et al. 2004) with a Gaussian window of 1.5 pixels.
pub fn similarity(a: &Plane, b: &Plane) -> f64 {
    let (c1, c2) = (0.01f32.powi(2), 0.03f32.powi(2));
    let mean = |value: &(dyn Fn(f32, f32) -> f32 + Sync)| {
        gaussian(&Plane::from_fn(a.width(), a.height(), |x, y| value(a.at(x, y), b.at(x, y))), 1.5)
    };
    let products: [&(dyn Fn(f32, f32) -> f32 + Sync); 5] =
        [&|a, _| a, &|_, b| b, &|a, _| a * a, &|_, b| b * b, &|a, b| a * b];
    let means: Vec<Plane> = products.into_par_iter().map(mean).collect();
    let sum: f64 = (0..a.data().len())
        .map(|index| {
            let [a, b, aa, bb, ab] = [0, 1, 2, 3, 4].map(|mean| means[mean].data()[index]);
            let (variance_a, variance_b, covariance) = (aa - a * a, bb - b * b, ab - a * b);
            let structure = (2.0 * covariance + c2) / (variance_a + variance_b + c2);
            f64::from(structure * (2.0 * a * b + c1) / (a * a + b * b + c1))
        })
        .sum();
    sum / a.data().len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similarity_is_one_for_equal_planes_and_small_for_opposite_ones() {
        let checks = Plane::from_fn(32, 32, |x, y| ((x / 3 + y / 3) % 2) as f32);
        let opposite = Plane::from_fn(32, 32, |x, y| 1.0 - checks.at(x, y));
        assert!((similarity(&checks, &checks) - 1.0).abs() < 1e-5);
        assert!(similarity(&checks, &opposite) < -0.5);
    }

    #[test]
    fn similarity_of_constants_is_that_of_their_means() {
        // Without variance the structure term is 1 and luminance (2ab + c1) / (a^2 + b^2 + c1) is left.
        let (a, b) = (Plane::from_fn(9, 9, |_, _| 0.5), Plane::from_fn(9, 9, |_, _| 0.25));
        let expected = (2.0 * 0.125 + 1e-4) / (0.3125 + 1e-4);
        assert!((similarity(&a, &b) - expected).abs() < 1e-3);
    }

    #[test]
    fn differences_are_in_grey_levels() {
        let (a, b) = (Rgb::from_fn(2, 1, |_, _| [0.5; 3]), Rgb::from_fn(2, 1, |x, _| [0.5 + x as f32 / 255.0; 3]));
        assert!((difference(&a, &b) - 0.5).abs() < 1e-4);
    }
}
