//! What a network is made of before it has numbers.

use inkcast_generator::{Init, Parameter};

/// Parameters and buffers of a network, collected layer by layer.
#[derive(Debug, Default)]
pub struct Plan {
    /// What is optimised.
    pub parameters: Vec<Parameter>,
    /// What is not: name, shape, and the number that fills it at first.
    pub buffers: Vec<(String, Vec<usize>, f32)>,
}

impl Plan {
    /// A parameter that starts normal with this standard deviation.
    pub fn normal(&mut self, name: String, shape: &[usize], deviation: f64) {
        self.parameters.push(Parameter { name, shape: shape.to_vec(), init: Init::Normal(deviation) });
    }

    /// A parameter that starts at zero.
    pub fn zero(&mut self, name: String, shape: &[usize]) {
        self.parameters.push(Parameter { name, shape: shape.to_vec(), init: Init::Zero });
    }

    /// Weight and bias of a layer: `[outputs, inputs, ...]` and `[outputs]`.
    pub fn layer(&mut self, name: &str, shape: &[usize], deviation: f64) {
        self.normal(format!("{name}.weight"), shape, deviation);
        self.zero(format!("{name}.bias"), &shape[..1]);
    }

    /// A batch normalisation. Its gain is kept as the difference from 1.
    pub fn batch_norm(&mut self, name: &str, channels: usize) {
        self.normal(format!("{name}.gain"), &[channels], 0.02);
        self.zero(format!("{name}.bias"), &[channels]);
        self.buffers.push((format!("{name}.running-mean"), vec![channels], 0.0));
        self.buffers.push((format!("{name}.running-variance"), vec![channels], 1.0));
    }

    /// Everything of another plan, its names below `prefix`.
    pub fn join(&mut self, prefix: &str, other: Plan) {
        let below = |name: String| format!("{prefix}.{name}");
        self.parameters.extend(other.parameters.into_iter().map(|p| Parameter { name: below(p.name), ..p }));
        self.buffers.extend(other.buffers.into_iter().map(|(name, shape, value)| (below(name), shape, value)));
    }
}
