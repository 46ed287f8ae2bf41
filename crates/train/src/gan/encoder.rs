//! A network that tells the style of a picture.

use candle_core::{Result, Tensor};

use super::layers::{conv, dense, leaky_relu};
use super::plan::Plan;
use super::view::View;

/// Convolutions of stride 2.
const LEVELS: usize = 3;
/// What a standard deviation cannot be less than, squared.
const EPSILON: f64 = 1e-4;

/// An encoder of style: strided convolutions, and of each level the mean and the standard deviation of every channel,
/// which carry style and no places (Huang and Belongie 2017); a dense layer makes a style vector of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Encoder {
    /// Channels after the first convolution; each further one doubles them.
    pub channels: usize,
    /// Length of a style vector.
    pub style_dims: usize,
}

impl Encoder {
    /// Its tensors, named below "encoder".
    pub fn plan(&self) -> Plan {
        let mut plan = Plan::default();
        let mut inputs = 3;
        for level in 0..LEVELS {
            let outputs = self.channels << level;
            plan.layer(&format!("encoder.{level}"), &[outputs, inputs, 3, 3], (2.0 / (9 * inputs) as f64).sqrt());
            inputs = outputs;
        }
        let statistics = 2 * self.channels * ((1 << LEVELS) - 1);
        plan.layer("encoder.style", &[self.style_dims, statistics], (1.0 / statistics as f64).sqrt());
        plan
    }

    /// Style vectors `[N, style_dims]` of pictures `[N, 3, H, W]` in 0..1.
    pub fn forward(&self, view: &View, pictures: &Tensor) -> Result<Tensor> {
        let mut x = pictures.affine(2.0, -1.0)?;
        let mut statistics = Vec::new();
        for level in 0..LEVELS {
            x = leaky_relu(&conv(view, &format!("encoder.{level}"), &x, 2)?)?;
            let flat = x.flatten_from(2)?;
            let mean = flat.mean_keepdim(2)?;
            let deviation = (flat.broadcast_sub(&mean)?.sqr()?.mean(2)? + EPSILON)?.sqrt()?;
            statistics.extend([mean.squeeze(2)?, deviation]);
        }
        dense(view, "encoder.style", &Tensor::cat(&statistics, 1)?)
    }
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};
    use rand::{SeedableRng, rngs::StdRng};

    use super::super::folder::Folder;
    use super::super::parameters::Parameters;
    use super::super::view::Mode;
    use super::*;

    #[test]
    fn crops_of_one_picture_are_nearer_than_those_of_another() {
        let encoder = Encoder { channels: 4, style_dims: 6 };
        let parameters = Parameters::new(encoder.plan(), &mut StdRng::seed_from_u64(1)).unwrap();
        let vectors = |grey: &dyn Fn(u32, u32) -> u8| {
            let picture = RgbImage::from_fn(48, 48, |x, y| Rgb([grey(x, y); 3]));
            let crops = Folder::of(vec![picture], 32).draw(8, &mut StdRng::seed_from_u64(2)).unwrap();
            encoder.forward(&parameters.live(Mode::Training), &crops).unwrap().to_vec2::<f32>().unwrap()
        };
        // Dark and light in no order: periods would fall in and out of step with strides.
        let grain = |x: u32, y: u32, low: u8, high: u8| {
            let hash = (x.wrapping_mul(0x9e37_79b9) ^ y.wrapping_mul(0x85eb_ca6b)).wrapping_mul(0xc2b2_ae35);
            if hash >> 31 == 0 { low } else { high }
        };
        let soft = vectors(&|x, y| grain(x, y, 110, 140));
        let hard = vectors(&|x, y| grain(x, y, 0, 250));
        let far = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt();
        let within = (1..8).map(|index| far(&soft[0], &soft[index])).fold(0.0, f32::max);
        let between = hard.iter().map(|other| far(&soft[0], other)).fold(f32::INFINITY, f32::min);
        assert!(within < between, "{within} {between}");
    }
}
