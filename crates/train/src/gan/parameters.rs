//! The numbers of a network in training: values, optimiser state, running means.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Result, ensure};
use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor, Var};
use inkcast_generator::Init;
use rand::rngs::StdRng;

use super::layers::running;
use super::plan::Plan;
use super::view::{Mode, View};
use crate::optimiser::{AdamW, Moments, shorten};
use crate::weights::normal;

/// One tensor that is optimised.
struct Parameter {
    var: Var,
    moments: Moments,
    /// Running mean of the value.
    average: Vec<f32>,
}

/// How parameters are changed: Adam (Kingma and Ba 2015), which is [`AdamW`] without decay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adam {
    /// Learning rate.
    pub rate: f64,
    /// Share of itself that the running mean of the gradient keeps, called beta1.
    pub first: f64,
    /// The same for that of its square, beta2.
    pub second: f64,
    /// Gradients longer than this are shortened to it; infinity for never.
    pub largest_gradient: f64,
    /// Share of itself that the moving average of the values keeps.
    pub average: f64,
}

/// The parameters and buffers of a network by name.
pub struct Parameters {
    // Sorted, so that sums over them come out the same every time.
    parameters: BTreeMap<String, Parameter>,
    /// Running means of batch normalisation and the like, which are not optimised.
    buffers: BTreeMap<String, Var>,
}

impl Parameters {
    /// What a plan says, numbers drawn in its order.
    pub fn new(plan: Plan, rng: &mut StdRng) -> Result<Self> {
        let mut parameters = BTreeMap::new();
        for planned in plan.parameters {
            let count = planned.shape.iter().product();
            let values: Vec<f32> = match planned.init {
                Init::Zero => vec![0.0; count],
                Init::Normal(deviation) => (0..count).map(|_| normal(rng, deviation)).collect(),
            };
            let var = Var::from_tensor(&Tensor::from_slice(&values, planned.shape, &Device::Cpu)?)?;
            let parameter = Parameter { var, moments: Moments::zeros(count), average: values };
            let is_new = parameters.insert(planned.name.clone(), parameter).is_none();
            assert!(is_new, "two parameters are called {}", planned.name);
        }
        let buffers = plan.buffers.into_iter().map(|(name, shape, value)| {
            let count = shape.iter().product();
            Ok((name, Var::from_tensor(&Tensor::from_vec(vec![value; count], shape, &Device::Cpu)?)?))
        });
        Ok(Parameters { parameters, buffers: buffers.collect::<Result<_>>()? })
    }

    /// The numbers as they are now; gradients flow to the parameters.
    pub fn live(&self, mode: Mode) -> View {
        let parameters = self.parameters.iter().map(|(name, p)| (name.clone(), p.var.as_tensor().clone()));
        let buffers = self.buffers.iter().map(|(name, var)| (name.clone(), var.as_tensor().detach()));
        View::new(parameters.chain(buffers).collect(), mode)
    }

    /// The moving averages of the parameters, for measuring and showing.
    pub fn averaged(&self) -> Result<View> {
        let mut tensors = HashMap::new();
        for (name, p) in &self.parameters {
            tensors.insert(name.clone(), Tensor::from_slice(&p.average, p.var.shape(), &Device::Cpu)?);
        }
        tensors.extend(self.buffers.iter().map(|(name, var)| (name.clone(), var.as_tensor().detach())));
        Ok(View::new(tensors, Mode::Inference))
    }

    /// Starts from the numbers of other networks instead, by name. Parameters that they lack are left as they are;
    /// one of another shape is an error.
    pub fn start_from(&mut self, tensors: &HashMap<String, Tensor>) -> Result<()> {
        for (name, p) in &mut self.parameters {
            let Some(tensor) = tensors.get(name) else { continue };
            let (dims, wanted) = (tensor.dims(), p.var.dims());
            ensure!(dims == wanted, "tensor {name} of the base has shape {dims:?}, expected {wanted:?}");
            p.var.set(&tensor.detach().copy()?)?;
            p.average = tensor.flatten_all()?.to_vec1()?;
        }
        Ok(())
    }

    /// How many numbers are optimised.
    pub fn count(&self) -> usize {
        self.parameters.values().map(|p| p.average.len()).sum()
    }

    /// Takes the statistics of a run into the running means of batch normalisation.
    pub fn take_in(&mut self, view: View) -> Result<()> {
        for (layer, mean, variance) in view.into_noted() {
            for (part, of_batch) in [("running-mean", mean), ("running-variance", variance)] {
                let buffer = &self.buffers[&format!("{layer}.{part}")];
                buffer.set(&running(&buffer.as_tensor().detach(), &of_batch)?)?;
            }
        }
        Ok(())
    }

    /// Sets a buffer.
    pub fn set_buffer(&mut self, name: &str, value: &Tensor) -> Result<()> {
        Ok(self.buffers[name].set(value)?)
    }

    /// One step of Adam, number `number` counted from zero. Parameters that no gradient reached count as reached by
    /// zeros. Returns the length of the gradient before it was shortened; one that is not finite is an error.
    pub fn update(&mut self, adam: &Adam, gradients: &GradStore, number: u64) -> Result<f64> {
        let mut found = Vec::new();
        for p in self.parameters.values() {
            found.push(match gradients.get(&p.var) {
                Some(gradient) => gradient.flatten_all()?.to_vec1::<f32>()?,
                None => vec![0.0; p.average.len()],
            });
        }
        let length = shorten(&mut found, adam.largest_gradient)?;
        let step = AdamW { rate: adam.rate as f32, first: adam.first as f32, second: adam.second as f32, step: number };
        // Early on the average forgets faster, so that the random start does not linger in it.
        let keep = adam.average.min((1.0 + number as f64) / (10.0 + number as f64)) as f32;
        for (p, gradient) in self.parameters.values_mut().zip(found) {
            let mut values = p.var.flatten_all()?.to_vec1::<f32>()?;
            step.change(&mut values, &mut p.moments, &gradient, 0.0);
            for (average, value) in p.average.iter_mut().zip(&values) {
                *average = keep * *average + (1.0 - keep) * value;
            }
            p.var.set(&Tensor::from_vec(values, p.var.shape(), &Device::Cpu)?)?;
        }
        Ok(length)
    }

    /// Everything by name, below `prefix`.
    pub fn state(&self, prefix: &str) -> Result<HashMap<String, Tensor>> {
        let mut state = HashMap::new();
        for (name, p) in &self.parameters {
            state.insert(format!("{prefix}.value.{name}"), p.var.as_tensor().copy()?);
            for (part, values) in [("first", &p.moments.first), ("second", &p.moments.second), ("average", &p.average)]
            {
                let tensor = Tensor::from_slice(values, p.var.shape(), &Device::Cpu)?;
                state.insert(format!("{prefix}.{part}.{name}"), tensor);
            }
        }
        for (name, var) in &self.buffers {
            state.insert(format!("{prefix}.buffer.{name}"), var.as_tensor().copy()?);
        }
        Ok(state)
    }

    /// Goes back to what [`Parameters::state`] gave; [`check`] has found it complete.
    pub fn restore(&mut self, prefix: &str, state: &HashMap<String, Tensor>) -> Result<()> {
        for (name, p) in &mut self.parameters {
            let part = |part: &str| -> Result<Vec<f32>> {
                Ok(state[&format!("{prefix}.{part}.{name}")].flatten_all()?.to_vec1()?)
            };
            p.var.set(&state[&format!("{prefix}.value.{name}")].copy()?)?;
            p.moments = Moments { first: part("first")?, second: part("second")? };
            p.average = part("average")?;
        }
        for (name, var) in &self.buffers {
            var.set(&state[&format!("{prefix}.buffer.{name}")].copy()?)?;
        }
        Ok(())
    }
}

/// Compares a state with the one that a training has now: the same names, shapes and types, or an error that names the
/// tensor.
pub fn check(own: &HashMap<String, Tensor>, given: &HashMap<String, Tensor>) -> Result<()> {
    // A hash map has no order, but an error should be the same every time.
    let sorted = |state: &HashMap<String, Tensor>| state.keys().cloned().collect::<std::collections::BTreeSet<_>>();
    for name in sorted(own) {
        let Some(tensor) = given.get(&name) else {
            anyhow::bail!("tensor {name} is missing: the checkpoint is of another configuration");
        };
        let (dims, wanted) = (tensor.dims(), own[&name].dims());
        ensure!(dims == wanted, "tensor {name} has shape {dims:?}, expected {wanted:?}");
        let (kind, wanted) = (tensor.dtype(), own[&name].dtype());
        ensure!(kind == wanted, "tensor {name} has numbers of type {kind:?}, expected {wanted:?}");
    }
    for name in sorted(given) {
        ensure!(own.contains_key(&name), "tensor {name} does not belong to this training");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    const ADAM: Adam = Adam { rate: 0.1, first: 0.5, second: 0.75, largest_gradient: f64::INFINITY, average: 0.999 };

    /// One parameter `a` of two numbers that start at zero, and a buffer.
    fn parameters() -> Parameters {
        let mut plan = Plan::default();
        plan.zero("a".to_string(), &[2]);
        plan.buffers.push(("n.running-mean".to_string(), vec![1], 2.0));
        plan.buffers.push(("n.running-variance".to_string(), vec![1], 1.0));
        Parameters::new(plan, &mut StdRng::seed_from_u64(1)).unwrap()
    }

    /// A step towards the gradient `factors`.
    fn step(parameters: &mut Parameters, adam: &Adam, factors: [f32; 2], number: u64) -> f64 {
        let factors = Tensor::new(&factors, &Device::Cpu).unwrap();
        let view = parameters.live(Mode::Training);
        let loss = (view.get("a").unwrap() * factors).unwrap().sum_all().unwrap();
        parameters.update(adam, &loss.backward().unwrap(), number).unwrap()
    }

    fn value(parameters: &Parameters) -> Vec<f32> {
        parameters.live(Mode::Training).get("a").unwrap().to_vec1().unwrap()
    }

    fn near(got: &[f32], expected: &[f32]) {
        assert!(got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{got:?} is not {expected:?}");
    }

    #[test]
    fn two_steps_of_adam_as_by_hand() {
        let mut parameters = parameters();
        assert!((step(&mut parameters, &ADAM, [3.0, -4.0], 0) - 5.0).abs() < 1e-6);
        // The first step is the learning rate long, against the sign of the gradient. The average keeps 1 / 10.
        near(&value(&parameters), &[-0.1, 0.1]);
        let average = parameters.averaged().unwrap();
        near(&average.get("a").unwrap().to_vec1::<f32>().unwrap(), &[-0.09, 0.09]);
        // Moments of the first number: 0.5 * 1.5 + 0.5 * 1 = 1.25 of a share 0.75; 0.75 * 2.25 + 0.25 = 1.9375 of a
        // share 0.4375.
        step(&mut parameters, &ADAM, [1.0, 0.0], 1);
        let change = 0.1 * (1.25 / 0.75) / (1.9375f32 / 0.4375).sqrt();
        near(&value(&parameters)[..1], &[-0.1 - change]);
    }

    #[test]
    fn long_gradients_are_shortened() {
        // Adam does not see the length of the first gradient, but it keeps it: 0.3 of 3 goes into the moment.
        let mut parameters = parameters();
        step(&mut parameters, &Adam { largest_gradient: 0.5, ..ADAM }, [3.0, -4.0], 0);
        near(&parameters.parameters["a"].moments.first, &[0.5 * 0.3, -0.5 * 0.4]);
    }

    #[test]
    fn running_means_follow_what_was_noted() {
        let mut parameters = parameters();
        let view = parameters.live(Mode::Training);
        let number = |value: f32| Tensor::new(&[value], &Device::Cpu).unwrap();
        view.note("n", number(12.0), number(3.0));
        parameters.take_in(view).unwrap();
        let view = parameters.averaged().unwrap();
        near(&view.get("n.running-mean").unwrap().to_vec1::<f32>().unwrap(), &[3.0]);
        near(&view.get("n.running-variance").unwrap().to_vec1::<f32>().unwrap(), &[1.2]);
    }

    #[test]
    fn a_state_is_checked_by_name_and_restored_to_the_bit() {
        let mut one = parameters();
        step(&mut one, &ADAM, [3.0, -4.0], 0);
        let state = one.state("p").unwrap();
        let mut two = parameters();
        check(&two.state("p").unwrap(), &state).unwrap();
        two.restore("p", &state).unwrap();
        for number in 1..4 {
            step(&mut one, &ADAM, [1.0, 2.0], number);
            step(&mut two, &ADAM, [1.0, 2.0], number);
        }
        assert_eq!(value(&one), value(&two));

        let own = two.state("p").unwrap();
        let error = |change: &dyn Fn(&mut HashMap<String, Tensor>)| {
            let mut given = state.clone();
            change(&mut given);
            check(&own, &given).unwrap_err().to_string()
        };
        let long = Tensor::new(&[1f32, 2.0, 3.0], &Device::Cpu).unwrap();
        assert!(error(&|given| drop(given.remove("p.second.a"))).contains("p.second.a is missing"));
        assert!(error(&|given| drop(given.insert("p.value.b".to_string(), long.clone()))).contains("p.value.b"));
        assert!(error(&|given| drop(given.insert("p.value.a".to_string(), long.clone()))).contains("shape [3]"));
    }
}
