//! A network that makes pictures of noise.

use candle_core::{Result, Tensor};
use serde::Deserialize;

use super::layers::{batch_norm, dense, transposed};
use super::plan::Plan;
use super::settings::{doublings, within};
use super::view::View;

/// Standard deviation that weights start with (Radford et al. 2015).
const DEVIATION: f64 = 0.02;

/// Sizes of a generator from noise in the shape of Radford et al. 2015: a dense layer to maps of 4x4, then transposed
/// convolutions that double the side and halve the channels; batch normalisation and ReLU after all but the last.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FromNoise {
    /// Numbers of noise that a picture is made of.
    pub noise: usize,
    /// Channels of the maps before the last convolution; each one before has twice as many, up to eight times.
    pub channels: usize,
    /// How colours are brought into 0..1.
    pub output: Output,
}

/// How colours are brought into 0..1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Output {
    /// `(tanh(x) + 1) / 2`.
    Tanh,
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
}

impl FromNoise {
    /// Refuses sizes that cannot be built; errors name the key.
    pub fn validate(&self, size: usize) -> anyhow::Result<()> {
        within("generator.noise", self.noise, 1, 4096)?;
        within("generator.channels", self.channels, 1, 512)?;
        doublings("data.size", size).map(drop)
    }

    /// Channels before the doubling that `left` further ones follow.
    fn channels_with(&self, left: usize) -> usize {
        self.channels << left.min(3)
    }

    /// The tensors of a network for pictures whose side is 4, `levels` times doubled. `condition` numbers are put behind
    /// the noise.
    pub fn plan(&self, levels: usize, condition: usize) -> Plan {
        let mut plan = Plan::default();
        let mut inputs = self.channels_with(levels - 1);
        plan.layer("enter", &[inputs * 16, self.noise + condition], DEVIATION);
        plan.batch_norm("enter.norm", inputs);
        for level in 1..levels {
            let outputs = self.channels_with(levels - 1 - level);
            plan.normal(format!("raise.{level}.weight"), &[inputs, outputs, 4, 4], DEVIATION);
            plan.zero(format!("raise.{level}.bias"), &[outputs]);
            plan.batch_norm(&format!("raise.{level}.norm"), outputs);
            inputs = outputs;
        }
        plan.normal("exit.weight".to_string(), &[inputs, 3, 4, 4], DEVIATION);
        plan.zero("exit.bias".to_string(), &[3]);
        plan
    }

    /// Pictures `[N, 3, size, size]` in 0..1 of noise `[N, noise + condition]`.
    pub fn forward(&self, view: &View, levels: usize, noise: &Tensor) -> Result<Tensor> {
        let maps = dense(view, "enter", noise)?.reshape((noise.dim(0)?, self.channels_with(levels - 1), 4, 4))?;
        let mut x = batch_norm(view, "enter.norm", &maps)?.relu()?;
        for level in 1..levels {
            let name = format!("raise.{level}");
            x = batch_norm(view, &format!("{name}.norm"), &transposed(view, &name, &x)?)?.relu()?;
        }
        let x = transposed(view, "exit", &x)?;
        match self.output {
            Output::Tanh => x.tanh()?.affine(0.5, 0.5),
            // The same curve, twice as slow.
            Output::Sigmoid => (x * 0.5)?.tanh()?.affine(0.5, 0.5),
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use rand::{SeedableRng, rngs::StdRng};

    use super::super::parameters::Parameters;
    use super::super::view::Mode;
    use super::*;

    #[test]
    fn sides_double_and_channels_halve() {
        let sizes = FromNoise { noise: 100, channels: 64, output: Output::Tanh };
        // 64x64 as in the paper: maps of 4x4 with 512 channels, then 256, 128, 64, then the picture.
        let plan = sizes.plan(4, 0);
        let shape = |name: &str| plan.parameters.iter().find(|p| p.name == name).unwrap().shape.clone();
        assert_eq!(shape("enter.weight"), [8192, 100]);
        assert_eq!(shape("raise.1.weight"), [512, 256, 4, 4]);
        assert_eq!(shape("raise.3.weight"), [128, 64, 4, 4]);
        assert_eq!(shape("exit.weight"), [64, 3, 4, 4]);

        let error = sizes.validate(48).unwrap_err().to_string();
        assert!(error.contains("data.size is 48"), "{error}");
        let error = FromNoise { channels: 0, ..sizes }.validate(64).unwrap_err().to_string();
        assert!(error.contains("generator.channels is 0"), "{error}");
    }

    #[test]
    fn colours_lie_in_their_range_and_follow_the_noise() {
        for output in [Output::Tanh, Output::Sigmoid] {
            let sizes = FromNoise { noise: 5, channels: 2, output };
            let parameters = Parameters::new(sizes.plan(2, 1), &mut StdRng::seed_from_u64(1)).unwrap();
            let noise = Tensor::arange(0f32, 18.0, &Device::Cpu).unwrap().sin().unwrap().reshape((3, 6)).unwrap();
            let pictures = sizes.forward(&parameters.live(Mode::Training), 2, &noise).unwrap();
            assert_eq!(pictures.dims(), [3, 3, 16, 16]);
            let values = pictures.flatten_from(1).unwrap().to_vec2::<f32>().unwrap();
            assert!(values.iter().flatten().all(|value| (0.0..=1.0).contains(value)));
            assert_ne!(values[0], values[1]);
        }
    }
}
