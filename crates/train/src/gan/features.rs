//! What the discriminator sees of layers.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::surface::{self, box_mean, box_mean_transposed, smoothed, smoothed_gradient};
use crate::losses::on_devices::{clamp_softly as clamp_layers, composite, mixed};
use crate::losses::{LUMA, clamp_softly, slope};
use crate::ops::{values, with_values};

/// Planes of [`style_features`].
pub const FEATURES: usize = 15;
/// Half the side of the window in pixels whose mean the texture leaves out.
const TEXTURE_RADIUS: usize = 2;
/// Share of a grey's weights that is random.
const RANDOM_SHARE: f32 = 0.2;

/// Weights of red, green and blue in the grey that texture is seen in, of three random numbers in -1..1: texture that
/// cannot be told by its colour (Wang and Yu 2020, with their share of 0.2).
pub fn texture_grey(random: [f32; 3]) -> [f32; 3] {
    std::array::from_fn(|c| (1.0 - RANDOM_SHARE) * LUMA[c] + RANDOM_SHARE * random[c])
}

/// What makes a style, after White-box Cartoonization (Wang and Yu 2020): `[N, 15, H / 2, W / 2]` of layers
/// `[N, 4, H, W]` with even sides, on the CPU. Differentiable in the layers, which are cut to 0..1 as by
/// [`crate::losses::loss_terms`].
///
/// Three planes are the *surface*: the composite, colour under ink, at half its size after a guided filter. Four each,
/// one for each pixel of blocks of 2 x 2, are the *structure*, ink and luma of the composite, and the *texture*: its
/// grey with the weights `grey` less the mean around it.
pub fn style_features(layers: &Tensor, grey: [f32; 3]) -> Result<Tensor> {
    let (_, channels, height, width) = layers.dims4()?;
    if channels != 4 || height % 2 != 0 || width % 2 != 0 {
        candle_core::bail!("style features are taken of four layers with even sides, not of {:?}", layers.dims());
    }
    if !layers.device().is_cpu() {
        return on_devices(layers, grey);
    }
    layers.contiguous()?.apply_op1(StyleFeatures { grey })
}

/// The same as Candle's operations, for devices other than the CPU.
fn on_devices(layers: &Tensor, grey: [f32; 3]) -> Result<Tensor> {
    let layers = clamp_layers(layers)?;
    let colour = composite(&layers)?;
    let surface = surface::smoothed_on_devices(&colour.contiguous()?.avg_pool2d(2)?)?;
    let texture = mixed(&colour, grey)?;
    let texture = (&texture - surface::box_mean_on_devices(&texture, TEXTURE_RADIUS)?)?;
    let sharp = Tensor::cat(&[&layers.narrow(1, 3, 1)?, &mixed(&colour, LUMA)?, &texture], 1)?;
    Tensor::cat(&[&surface, &candle_nn::ops::pixel_unshuffle(&sharp.contiguous()?, 2)?], 1)
}

struct StyleFeatures {
    grey: [f32; 3],
}

impl CustomOp1 for StyleFeatures {
    fn name(&self) -> &'static str {
        "style-features"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (batch, _, height, width) = layout.shape().dims4()?;
        let layers = values(storage, layout)?;
        let mut features = vec![0.0; batch * FEATURES * height * width / 4];
        let pictures = layers.par_chunks(4 * height * width);
        features.par_chunks_mut(FEATURES * height * width / 4).zip(pictures).for_each(|(features, layers)| {
            Picture::new(layers, width).write_features(self.grey, features);
        });
        Ok((CpuStorage::F32(features), (batch, FEATURES, height / 2, width / 2).into()))
    }

    fn bwd(&self, layers: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let (_, _, height, width) = layers.dims4()?;
        let mut gradient = vec![0.0; layers.elem_count()];
        with_values(layers, |layers| {
            with_values(&grad.contiguous()?, |grad| {
                let given = layers.par_chunks(4 * height * width).zip(grad.par_chunks(FEATURES * height * width / 4));
                gradient.par_chunks_mut(4 * height * width).zip(given).for_each(|(gradient, (layers, grad))| {
                    Picture::new(layers, width).write_gradient(self.grey, layers, grad, gradient);
                });
                Ok(())
            })
        })?;
        Ok(Some(Tensor::from_vec(gradient, layers.shape(), layers.device())?))
    }
}

/// One picture of a batch.
struct Picture {
    width: usize,
    pixels: usize,
    /// Red, green, blue and ink one after another, cut.
    layers: Vec<f32>,
    /// Red, green and blue under ink.
    composite: [Vec<f32>; 3],
}

impl Picture {
    fn new(layers: &[f32], width: usize) -> Self {
        let pixels = layers.len() / 4;
        let layers: Vec<f32> = layers.iter().copied().map(clamp_softly).collect();
        let (colour, ink) = layers.split_at(3 * pixels);
        let composite = [0, 1, 2].map(|c| {
            colour[c * pixels..][..pixels].iter().zip(ink).map(|(colour, ink)| colour * (1.0 - ink)).collect()
        });
        Picture { width, pixels, layers, composite }
    }

    fn write_features(&self, grey: [f32; 3], features: &mut [f32]) {
        let quarter = self.pixels / 4;
        let (surface, sharp) = features.split_at_mut(3 * quarter);
        for (plane, surface) in self.composite.iter().zip(surface.chunks_exact_mut(quarter)) {
            surface.copy_from_slice(&smoothed(&self.halved(plane), self.width / 2));
        }
        let texture = self.mixed(grey);
        let around = box_mean(&texture, self.width, TEXTURE_RADIUS);
        let texture: Vec<f32> = texture.iter().zip(around).map(|(value, around)| value - around).collect();
        let planes = [&self.layers[3 * self.pixels..], &self.mixed(LUMA), &texture];
        for (plane, blocks) in planes.into_iter().zip(sharp.chunks_exact_mut(4 * quarter)) {
            self.each_of_blocks(|index, block| blocks[block] = plane[index]);
        }
    }

    /// Writes the gradient in `raw`, the layers as they were before they were cut.
    fn write_gradient(&self, grey: [f32; 3], raw: &[f32], grad: &[f32], gradient: &mut [f32]) {
        let (pixels, quarter) = (self.pixels, self.pixels / 4);
        let (surface, sharp) = grad.split_at(3 * quarter);
        let mut of_planes = [vec![0.0; pixels], vec![0.0; pixels], vec![0.0; pixels]];
        for (plane, blocks) in of_planes.iter_mut().zip(sharp.chunks_exact(4 * quarter)) {
            self.each_of_blocks(|index, block| plane[index] = blocks[block]);
        }
        let [mut of_ink, of_luma, mut of_texture] = of_planes;
        let around = box_mean_transposed(&of_texture, self.width, TEXTURE_RADIUS);
        of_texture.iter_mut().zip(around).for_each(|(value, around)| *value -= around);

        let (colour, ink) = self.layers.split_at(3 * pixels);
        for (c, grad) in surface.chunks_exact(quarter).enumerate() {
            let halved = smoothed_gradient(&self.halved(&self.composite[c]), self.width / 2, grad);
            let colour = &colour[c * pixels..][..pixels];
            self.each_of_blocks(|index, block| {
                let spread = 0.25 * halved[block % quarter];
                let of_composite = spread + LUMA[c] * of_luma[index] + grey[c] * of_texture[index];
                gradient[c * pixels + index] = slope(raw[c * pixels + index]) * of_composite * (1.0 - ink[index]);
                of_ink[index] -= of_composite * colour[index];
            });
        }
        for (index, of_ink) in of_ink.into_iter().enumerate() {
            gradient[3 * pixels + index] = slope(raw[3 * pixels + index]) * of_ink;
        }
    }

    /// A grey of the composite.
    fn mixed(&self, weights: [f32; 3]) -> Vec<f32> {
        let [red, green, blue] = &self.composite;
        (0..self.pixels).map(|i| weights[0] * red[i] + weights[1] * green[i] + weights[2] * blue[i]).collect()
    }

    /// Means of blocks of 2 x 2.
    fn halved(&self, plane: &[f32]) -> Vec<f32> {
        let rows = plane.chunks_exact(2 * self.width).map(|rows| rows.split_at(self.width));
        let blocks = rows.flat_map(|(upper, lower)| upper.chunks_exact(2).zip(lower.chunks_exact(2)));
        blocks.map(|(upper, lower)| 0.25 * (upper[0] + upper[1] + lower[0] + lower[1])).collect()
    }

    /// Calls `visit` with the index of each pixel and its index in the four planes of the pixels of blocks of 2 x 2: upper
    /// left ones, upper right ones, lower left ones, lower right ones.
    fn each_of_blocks(&self, mut visit: impl FnMut(usize, usize)) {
        let (width, quarter) = (self.width, self.pixels / 4);
        for y in 0..self.pixels / width {
            for x in 0..width {
                let plane = 2 * (y % 2) + x % 2;
                visit(y * width + x, plane * quarter + y / 2 * (width / 2) + x / 2);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};
    use rand::{Rng, SeedableRng, rngs::StdRng};

    use super::*;

    fn layers(planes: [&[f32]; 4], width: usize) -> Tensor {
        Tensor::from_vec(planes.concat(), (1, 4, planes[0].len() / width, width), &Device::Cpu).unwrap()
    }

    #[test]
    fn features_of_a_block_by_hand() {
        // Four pixels: red, white, white under half ink, black ink. Every window holds all four.
        let layers = layers([&[1.0; 4], &[0.0, 1.0, 1.0, 1.0], &[0.0, 1.0, 1.0, 1.0], &[0.0, 0.0, 0.5, 1.0]], 2);
        let features = style_features(&layers, [1.0, 0.0, 0.0]).unwrap();
        assert_eq!(features.dims(), [1, FEATURES, 1, 1]);
        // One pixel is smooth already; red is 1, 1, 0.5, 0 and 0.625 in the mean.
        let expected = [
            [0.625, 0.375, 0.375].to_vec(),
            [0.0, 0.0, 0.5, 1.0].to_vec(),
            [0.2126, 1.0, 0.5, 0.0].to_vec(),
            [0.375, 0.375, -0.125, -0.625].to_vec(),
        ]
        .concat();
        for (got, expected) in features.flatten_all().unwrap().to_vec1::<f32>().unwrap().iter().zip(&expected) {
            assert!((got - expected).abs() < 1e-5, "{got} instead of {expected}");
        }
    }

    #[test]
    fn a_grey_is_mostly_luma() {
        let grey = texture_grey([0.5, -1.0, 0.0]);
        for (got, expected) in grey.into_iter().zip([0.8 * 0.2126 + 0.1, 0.8 * 0.7152 - 0.2, 0.8 * 0.0722]) {
            assert!((got - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn gradients_equal_differences() {
        const STEP: f32 = 1e-3;
        let mut rng = StdRng::seed_from_u64(3);
        let (shape, count) = ((2, 4, 6, 8), 2 * 4 * 6 * 8);
        // Some values lie beyond 0..1; none within a step of 0 and 1, where a difference means nothing.
        let is_near_kink = |value: f32| value.abs() < 0.01 || (value - 1.0).abs() < 0.01;
        let away_from_kinks = |value: f32| if is_near_kink(value) { value + 0.02 } else { value };
        let start: Vec<f32> = (0..count).map(|_| away_from_kinks(rng.random_range(-0.2..1.2))).collect();
        let weights: Vec<f32> = (0..2 * FEATURES * 3 * 4).map(|_| rng.random_range(-1.0..1.0)).collect();
        let weights = Tensor::from_vec(weights, (2, FEATURES, 3, 4), &Device::Cpu).unwrap();
        let products = |layers: &Tensor| (style_features(layers, [0.5, 0.2, -0.3]).unwrap() * &weights).unwrap();
        let var = Var::from_vec(start.clone(), shape, &Device::Cpu).unwrap();
        let gradient = products(&var).sum_all().unwrap().backward().unwrap();
        let gradient = gradient.get(&var).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for index in 0..count {
            let at = |offset: f32| -> f64 {
                let mut moved = start.clone();
                moved[index] += offset;
                let products = products(&Tensor::from_vec(moved, shape, &Device::Cpu).unwrap());
                products.flatten_all().unwrap().to_vec1::<f32>().unwrap().into_iter().map(f64::from).sum()
            };
            let difference = ((at(STEP) - at(-STEP)) / f64::from(2.0 * STEP)) as f32;
            let error = (difference - gradient[index]).abs();
            assert!(error < 4e-3, "number {index}: {} by the gradient, {difference} by differences", gradient[index]);
        }
    }

    #[test]
    fn on_devices_features_and_gradients_are_the_same() {
        let mut rng = StdRng::seed_from_u64(5);
        let (shape, count) = ((2, 4, 14, 18), 2 * 4 * 14 * 18);
        let values: Vec<f32> = (0..count).map(|_| rng.random_range(-0.2..1.2)).collect();
        let layers = Var::from_vec(values, shape, &Device::Cpu).unwrap();
        let weights: Vec<f32> = (0..2 * FEATURES * 7 * 9).map(|_| rng.random_range(-1.0..1.0)).collect();
        let weights = Tensor::from_vec(weights, (2, FEATURES, 7, 9), &Device::Cpu).unwrap();
        let grey = [0.5, 0.2, -0.3];
        let of = |features: Tensor| {
            let found = (&features * &weights).unwrap().sum_all().unwrap().backward().unwrap();
            [features, found.get(&layers).unwrap().clone()].map(|t| t.flatten_all().unwrap().to_vec1::<f32>().unwrap())
        };
        let own = of(style_features(&layers, grey).unwrap());
        let other = of(on_devices(&layers, grey).unwrap());
        for (own, other) in own.iter().flatten().zip(other.iter().flatten()) {
            assert!((own - other).abs() < 1e-4 + 1e-3 * own.abs(), "{own} and {other}");
        }
    }
}
