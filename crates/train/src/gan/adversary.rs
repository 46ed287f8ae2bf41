//! The discriminator in training, and what it makes the generator pay.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor, Var};
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};

use super::discriminator::{Discriminator, Verdict, parameters};
use super::features::{style_features, texture_grey};
use super::losses::{Objective, r1};
use super::spectral::Spectral;
use crate::optimiser::{AdamW, Moments, shorten};
use crate::weights::normal;

/// How a generator is trained against a discriminator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Adversarial {
    /// What both minimise: "minimax", "hinge" or "least-squares".
    pub objective: Objective,
    /// Weight of the generator's adversarial loss.
    pub weight: f64,
    /// Weight of feature matching (Wang et al. 2018): the mean absolute difference between what the discriminator's
    /// convolutions find in a look and in what the generator made.
    pub feature_matching: f64,
    /// The discriminator's learning rate, its own as in the two time-scale rule (Heusel et al. 2017).
    pub learning_rate: f64,
    /// Weight of the gradient penalty R1, per patch and in style features; half of it is the factor.
    pub r1: f64,
    /// Steps between two penalties, each of which counts for all of them (Karras et al. 2020); at least 1.
    pub r1_every: u64,
    /// The first step in which the discriminator learns.
    pub from_step: u64,
    /// Steps from there until the generator's weights have risen from zero to what they are.
    pub rise: u64,
}

impl Adversarial {
    /// Checks the numbers; errors name the key.
    pub fn validate(&self) -> Result<()> {
        for (key, value) in [("weight", self.weight), ("feature-matching", self.feature_matching), ("r1", self.r1)] {
            ensure!(value >= 0.0 && value.is_finite(), "adversarial.{key} is {value}, it must not be negative");
        }
        ensure!(self.learning_rate > 0.0, "adversarial.learning-rate is {}, it must be positive", self.learning_rate);
        ensure!(self.r1_every > 0, "adversarial.r1-every must be at least 1");
        Ok(())
    }

    /// Share of the generator's weights that counts in a step.
    fn share(&self, step: u64) -> f64 {
        ((step - self.from_step + 1) as f64 / self.rise.max(1) as f64).min(1.0)
    }
}

/// Names of the figures of a step, in order.
pub const FIGURES: [&str; 5] = ["adversarial", "feature-matching", "d-loss", "d-real", "d-fake"];

/// The generator's two losses before their weights, the discriminator's loss, its mean logits of looks and of layers
/// that the generator made.
pub type Figures = [f32; FIGURES.len()];

/// A discriminator in training.
pub struct Adversary {
    settings: Adversarial,
    parameters: Vec<Parameter>,
    device: Device,
}

struct Parameter {
    name: String,
    var: Var,
    moments: Moments,
    /// Of weights.
    spectral: Option<Spectral>,
}

/// What a discriminator does during one step.
pub struct Round {
    settings: Adversarial,
    step: u64,
    discriminator: Discriminator,
    vars: Vec<Var>,
    /// Summed over the styles.
    gradient: Vec<Vec<f32>>,
}

/// What a round says of the layers that a generator made.
pub struct Opposed {
    /// A scalar whose gradient is that of the generator's losses times their weights; its value says nothing.
    pub pull: Tensor,
    /// See [`FIGURES`].
    pub figures: Figures,
}

/// How well a discriminator tells looks from what a generator made of the same pictures.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Told {
    /// Mean logit of looks.
    pub real: f32,
    /// Mean logit of layers that were made.
    pub fake: f32,
    /// Share of patches in which the look has the higher logit: 0.5 if they cannot be told.
    pub right: f32,
}

impl Adversary {
    /// A discriminator for `styles` styles on a device, drawn by a seed.
    pub fn new(settings: &Adversarial, styles: usize, seed: u64, device: &Device) -> Result<Self> {
        let mut rng = StdRng::seed_from_u64(seed ^ 0xd15c_41b1_7a70_4000);
        let parameter = |(name, shape): (String, Vec<usize>)| {
            let is_weight = name.ends_with(".weight");
            let inputs: usize = shape[1..].iter().product();
            let deviation = if is_weight { (1.0 / inputs as f64).sqrt() } else { 0.0 };
            let values: Vec<f32> = (0..shape.iter().product()).map(|_| normal(&mut rng, deviation)).collect();
            let moments = Moments::zeros(values.len());
            let left: Vec<f32> = (0..shape[0]).map(|_| normal(&mut rng, 1.0)).collect();
            let spectral = is_weight.then(|| Spectral::new(&Tensor::new(left, device)?)).transpose()?;
            let var = Var::from_vec(values, shape, device)?;
            Ok(Parameter { name, var, moments, spectral })
        };
        let parameters = parameters(styles).into_iter().map(parameter).collect::<Result<_>>()?;
        Ok(Adversary { settings: settings.clone(), parameters, device: device.clone() })
    }

    /// Begins a step, unless the discriminator is to wait. The vectors of the spectral normalisation follow the weights.
    pub fn begin(&mut self, step: u64) -> Result<Option<Round>> {
        if step < self.settings.from_step {
            return Ok(None);
        }
        for parameter in &mut self.parameters {
            if let Some(spectral) = &mut parameter.spectral {
                spectral.follow(&parameter.var)?;
            }
        }
        Ok(Some(Round {
            settings: self.settings.clone(),
            step,
            discriminator: self.discriminator()?,
            vars: self.parameters.iter().map(|parameter| parameter.var.clone()).collect(),
            gradient: self.parameters.iter().map(|parameter| vec![0.0; parameter.moments.first.len()]).collect(),
        }))
    }

    /// The figures of a step in which the discriminator waits: it knows nothing.
    pub fn waiting(&self) -> Figures {
        [0.0, 0.0, self.settings.objective.blind_loss(), 0.0, 0.0]
    }

    /// Changes the discriminator by what a round found.
    pub fn finish(&mut self, round: Round) -> Result<()> {
        // Gradients of a discriminator that is normalised are short; longer ones are outliers.
        const LARGEST_GRADIENT: f64 = 10.0;
        let Round { mut gradient, step, .. } = round;
        shorten(&mut gradient, LARGEST_GRADIENT).context("lower adversarial.learning-rate and resume")?;
        let rate = self.settings.learning_rate as f32;
        let adam = AdamW { rate, first: 0.5, second: 0.99, step: step - self.settings.from_step };
        for (parameter, gradient) in self.parameters.iter_mut().zip(gradient) {
            let mut values = parameter.var.flatten_all()?.to_vec1::<f32>()?;
            adam.change(&mut values, &mut parameter.moments, &gradient, 0.0);
            parameter.var.set(&Tensor::from_vec(values, parameter.var.shape(), &self.device)?)?;
        }
        Ok(())
    }

    /// How well layers `[N, 4, H, W]` that a generator made are told from those of the look of a style.
    pub fn tell(&self, made: &Tensor, look: &Tensor, style: usize) -> Result<Told> {
        let discriminator = self.discriminator()?;
        let grey = texture_grey([0.0; 3]);
        let logits = |layers: &Tensor| -> Result<Vec<f32>> {
            let layers = layers.detach().to_device(&self.device)?;
            let verdict = discriminator.judge(&style_features(&layers, grey)?, style)?;
            Ok(verdict.logits.flatten_all()?.to_vec1()?)
        };
        let (fake, real) = (logits(made)?, logits(look)?);
        let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
        let halves = real.iter().zip(&fake).map(|(real, fake)| u32::from(real > fake) + u32::from(real >= fake));
        Ok(Told { real: mean(&real), fake: mean(&fake), right: halves.sum::<u32>() as f32 / (2 * real.len()) as f32 })
    }

    /// Everything that a resumed fit needs, by name; all names begin with "discriminator.".
    pub fn state(&self) -> Result<HashMap<String, Tensor>> {
        let mut state = HashMap::new();
        for Parameter { name, var, moments, spectral } in &self.parameters {
            state.insert(key("value", name), var.to_device(&Device::Cpu)?.copy()?);
            state.insert(key("first", name), Tensor::from_slice(&moments.first, var.shape(), &Device::Cpu)?);
            state.insert(key("second", name), Tensor::from_slice(&moments.second, var.shape(), &Device::Cpu)?);
            if let Some(spectral) = spectral {
                state.insert(key("spectral", name), spectral.left()?.to_device(&Device::Cpu)?.copy()?);
            }
        }
        Ok(state)
    }

    /// Whether a tensor of this name belongs to the state of a discriminator.
    pub fn owns(name: &str) -> bool {
        name.starts_with("discriminator.")
    }

    /// The inverse of [`Adversary::state`] for the same configuration; on an error nothing has changed.
    pub fn restore(&mut self, state: &HashMap<String, Tensor>) -> Result<()> {
        let expected = self.state()?;
        for (name, tensor) in &expected {
            let found = state.get(name).with_context(|| {
                format!(
                    "tensor {name} is missing: to add a discriminator, start anew with the exported package as --base"
                )
            })?;
            ensure!(found.shape() == tensor.shape(), "tensor {name} has shape {:?}", found.dims());
        }
        if let Some(name) = state.keys().find(|name| !expected.contains_key(*name)) {
            anyhow::bail!("tensor {name} does not belong to this discriminator");
        }
        for Parameter { name, var, moments, spectral } in &mut self.parameters {
            let numbers = |part| state[&key(part, name)].flatten_all()?.to_vec1::<f32>();
            *moments = Moments { first: numbers("first")?, second: numbers("second")? };
            var.set(&state[&key("value", name)].to_device(&self.device)?)?;
            if let Some(spectral) = spectral {
                *spectral = Spectral::from_left(&state[&key("spectral", name)].to_device(&self.device)?)?;
            }
        }
        Ok(())
    }

    fn discriminator(&self) -> candle_core::Result<Discriminator> {
        let of = |parameter: &Parameter| (parameter.var.as_tensor().clone(), parameter.spectral.clone());
        Discriminator::new(&self.parameters.iter().map(of).collect::<Vec<_>>())
    }
}

impl Round {
    /// Lets the discriminator learn from the layers `[N, 4, H, W]` of a look and those that the generator made of the
    /// same pictures, and finds out which way the generator has to go. Both learn from the same verdict: that of the
    /// discriminator as it was before this step.
    pub fn oppose(&mut self, made: &Tensor, look: &Tensor, style: usize, seed: u64) -> Result<Opposed> {
        let mut rng = StdRng::seed_from_u64(seed ^ 0x7e87_04e0);
        let grey = texture_grey(std::array::from_fn(|_| rng.random_range(-1.0..=1.0)));
        let real_features = style_features(&look.detach(), grey)?;
        let fake_features = style_features(made, grey)?;
        // Cut off from the generator, so that going back twice costs only the discriminator twice.
        let seen = Var::from_tensor(&fake_features.detach())?;
        let real = self.discriminator.judge(&real_features, style)?;
        let fake = self.discriminator.judge(&seen, style)?;

        let objective = self.settings.objective;
        let loss = objective.discriminator_loss(&real.logits, &fake.logits)?;
        let learned = match self.penalty(&real, &real_features, style)? {
            Some(penalty) => (&loss + penalty)?.backward()?,
            None => loss.backward()?,
        };
        for (sum, var) in self.gradient.iter_mut().zip(&self.vars) {
            if let Some(found) = learned.get(var) {
                let found = found.flatten_all()?.to_vec1::<f32>()?;
                sum.iter_mut().zip(found).for_each(|(sum, found)| *sum += found);
            }
        }

        let fooling = objective.generator_loss(&fake.logits)?;
        let matching = matching(&real, &fake)?;
        let share = self.settings.share(self.step);
        let cost =
            ((&fooling * (share * self.settings.weight))? + (&matching * (share * self.settings.feature_matching))?)?;
        let direction = cost.backward()?;
        let direction = direction.get(&seen).context("the discriminator does not depend on what it sees")?.detach();
        let pull = (fake_features * direction)?.sum_all()?;
        let number = |tensor: &Tensor| tensor.mean_all()?.to_scalar::<f32>();
        let figures =
            [number(&fooling)?, number(&matching)?, number(&loss)?, number(&real.logits)?, number(&fake.logits)?];
        Ok(Opposed { pull, figures })
    }

    /// R1 per patch, where it is due.
    fn penalty(&self, real: &Verdict, features: &Tensor, style: usize) -> Result<Option<Tensor>> {
        let Adversarial { r1: weight, r1_every, from_step, .. } = self.settings;
        if weight == 0.0 || !(self.step - from_step).is_multiple_of(r1_every) {
            return Ok(None);
        }
        let (count, patches) = (features.dim(0)?, real.logits.elem_count());
        let slope = self.discriminator.slope(real, features, style)?;
        Ok(Some((r1(&slope)? * (0.5 * weight * r1_every as f64 * count as f64 / patches as f64))?))
    }
}

/// Mean over the convolutions of the mean absolute differences of what they found; what they found in looks is fixed.
fn matching(real: &Verdict, fake: &Verdict) -> candle_core::Result<Tensor> {
    let mut sum = Tensor::zeros((), real.logits.dtype(), real.logits.device())?;
    for (real, fake) in real.hidden.iter().zip(&fake.hidden) {
        sum = (sum + (fake - real.detach())?.abs()?.mean_all()?)?;
    }
    sum / real.hidden.len() as f64
}

fn key(part: &str, name: &str) -> String {
    format!("discriminator.{part}.{name}")
}

#[cfg(test)]
#[path = "adversary_tests.rs"]
mod tests;
