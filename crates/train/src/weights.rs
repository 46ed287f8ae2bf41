//! The numbers that training changes, and AdamW that changes them.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor, Var};
use inkcast_generator::{Architecture, Generator, Init, Parameter as Shape};
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::config::{Config, Fit};
use crate::device::Floats;
use crate::eight_bits::Ranges;
use crate::gan::adversary::Adversary;
use crate::optimiser::{AdamW, Moments, shorten};
use crate::supply::Supply;

/// One tensor of the network with its optimiser state.
struct Parameter {
    name: String,
    var: Var,
    /// What `var` holds, where the optimiser works.
    values: Vec<f32>,
    moments: Moments,
    /// Running mean of the value, which is what is exported.
    average: Vec<f32>,
}

/// A network in training.
pub struct Weights {
    parameters: Vec<Parameter>,
    /// The network over the parameters as they are; it follows their changes.
    generator: Generator,
    /// What it is trained against, if anything.
    adversary: Option<Adversary>,
    /// How far its maps reach, if it is trained for 8 bits.
    ranges: Ranges,
    config: Config,
    device: Device,
}

/// A gradient, summed over the styles of a step.
pub struct Gradient(Vec<Vec<f32>>);

impl Weights {
    /// Fresh weights, drawn by the seed of the configuration, or those of `base` where it has them.
    ///
    /// A base may lack styles, which then start near the mean of those it has, and it may lack channels, blocks, experts and
    /// the carried input: the network begins by drawing as the base does. Steps are computed on `device`.
    pub fn new(config: &Config, base: Option<&Generator>, device: &Device) -> Result<Self> {
        let on_cuda = !device.is_cpu() || config.fit.floats == Floats::F32;
        ensure!(on_cuda, "fit.floats is \"bf16\", which only CUDA trains with: use --device cuda, or \"f32\"");
        let is_cpu = device.is_cpu() || config.eight_bits.is_none();
        ensure!(is_cpu, "[eight-bits] trains on the CPU only: use --device cpu");
        let mut rng = StdRng::seed_from_u64(config.fit.seed);
        let (mut tensors, parameters) = (HashMap::new(), config.architecture.parameters());
        if let Some(base) = base {
            fits(base, &config.architecture, &parameters)?;
        }
        for parameter in parameters {
            let count = parameter.shape.iter().product();
            let values: Vec<f32> = match parameter.init {
                Init::Zero => vec![0.0; count],
                Init::Normal(deviation) => (0..count).map(|_| normal(&mut rng, deviation)).collect(),
            };
            let fresh = Tensor::from_vec(values, parameter.shape, &Device::Cpu)?;
            let tensor = match base {
                Some(base) => grown(base, &parameter.name, fresh)?,
                None => fresh,
            };
            tensors.insert(parameter.name, tensor);
        }
        for style in &config.styles {
            let name = format!("style.{}", style.name);
            let deviation = if base.is_some() { 0.1 } else { 0.5 };
            let values: Vec<f32> = (0..config.architecture.style_dims).map(|_| normal(&mut rng, deviation)).collect();
            let fresh = Tensor::new(values, &Device::Cpu)?;
            let vector = match base.map(|base| (base.style(&style.name), base)) {
                Some((Some(known), _)) => known.clone(),
                Some((None, base)) => (mean_style(base)? + fresh)?,
                None => fresh,
            };
            tensors.insert(name, vector);
        }
        Self::from_tensors(config, tensors, device)
    }

    fn from_tensors(config: &Config, tensors: HashMap<String, Tensor>, device: &Device) -> Result<Self> {
        let mut parameters = Vec::new();
        for (name, tensor) in tensors {
            let values = tensor.flatten_all()?.to_vec1::<f32>()?;
            let var = Var::from_tensor(&tensor.to_device(device)?)?;
            let (moments, average) = (Moments::zeros(values.len()), values.clone());
            parameters.push(Parameter { name, var, values, moments, average });
        }
        // A hash map has no order, but sums over parameters must have one to come out the same every time.
        parameters.sort_by(|a, b| a.name.cmp(&b.name));
        let tensors = parameters.iter().map(|p| (p.name.clone(), p.var.as_tensor().clone())).collect();
        let generator = Generator::from_tensors(config.architecture, tensors)?;
        let adversary = |settings| Adversary::new(settings, config.styles.len(), config.fit.seed, device);
        let adversary = config.adversarial.as_ref().map(adversary).transpose()?;
        let (ranges, config, device) = (Ranges::default(), config.clone(), device.clone());
        Ok(Weights { parameters, generator, adversary, ranges, config, device })
    }

    /// The network as it is now, in the floats that it computes with; gradients flow through it.
    pub fn generator(&self) -> Result<Generator> {
        let floats = self.config.fit.floats;
        if floats == Floats::F32 {
            return Ok(self.generator.clone());
        }
        let tensor = |p: &Parameter| Ok((p.name.clone(), p.var.to_dtype(floats.dtype())?));
        let tensors = self.parameters.iter().map(tensor).collect::<Result<_>>()?;
        Ok(Generator::from_tensors(self.config.architecture, tensors)?)
    }

    /// Where steps are computed.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The discriminator that it is trained against, if the configuration has one.
    pub fn adversary(&self) -> Option<&Adversary> {
        self.adversary.as_ref()
    }

    /// The same, to let it learn.
    pub fn adversary_mut(&mut self) -> Option<&mut Adversary> {
        self.adversary.as_mut()
    }

    /// How far the maps of the network reach, if it is trained for 8 bits.
    pub fn ranges(&self) -> &Ranges {
        &self.ranges
    }

    /// Takes the ranges of the network as it is before `step` on crops of `supply`, if that is due.
    pub fn renew_ranges(&mut self, supply: &Supply, step: u64) -> Result<()> {
        self.ranges.renew(&self.generator, &self.config, supply, step)
    }

    /// The running mean of the network, for measuring and exporting.
    pub fn averaged(&self) -> Result<Generator> {
        let tensor = |p: &Parameter| Tensor::from_slice(&p.average, p.var.shape(), &Device::Cpu);
        let tensors =
            self.parameters.iter().map(|p| Ok((p.name.clone(), tensor(p)?))).collect::<candle_core::Result<_>>()?;
        Ok(Generator::from_tensors(self.config.architecture, tensors)?)
    }

    /// A gradient of zero.
    pub fn no_gradient(&self) -> Gradient {
        Gradient(self.parameters.iter().map(|p| vec![0.0; p.average.len()]).collect())
    }

    /// Adds what one backward pass found. Parameters it did not reach, such as vectors of other styles, stay as they are.
    pub fn add(&self, gradient: &mut Gradient, found: &GradStore) -> Result<()> {
        let reached: Vec<(usize, &Tensor)> = (self.parameters.iter().enumerate())
            .filter_map(|(index, parameter)| Some((index, found.get(&parameter.var)?)))
            .collect();
        // One way from the device for all of them.
        let flat = reached.iter().map(|(_, found)| found.flatten_all()).collect::<candle_core::Result<Vec<_>>>()?;
        let found = Tensor::cat(&flat, 0)?.to_vec1::<f32>()?;
        let mut rest = &found[..];
        for (index, _) in reached {
            let sum = &mut gradient.0[index];
            let (found, behind) = rest.split_at(sum.len());
            sum.iter_mut().zip(found).for_each(|(sum, found)| *sum += found);
            rest = behind;
        }
        Ok(())
    }

    /// One step of [`AdamW`], number `step` counted from zero. Returns the gradient's length before it was shortened; a
    /// gradient that is not finite is an error.
    pub fn update(&mut self, mut gradient: Gradient, step: u64) -> Result<f64> {
        let fit = &self.config.fit;
        let length = shorten(&mut gradient.0, fit.largest_gradient).context("lower fit.learning-rate and resume")?;
        let adam = AdamW { rate: learning_rate(fit, step) as f32, first: 0.9, second: 0.99, step };
        let keep = fit.average.min((1.0 + step as f64) / (10.0 + step as f64)) as f32;
        for (parameter, gradient) in self.parameters.iter_mut().zip(gradient.0) {
            let is_kernel = [".weight", ".experts"].iter().any(|ending| parameter.name.ends_with(ending));
            let decay = if is_kernel { adam.rate * fit.weight_decay as f32 } else { 0.0 };
            adam.change(&mut parameter.values, &mut parameter.moments, &gradient, decay);
            for (average, value) in parameter.average.iter_mut().zip(&parameter.values) {
                *average = keep * *average + (1.0 - keep) * value;
            }
            parameter.var.set(&Tensor::from_slice(&parameter.values, parameter.var.shape(), &self.device)?)?;
        }
        Ok(length)
    }

    /// Everything that a resumed fit needs, by name.
    pub fn state(&self) -> Result<HashMap<String, Tensor>> {
        let mut state = HashMap::new();
        for p in &self.parameters {
            let parts = [("value", &p.values), ("first", &p.moments.first), ("second", &p.moments.second)];
            for (part, values) in parts.into_iter().chain([("average", &p.average)]) {
                state.insert(format!("{part}.{}", p.name), Tensor::from_slice(values, p.var.shape(), &Device::Cpu)?);
            }
        }
        state.extend(self.adversary.as_ref().map(Adversary::state).transpose()?.unwrap_or_default());
        state.extend(self.ranges.state(&self.config)?);
        Ok(state)
    }

    /// The inverse of [`Weights::state`], for a network of the same configuration.
    pub fn from_state(config: &Config, state: &HashMap<String, Tensor>, device: &Device) -> Result<Self> {
        let tensors = state
            .iter()
            .filter_map(|(name, tensor)| name.strip_prefix("value.").map(|name| (name.to_string(), tensor.clone())));
        let mut weights = Self::from_tensors(config, tensors.collect(), device)?;
        if let Some(adversary) = &mut weights.adversary {
            let own = state.iter().filter(|(name, _)| Adversary::owns(name));
            adversary.restore(&own.map(|(name, tensor)| (name.clone(), tensor.clone())).collect())?;
        }
        weights.ranges = Ranges::from_state(config, state)?;
        let owned = |name: &str| {
            config.adversarial.is_some() && Adversary::owns(name) || config.eight_bits.is_some() && Ranges::owns(name)
        };
        for name in state.keys().filter(|name| !owned(name)) {
            let is_part = |(part, parameter): (&str, &str)| {
                let is_known = weights.parameters.iter().any(|p| p.name == parameter);
                is_known && ["value", "first", "second", "average"].contains(&part)
            };
            ensure!(name.split_once('.').is_some_and(is_part), "tensor {name} does not belong to this training");
        }
        for p in &mut weights.parameters {
            let part = |part: &str| -> Result<Vec<f32>> {
                let name = format!("{part}.{}", p.name);
                let tensor = state.get(&name).with_context(|| format!("tensor {name} is missing"))?;
                ensure!(tensor.shape() == p.var.shape(), "tensor {name} has shape {:?}", tensor.dims());
                Ok(tensor.flatten_all()?.to_vec1()?)
            };
            p.moments = Moments { first: part("first")?, second: part("second")? };
            p.average = part("average")?;
        }
        for style in &config.styles {
            let is_there = weights.generator.style(&style.name).is_some();
            ensure!(is_there, "tensor style.{} is missing: the checkpoint is of another configuration", style.name);
        }
        Ok(weights)
    }
}

/// A tensor of a network with more channels, blocks, inputs or experts than its base, such that it begins by drawing as the
/// base does (Net2Net, Chen, Goodfellow and Shlens 2016).
///
/// What the base has is taken over. What it lacks keeps its `fresh` values, but leads nowhere yet: weights from new channels to
/// old ones are zero, and so is what the blocks that are new add.
fn grown(base: &Generator, name: &str, fresh: Tensor) -> candle_core::Result<Tensor> {
    let Some(old) = base.tensors().get(name) else {
        return if name.ends_with(".second.weight") { fresh.zeros_like() } else { Ok(fresh) };
    };
    let mut rows = old.clone();
    for dim in 1..old.rank() {
        rows = rows.pad_with_zeros(dim, 0, fresh.dim(dim)? - old.dim(dim)?)?;
    }
    let known = old.dim(0)?;
    Tensor::cat(&[rows, fresh.narrow(0, known, fresh.dim(0)? - known)?], 0)
}

/// Refuses a base that has something which the network has not, and vectors of another length.
fn fits(base: &Generator, architecture: &Architecture, parameters: &[Shape]) -> Result<()> {
    let (old, new) = (base.architecture().style_dims, architecture.style_dims);
    ensure!(old == new, "architecture.style-dims is {new}, but the base has {old}: a network has those of its base");
    for (name, old) in base.tensors().iter().filter(|(name, _)| !is_vector(name)) {
        let new = parameters.iter().find(|parameter| parameter.name == *name).map(|parameter| &parameter.shape[..]);
        let is_larger =
            |new: &[usize]| new.len() == old.rank() && new.iter().zip(old.dims()).all(|(new, old)| new >= old);
        ensure!(
            new.is_some_and(is_larger),
            "the base has {name} of shape {:?}, the network {}: it must be as large as its base in everything",
            old.dims(),
            new.map_or("none".to_string(), |new| format!("{new:?}"))
        );
    }
    Ok(())
}

/// Whether a tensor is a style's vector.
fn is_vector(name: &str) -> bool {
    name.starts_with("style.")
}

/// The mean of a base's style vectors.
fn mean_style(base: &Generator) -> Result<Tensor> {
    let mut names: Vec<&String> = base.tensors().keys().filter(|name| is_vector(name)).collect();
    // Sums in one order come out the same every time.
    names.sort();
    let vectors: Vec<&Tensor> = names.into_iter().map(|name| &base.tensors()[name]).collect();
    ensure!(!vectors.is_empty(), "the base has no styles");
    Ok(Tensor::stack(&vectors, 0)?.mean(0)?)
}

/// Linear from zero over the warm-up, then half a cosine down to the final share.
pub fn learning_rate(fit: &Fit, step: u64) -> f64 {
    if step < fit.warm_up {
        return fit.learning_rate * (step + 1) as f64 / fit.warm_up as f64;
    }
    let progress = (step - fit.warm_up) as f64 / fit.steps.saturating_sub(fit.warm_up).max(1) as f64;
    let cosine = 0.5 * (1.0 + (std::f64::consts::PI * progress.min(1.0)).cos());
    fit.learning_rate * (fit.final_share + (1.0 - fit.final_share) * cosine)
}

/// A normal number by the method of Box and Muller.
pub(crate) fn normal(rng: &mut StdRng, deviation: f64) -> f32 {
    let (radius, angle): (f64, f64) = (rng.random(), rng.random());
    // 1 - radius: the logarithm of zero is not finite.
    let length = (-2.0 * (1.0 - radius).ln()).sqrt();
    (deviation * length * (std::f64::consts::TAU * angle).cos()) as f32
}

#[cfg(test)]
mod tests {
    use inkcast_generator::CandleOps;

    use super::*;

    fn config(architecture: Architecture) -> Config {
        Config { architecture, ..Config::parse(include_str!("../configs/debug.toml")).unwrap() }
    }

    /// What the first style draws of a picture with something carried.
    fn drawn(weights: &Weights) -> Vec<f32> {
        let generator = weights.generator().unwrap();
        let folded = generator.fold(generator.style(&weights.config.styles[0].name).unwrap()).unwrap();
        let values: Vec<f32> = (0..8 * 16 * 16).map(|at| (at * 37 % 101) as f32 / 101.0).collect();
        let input = Tensor::from_vec(values, (1, 8, 16, 16), &Device::Cpu).unwrap();
        let (rgb, carried) = (input.narrow(1, 0, 3).unwrap(), input.narrow(1, 3, 5).unwrap());
        let layers =
            folded.forward(&CandleOps, &rgb.contiguous().unwrap(), Some(&carried.contiguous().unwrap())).unwrap();
        layers.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn a_larger_network_begins_by_drawing_as_its_base() {
        let small = Architecture {
            half_channels: 4,
            quarter_channels: 6,
            blocks: 1,
            carried_input: false,
            ..config_architecture()
        };
        let base = Weights::new(&config(small), None, &Device::Cpu).unwrap();
        let large =
            Architecture { half_channels: 5, quarter_channels: 9, blocks: 2, experts: 2, carried_input: true, ..small };
        let grown = Weights::new(&config(large), Some(&base.generator), &Device::Cpu).unwrap();
        let difference = drawn(&base).iter().zip(drawn(&grown)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(difference < 1e-5, "{difference}");
        // It is not the base over again: what is new can learn.
        let new = grown.generator.tensors()["down.weight"].narrow(0, 6, 3).unwrap().abs().unwrap();
        assert!(new.mean_all().unwrap().to_scalar::<f32>().unwrap() > 0.01);

        let error = Weights::new(&config(small), Some(&grown.generator), &Device::Cpu).err().unwrap().to_string();
        assert!(error.contains("as large as its base"), "{error}");
        let longer = config(Architecture { style_dims: small.style_dims + 1, ..small });
        let error = Weights::new(&longer, Some(&base.generator), &Device::Cpu).err().unwrap().to_string();
        assert!(error.contains("architecture.style-dims is"), "{error}");
    }

    fn config_architecture() -> Architecture {
        Config::parse(include_str!("../configs/debug.toml")).unwrap().architecture
    }
}
