//! The discriminator.

use candle_core::{DType, Result, Tensor};
use inkcast_generator::{Activation, ConvOps};

use super::features::FEATURES;
use super::spectral::Spectral;
use crate::ops::TrainingOps;

/// Channels in front of and behind each convolution of 3 x 3.
pub(super) const CHANNELS: [usize; 4] = [FEATURES, 24, 48, 64];
/// Their strides. Behind them a logit sees 30 pixels of the layers in both directions, one logit every 8 pixels.
const STRIDES: [usize; 3] = [2, 2, 1];
/// Slope of the leaky ReLU below zero.
const LEAK: f64 = 0.2;

/// A discriminator of patches (Isola et al. 2017) with its weights normalised: three convolutions with leaky ReLUs over
/// style features, then for each pixel the product of what they found with a vector of the style (projection
/// discriminator, Miyato and Koyama 2018).
pub struct Discriminator {
    /// `[O, I, 3, 3]` and `[O]` of each convolution.
    pub(super) convs: Vec<(Tensor, Tensor)>,
    /// `[1, C]`: what all styles share.
    pub(super) head: Tensor,
    /// `[1]`.
    pub(super) bias: Tensor,
    /// `[S, C]`: what each style adds to it.
    pub(super) styles: Tensor,
}

/// What a discriminator finds.
pub struct Verdict {
    /// `[N, 1, h, w]`: positive where a patch looks real.
    pub logits: Tensor,
    /// What each convolution and its leaky ReLU gave, for feature matching.
    pub hidden: Vec<Tensor>,
}

/// Name and shape of every parameter of a discriminator for `styles` styles. Those that end in `.weight` are divided by
/// their largest singular value.
pub fn parameters(styles: usize) -> Vec<(String, Vec<usize>)> {
    let mut parameters = Vec::new();
    for (index, channels) in CHANNELS.windows(2).enumerate() {
        parameters.push((format!("conv{index}.weight"), vec![channels[1], channels[0], 3, 3]));
        parameters.push((format!("conv{index}.bias"), vec![channels[1]]));
    }
    let last = CHANNELS[CHANNELS.len() - 1];
    parameters.push(("head.weight".to_string(), vec![1, last]));
    parameters.push(("head.bias".to_string(), vec![1]));
    parameters.push(("styles.weight".to_string(), vec![styles, last]));
    parameters
}

impl Discriminator {
    /// Takes parameters in the order of [`parameters`], each weight with what normalises it.
    pub fn new(parameters: &[(Tensor, Option<Spectral>)]) -> Result<Self> {
        let normalised = |(tensor, spectral): &(Tensor, Option<Spectral>)| match spectral {
            Some(spectral) => spectral.normalised(tensor),
            None => Ok(tensor.clone()),
        };
        let tensors = parameters.iter().map(normalised).collect::<Result<Vec<_>>>()?;
        let [convs @ .., head, bias, styles] = &tensors[..] else {
            candle_core::bail!("a discriminator has at least three parameters");
        };
        let convs = convs.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
        Ok(Discriminator { convs, head: head.clone(), bias: bias.clone(), styles: styles.clone() })
    }

    /// Judges style features `[N, 15, H, W]` as those of the style with this index.
    pub fn judge(&self, features: &Tensor, style: usize) -> Result<Verdict> {
        let mut hidden: Vec<Tensor> = Vec::new();
        for ((weight, bias), stride) in self.convs.iter().zip(STRIDES) {
            let x = hidden.last().unwrap_or(features);
            let x = TrainingOps.conv2d(x, weight, bias, None, stride, Activation::None)?;
            hidden.push(((x.relu()? * (1.0 - LEAK))? + (x * LEAK)?)?);
        }
        let weight = self.projection(style)?.reshape((1, (), 1, 1))?;
        let last = hidden.last().unwrap_or(features);
        let logits = TrainingOps.conv2d(last, &weight, &self.bias, None, 1, Activation::None)?;
        Ok(Verdict { logits, hidden })
    }

    /// The gradient of the sum of the logits in the features `[N, 15, H, W]` that gave this verdict, itself
    /// differentiable in the parameters: between its kinks the network is linear, so that going back through it takes
    /// nothing but transposed convolutions and the slopes of the leaky ReLUs, which are constants.
    pub fn slope(&self, verdict: &Verdict, features: &Tensor, style: usize) -> Result<Tensor> {
        let last = verdict.hidden.last().unwrap_or(features);
        let mut slope = self.projection(style)?.reshape((1, (), 1, 1))?.broadcast_as(last.shape())?;
        for (index, ((weight, _), stride)) in self.convs.iter().zip(STRIDES).enumerate().rev() {
            let (hidden, before) =
                (&verdict.hidden[index], if index == 0 { features } else { &verdict.hidden[index - 1] });
            let passed = hidden.ge(0f64)?.to_dtype(DType::F32)?.affine(1.0 - LEAK, LEAK)?;
            slope = transposed_conv2d(&(slope * passed)?, weight, stride, before)?;
        }
        Ok(slope)
    }

    /// `[1, C]`: what logits of a style are the product with.
    fn projection(&self, style: usize) -> Result<Tensor> {
        &self.head + self.styles.narrow(0, style, 1)?
    }
}

/// The transpose of a convolution of 3 x 3 with zero padding, whose input has the size of `like`.
fn transposed_conv2d(y: &Tensor, weight: &Tensor, stride: usize, like: &Tensor) -> Result<Tensor> {
    let (_, _, height, width) = like.dims4()?;
    let (_, _, out_height, out_width) = y.dims4()?;
    let missing = [(height, out_height), (width, out_width)].map(|(all, out)| all - ((out - 1) * stride + 1));
    if missing[0] != missing[1] {
        candle_core::bail!("the discriminator takes sides that leave the same remainder, not {:?}", like.dims());
    }
    y.contiguous()?.conv_transpose2d(&weight.contiguous()?, 1, missing[0], stride, 1)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};
    use rand::{Rng, SeedableRng, rngs::StdRng};

    use super::super::losses::r1;
    use super::*;

    fn noise(rng: &mut StdRng, shape: &[usize], range: f32) -> Tensor {
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| rng.random_range(-range..range)).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    }

    /// Parameters of a discriminator for two styles, not normalised.
    fn drawn(rng: &mut StdRng) -> Vec<Var> {
        let parameters = parameters(2);
        parameters.iter().map(|(_, shape)| Var::from_tensor(&noise(rng, shape, 0.2)).unwrap()).collect()
    }

    fn discriminator(parameters: &[Var]) -> Discriminator {
        let parameters: Vec<_> = parameters.iter().map(|var| (var.as_tensor().clone(), None)).collect();
        Discriminator::new(&parameters).unwrap()
    }

    fn numbers(tensor: &Tensor) -> Vec<f32> {
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn a_logit_every_eight_pixels_depends_on_the_style() {
        let mut rng = StdRng::seed_from_u64(1);
        let discriminator = discriminator(&drawn(&mut rng));
        let features = noise(&mut rng, &[2, FEATURES, 24, 16], 1.0);
        let of_styles = [0, 1].map(|style| discriminator.judge(&features, style).unwrap().logits);
        assert_eq!(of_styles[0].dims(), [2, 1, 6, 4]);
        let difference = (&of_styles[0] - &of_styles[1]).unwrap();
        // The styles differ by the product of the difference of their vectors with what the convolutions found.
        let hidden = discriminator.judge(&features, 0).unwrap().hidden.pop().unwrap();
        let vectors =
            (discriminator.styles.narrow(0, 0, 1).unwrap() - discriminator.styles.narrow(0, 1, 1).unwrap()).unwrap();
        let expected = hidden.broadcast_mul(&vectors.reshape((1, (), 1, 1)).unwrap()).unwrap().sum_keepdim(1).unwrap();
        for (got, expected) in numbers(&difference).iter().zip(numbers(&expected)) {
            assert!((got - expected).abs() < 1e-4, "{got} instead of {expected}");
        }
    }

    #[test]
    fn the_slope_is_the_gradient() {
        let mut rng = StdRng::seed_from_u64(2);
        let discriminator = discriminator(&drawn(&mut rng));
        let features = Var::from_tensor(&noise(&mut rng, &[2, FEATURES, 8, 12], 1.0)).unwrap();
        let verdict = discriminator.judge(&features, 1).unwrap();
        let gradient = verdict.logits.sum_all().unwrap().backward().unwrap();
        let gradient = numbers(gradient.get(&features).unwrap());
        let slope = numbers(&discriminator.slope(&verdict, &features, 1).unwrap());
        for (got, expected) in slope.iter().zip(&gradient) {
            assert!((got - expected).abs() < 1e-4, "{got} instead of {expected}");
        }
        assert!(gradient.iter().any(|gradient| gradient.abs() > 0.1));
    }

    #[test]
    fn gradients_of_r1_equal_differences() {
        const STEP: f32 = 1e-3;
        let mut rng = StdRng::seed_from_u64(3);
        let parameters = drawn(&mut rng);
        let features = noise(&mut rng, &[1, FEATURES, 8, 8], 1.0);
        let penalty = |parameters: &[Var]| {
            let discriminator = discriminator(parameters);
            let verdict = discriminator.judge(&features, 0).unwrap();
            r1(&discriminator.slope(&verdict, &features, 0).unwrap()).unwrap()
        };
        let gradients = penalty(&parameters).backward().unwrap();
        for (index, (name, _)) in super::parameters(2).iter().enumerate() {
            // Biases and whoever is not asked move no slope but at kinks.
            let Some(gradient) = gradients.get(&parameters[index]) else {
                assert!(name.ends_with("bias"), "{name} has no gradient");
                continue;
            };
            let (gradient, values) = (numbers(gradient), numbers(&parameters[index]));
            let scale = gradient.iter().fold(0f32, |largest, g| largest.max(g.abs()));
            let mut wrong = 0;
            let positions: Vec<usize> = (0..12).map(|_| rng.random_range(0..values.len())).collect();
            for &position in &positions {
                let at = |offset: f32| {
                    let mut moved = values.clone();
                    moved[position] += offset;
                    let mut vars: Vec<Var> = parameters.clone();
                    vars[index] = Var::from_vec(moved, parameters[index].shape(), &Device::Cpu).unwrap();
                    penalty(&vars).to_scalar::<f32>().unwrap()
                };
                let difference = (at(STEP) - at(-STEP)) / (2.0 * STEP);
                wrong += usize::from((difference - gradient[position]).abs() > 0.03 * scale);
            }
            assert!(wrong <= 1, "{name}: {wrong} of 12 gradients are not the slope; a kink explains one");
        }
    }
}
