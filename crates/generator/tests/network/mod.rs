use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};
use inkcast_generator::{Architecture, Folded, Generator, Init};
use inkcast_kit::noise::Random;

/// A network with random weights.
pub fn random(architecture: Architecture) -> Folded {
    let mut random = Random::new(17);
    let mut tensors = HashMap::new();
    for parameter in architecture.parameters() {
        let spread = match parameter.init {
            // The same deviation.
            Init::Normal(deviation) => deviation as f32 * 3f32.sqrt(),
            Init::Zero => 0.1,
        };
        let count: usize = parameter.shape.iter().product();
        let values: Vec<f32> = (0..count).map(|_| random.between(-spread, spread)).collect();
        let tensor = Tensor::from_vec(values, parameter.shape.as_slice(), &Device::Cpu).unwrap();
        tensors.insert(parameter.name, tensor);
    }
    let style = Tensor::ones(architecture.style_dims, DType::F32, &Device::Cpu).unwrap();
    Generator::from_tensors(architecture, tensors).unwrap().fold(&style).unwrap()
}
