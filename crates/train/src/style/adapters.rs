use std::collections::HashMap;

use anyhow::{Result, ensure};
use candle_core::{Device, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use inkcast_generator::{Architecture, Folded, Generator};

/// The numbers of a new style on top of a network that stays as it is: its vector, and for every convolution a scale
/// of each input, a scale and a bias of each output, and what it takes of each expert.
///
/// They are the last column of the network's style parameters, which gain a dimension: the new style's vector has a one
/// there and all others a zero, so that the column is the new style's alone.
pub(super) struct Adapters {
    base: Generator,
    architecture: Architecture,
    /// The new style's vector without its last entry.
    vector: Var,
    /// By the names of the parameters, sorted.
    columns: Vec<(String, Var)>,
    optimiser: AdamW,
    /// Running means of the vector and of the columns, which are what is kept.
    averages: Vec<Tensor>,
}

/// Share of itself that a running mean keeps in a step.
const AVERAGE: f64 = 0.98;
/// Steps over which the learning rate rises.
const WARM_UP: u64 = 30;

impl Adapters {
    /// Adapters that change nothing: the new style draws as the style `start` of the base.
    pub fn new(base: &Generator, start: &Tensor) -> Result<Self> {
        let old = base.architecture();
        let architecture = Architecture { style_dims: old.style_dims + 1, ..*old };
        architecture.validate()?;
        let mut columns = Vec::new();
        for parameter in old.parameters().iter().filter(|parameter| is_styled(&parameter.name)) {
            let zeros = Tensor::zeros(parameter.shape[0], candle_core::DType::F32, &Device::Cpu)?;
            columns.push((parameter.name.clone(), Var::from_tensor(&zeros)?));
        }
        columns.sort_by(|a, b| a.0.cmp(&b.0));
        let vector = Var::from_tensor(&start.copy()?)?;
        let vars: Vec<Var> = std::iter::once(&vector).chain(columns.iter().map(|(_, var)| var)).cloned().collect();
        let averages = vars.iter().map(|var| var.copy()).collect::<candle_core::Result<_>>()?;
        let optimiser =
            AdamW::new(vars, ParamsAdamW { lr: 0.0, beta2: 0.99, weight_decay: 0.0, ..ParamsAdamW::default() })?;
        Ok(Adapters { base: base.clone(), architecture, vector, columns, optimiser, averages })
    }

    /// The network for the new style as it is now; gradients flow through it to the adapters.
    pub fn fold(&self) -> Result<Folded> {
        let columns = self.columns.iter().map(|(name, var)| (name.as_str(), var.as_tensor())).collect();
        let (generator, vector) = self.generator(self.vector.as_tensor(), &columns)?;
        Ok(generator.fold(&vector)?)
    }

    /// One step of Adam down the gradient of `loss`, number `step` of `steps`.
    pub fn update(&mut self, loss: &Tensor, step: u64, steps: u64, highest_rate: f64) -> Result<()> {
        let value = loss.to_scalar::<f32>()?;
        ensure!(value.is_finite(), "the loss is no longer finite at step {step}: try another --seed");
        let rise = ((step + 1) as f64 / WARM_UP.min(steps) as f64).min(1.0);
        let fall = 0.5 * (1.0 + (std::f64::consts::PI * step as f64 / steps as f64).cos());
        self.optimiser.set_learning_rate(highest_rate * rise * (0.02 + 0.98 * fall));
        self.optimiser.backward_step(loss)?;
        // A mean over fewer steps at first, which would otherwise remember where it began.
        let kept = AVERAGE.min((step + 1) as f64 / (step + 10) as f64);
        let vars = std::iter::once(&self.vector).chain(self.columns.iter().map(|(_, var)| var));
        for (average, var) in self.averages.iter_mut().zip(vars) {
            *average = ((&*average * kept)? + (var.as_detached_tensor() * (1.0 - kept))?)?;
        }
        Ok(())
    }

    /// How many numbers are learned.
    pub fn count(&self) -> usize {
        self.averages.iter().map(Tensor::elem_count).sum()
    }

    /// The network with every style of the base and the new one, `name`, from the running means.
    pub fn finished(&self, name: &str) -> Result<Generator> {
        let columns = self.columns.iter().map(|(name, _)| name.as_str()).zip(&self.averages[1..]).collect();
        let (generator, vector) = self.generator(&self.averages[0], &columns)?;
        let mut tensors = generator.tensors().clone();
        tensors.insert(format!("style.{name}"), vector);
        Ok(Generator::from_tensors(self.architecture, tensors)?)
    }

    /// The base with one more style dimension, and the new style's vector.
    fn generator(&self, vector: &Tensor, columns: &HashMap<&str, &Tensor>) -> Result<(Generator, Tensor)> {
        let mut tensors = HashMap::new();
        for (name, tensor) in self.base.tensors() {
            let wider = match columns.get(name.as_str()) {
                Some(column) => Tensor::cat(&[tensor, &column.unsqueeze(1)?], 1)?,
                None if name.starts_with("style.") => tensor.pad_with_zeros(0, 0, 1)?,
                None => tensor.clone(),
            };
            tensors.insert(name.clone(), wider);
        }
        let one = Tensor::ones(1, candle_core::DType::F32, &Device::Cpu)?;
        Ok((Generator::from_tensors(self.architecture, tensors)?, Tensor::cat(&[vector, &one], 0)?))
    }
}

/// Whether a parameter has a column for each entry of a style vector.
fn is_styled(name: &str) -> bool {
    [".style-in", ".style-out", ".style-bias", ".style-experts"].iter().any(|ending| name.ends_with(ending))
        || name == "source.style"
}

/// Whether both networks fold this style to the same bits.
pub(super) fn same_bits(a: &Folded, b: &Folded) -> Result<bool> {
    let bits = |tensor: &Tensor| -> Result<Vec<u32>> {
        Ok(tensor.flatten_all()?.to_vec1::<f32>()?.into_iter().map(f32::to_bits).collect())
    };
    for (a, b) in a.convs().iter().zip(b.convs()) {
        if bits(&a.weight)? != bits(&b.weight)? || bits(&a.bias)? != bits(&b.bias)? {
            return Ok(false);
        }
    }
    let matrix = |folded: &Folded| Ok::<_, anyhow::Error>(folded.source_matrix()?.map(|row| row.map(f32::to_bits)));
    Ok(a.convs().len() == b.convs().len() && matrix(a)? == matrix(b)?)
}
