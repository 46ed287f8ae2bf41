//! The generator of "style-based": a mapping of noise to a style, and a synthesis that the style steers.

use candle_core::{Device, Result, Tensor};
use rand::rngs::StdRng;
use serde::Deserialize;

use super::layers::{doubled, leaky_relu};
use super::modulation::{folded, modulated, plain};
use super::plan::Plan;
use super::randomness::noise;
use super::settings::{doublings, within};
use super::view::View;

/// Learning rate of the mapping, relative to the rest (Karras et al. 2019).
const MAPPING_RATE: f64 = 0.01;
/// Keeps the mean square where the leaky rectifier takes half away.
const GAIN: f64 = std::f64::consts::SQRT_2;

/// Sizes of a style-based generator (Karras et al. 2019, 2020).
///
/// Noise `z` is mapped to a style `w` by dense layers; pictures grow from a learned map of 4x4, which is doubled again and
/// again. Each convolution is modulated by `w`, gets noise of a learned strength, a bias and a leaky rectifier; after each
/// size a 1x1 convolution adds to the colours. Weights are scaled where they are used, not where they are drawn, so that
/// one learning rate suits all (equalised, Karras et al. 2018).
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct StyleBased {
    /// Numbers of noise that a picture is made of.
    pub noise: usize,
    /// Length of a style.
    pub style_dims: usize,
    /// Dense layers between them.
    pub mapping: usize,
    /// Channels at the full size; each halving of it has twice as many, up to eight times.
    pub channels: usize,
}

/// How convolutions are run; both give the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Inputs and outputs are scaled: a batch of many styles in one convolution, for training.
    Unfolded,
    /// The style is folded into the weights first: plain convolutions are left, for pictures of one style.
    Folded,
}

impl StyleBased {
    /// Refuses sizes that cannot be built; errors name the key.
    pub fn validate(&self, size: usize) -> anyhow::Result<()> {
        within("generator.noise", self.noise, 1, 4096)?;
        within("generator.style-dims", self.style_dims, 1, 4096)?;
        within("generator.mapping", self.mapping, 1, 16)?;
        within("generator.channels", self.channels, 1, 512)?;
        doublings("data.size", size).map(drop)
    }

    /// Channels at side 4, `level` times doubled, of `levels` in all.
    fn channels_at(&self, level: usize, levels: usize) -> usize {
        self.channels << (levels - level).min(3)
    }

    /// Name, inputs, outputs and level of the 3x3 convolutions in the order they run.
    fn convs(&self, levels: usize) -> Vec<(String, usize, usize, usize)> {
        let mut convs = vec![("at.0.second".to_string(), self.channels_at(0, levels), self.channels_at(0, levels), 0)];
        for level in 1..=levels {
            let (before, here) = (self.channels_at(level - 1, levels), self.channels_at(level, levels));
            convs.push((format!("at.{level}.first"), before, here, level));
            convs.push((format!("at.{level}.second"), here, here, level));
        }
        convs
    }

    /// The tensors of a network for pictures whose side is 4, `levels` times doubled.
    pub fn plan(&self, levels: usize) -> Plan {
        let mut plan = Plan::default();
        for layer in 0..self.mapping {
            let inputs = if layer == 0 { self.noise } else { self.style_dims };
            plan.layer(&format!("mapping.{layer}"), &[self.style_dims, inputs], 1.0 / MAPPING_RATE);
        }
        plan.normal("constant".to_string(), &[1, self.channels_at(0, levels), 4, 4], 1.0);
        for (name, inputs, outputs, _) in self.convs(levels) {
            plan.layer(&name, &[outputs, inputs, 3, 3], 1.0);
            plan.layer(&format!("{name}.style"), &[inputs, self.style_dims], 1.0);
            plan.zero(format!("{name}.noise"), &[1]);
        }
        for level in 0..=levels {
            let (name, inputs) = (format!("at.{level}.colour"), self.channels_at(level, levels));
            plan.layer(&name, &[3, inputs, 1, 1], 1.0);
            plan.layer(&format!("{name}.style"), &[inputs, self.style_dims], 1.0);
        }
        plan
    }

    /// Noise for each of the 3x3 convolutions, `[batch, 1, side, side]`.
    pub fn draw_noise(&self, levels: usize, batch: usize, rng: &mut StdRng) -> anyhow::Result<Vec<Tensor>> {
        let convs = self.convs(levels).into_iter();
        convs.map(|(.., level)| noise(&[batch, 1, 4 << level, 4 << level], rng)).collect()
    }

    /// Styles `[N, style_dims]` of noise `[N, noise]`.
    pub fn styles(&self, view: &View, noise: &Tensor) -> Result<Tensor> {
        let length = (noise.sqr()?.mean_keepdim(1)? + 1e-8)?.sqrt()?;
        let mut x = noise.broadcast_div(&length)?;
        for layer in 0..self.mapping {
            x = (leaky_relu(&scaled_dense(view, &format!("mapping.{layer}"), &x, MAPPING_RATE)?)? * GAIN)?;
        }
        Ok(x)
    }

    /// Pictures `[N, 3, size, size]`, about in 0..1, of styles `[N, style_dims]` and the noise of
    /// [`StyleBased::draw_noise`]. The folded way takes one style.
    pub fn synthesise(
        &self,
        view: &View,
        levels: usize,
        styles: &Tensor,
        noises: &[Tensor],
        way: Way,
    ) -> Result<Tensor> {
        let batch = styles.dim(0)?;
        let constant = view.get("constant")?;
        let (_, channels, ..) = constant.dims4()?;
        let mut x = constant.broadcast_as((batch, channels, 4, 4))?.contiguous()?;
        let mut colours: Option<Tensor> = None;
        for ((name, _, _, level), noise) in self.convs(levels).iter().zip(noises) {
            if name.ends_with("first") {
                x = doubled(&x)?;
            }
            let y = styled_conv(view, name, &x, styles, true, way)?;
            let y = y.broadcast_add(&noise.broadcast_mul(&view.part(name, "noise")?.reshape((1, 1, 1, 1))?)?)?;
            x = (leaky_relu(&add_bias(view, name, &y)?)? * GAIN)?;
            if name.ends_with("second") {
                let name = format!("at.{level}.colour");
                let more = add_bias(view, &name, &styled_conv(view, &name, &x, styles, false, way)?)?;
                colours = Some(match colours {
                    Some(colours) => (doubled(&colours)? + more)?,
                    None => more,
                });
            }
        }
        match colours {
            Some(colours) => colours.affine(0.5, 0.5),
            None => candle_core::bail!("there is no noise for the convolutions"),
        }
    }
}

/// A dense layer whose weight is scaled by the root of its inputs, weight and bias by `rate`.
fn scaled_dense(view: &View, name: &str, x: &Tensor, rate: f64) -> Result<Tensor> {
    let weight = view.part(name, "weight")?;
    let scale = rate / (weight.dim(1)? as f64).sqrt();
    x.matmul(&(weight * scale)?.t()?)?.broadcast_add(&(view.part(name, "bias")? * rate)?)
}

/// A convolution modulated by what the styles mean for it: a dense layer that starts near 1.
fn styled_conv(view: &View, name: &str, x: &Tensor, styles: &Tensor, demodulate: bool, way: Way) -> Result<Tensor> {
    let weight = view.part(name, "weight")?;
    let weight = (weight / ((weight.elem_count() / weight.dim(0)?) as f64).sqrt())?;
    let factors = (scaled_dense(view, &format!("{name}.style"), styles, 1.0)? + 1.0)?;
    match way {
        Way::Unfolded => modulated(x, &weight, &factors, demodulate),
        Way::Folded => plain(x, &folded(&weight, &factors.squeeze(0)?, demodulate)?),
    }
}

fn add_bias(view: &View, name: &str, x: &Tensor) -> Result<Tensor> {
    x.broadcast_add(&view.part(name, "bias")?.reshape((1, (), 1, 1))?)
}

/// One set of noise without any, for pictures that depend on the style alone.
pub fn no_noise(noises: &[Tensor]) -> Result<Vec<Tensor>> {
    noises.iter().map(|noise| Tensor::zeros(noise.shape(), noise.dtype(), &Device::Cpu)).collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::super::parameters::Parameters;
    use super::super::view::Mode;
    use super::*;

    const SIZES: StyleBased = StyleBased { noise: 6, style_dims: 5, mapping: 2, channels: 2 };

    fn largest(a: &Tensor, b: &Tensor) -> f32 {
        (a - b).unwrap().abs().unwrap().max_all().unwrap().to_scalar().unwrap()
    }

    #[test]
    fn a_folded_network_makes_the_same_pictures() {
        let mut rng = StdRng::seed_from_u64(1);
        let parameters = Parameters::new(SIZES.plan(2), &mut rng).unwrap();
        let view = parameters.live(Mode::Inference);
        let styles = SIZES.styles(&view, &noise(&[3, 6], &mut rng).unwrap()).unwrap();
        let noises = SIZES.draw_noise(2, 3, &mut rng).unwrap();
        let together = SIZES.synthesise(&view, 2, &styles, &noises, Way::Unfolded).unwrap();
        assert_eq!(together.dims(), [3, 3, 16, 16]);
        for index in 0..3 {
            let one = |tensor: &Tensor| tensor.narrow(0, index, 1).unwrap();
            let own: Vec<Tensor> = noises.iter().map(one).collect();
            let alone = SIZES.synthesise(&view, 2, &one(&styles), &own, Way::Folded).unwrap();
            assert!(largest(&alone, &one(&together)) < 1e-4);
        }
        assert!(largest(&together.narrow(0, 0, 1).unwrap(), &together.narrow(0, 1, 1).unwrap()) > 0.01);
    }

    #[test]
    fn noise_counts_once_its_strength_is_not_zero() {
        let mut rng = StdRng::seed_from_u64(2);
        let parameters = Parameters::new(SIZES.plan(1), &mut rng).unwrap();
        let mut view = parameters.live(Mode::Inference);
        let styles = SIZES.styles(&view, &noise(&[1, 6], &mut rng).unwrap()).unwrap();
        let noises = SIZES.draw_noise(1, 1, &mut rng).unwrap();
        let picture = |view: &View, noises: &[Tensor]| SIZES.synthesise(view, 1, &styles, noises, Way::Folded).unwrap();
        let still = no_noise(&noises).unwrap();
        assert_eq!(largest(&picture(&view, &noises), &picture(&view, &still)), 0.0);
        view.replace("at.1.first.noise", Tensor::new(&[0.5f32], &Device::Cpu).unwrap());
        assert!(largest(&picture(&view, &noises), &picture(&view, &still)) > 0.01);
    }

    #[test]
    fn the_mapping_does_not_know_how_long_its_noise_is() {
        let mut rng = StdRng::seed_from_u64(3);
        let parameters = Parameters::new(SIZES.plan(1), &mut rng).unwrap();
        let view = parameters.live(Mode::Inference);
        let noise = noise(&[2, 6], &mut rng).unwrap();
        let styles = SIZES.styles(&view, &noise).unwrap();
        let longer = SIZES.styles(&view, &(&noise * 3.0).unwrap()).unwrap();
        assert!(largest(&styles, &longer) < 1e-5);
    }
}
