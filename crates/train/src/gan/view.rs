//! The tensors of a network as one run of it sees them.

use std::cell::RefCell;
use std::collections::HashMap;

use candle_core::{Result, Tensor, bail};

/// Where batch normalisation takes mean and variance from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// From the batch, and they are noted for the running means.
    Training,
    /// From the running means.
    Inference,
}

/// Tensors by name, and what the run notes about them.
pub struct View {
    tensors: HashMap<String, Tensor>,
    mode: Mode,
    /// Name of a layer, mean and variance of what it was given, in the order of the run.
    noted: RefCell<Vec<(String, Tensor, Tensor)>>,
}

impl View {
    /// A view of these tensors.
    pub fn new(tensors: HashMap<String, Tensor>, mode: Mode) -> Self {
        View { tensors, mode, noted: RefCell::new(Vec::new()) }
    }

    /// The tensor of this name; an error if there is none.
    pub fn get(&self, name: &str) -> Result<&Tensor> {
        match self.tensors.get(name) {
            Some(tensor) => Ok(tensor),
            None => bail!("the network has no tensor {name}"),
        }
    }

    /// The tensor `part` of the layer `layer`.
    pub fn part(&self, layer: &str, part: &str) -> Result<&Tensor> {
        self.get(&format!("{layer}.{part}"))
    }

    /// Puts another tensor in the place of the one of this name.
    pub fn replace(&mut self, name: &str, tensor: Tensor) {
        self.tensors.insert(name.to_string(), tensor);
    }

    /// Every tensor but those whose names begin with one of `parts` and a dot.
    pub fn without(&self, parts: &[&str]) -> HashMap<String, Tensor> {
        let is_part = |name: &str| name.split_once('.').is_some_and(|(part, _)| parts.contains(&part));
        let named = self.tensors.iter().filter(|(name, _)| !is_part(name));
        named.map(|(name, tensor)| (name.clone(), tensor.clone())).collect()
    }

    /// The same numbers, through which no gradient flows.
    pub fn frozen(&self) -> Self {
        let tensors = self.tensors.iter().map(|(name, tensor)| (name.clone(), tensor.detach())).collect();
        View::new(tensors, self.mode)
    }

    /// Where batch normalisation takes its statistics from.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Notes the statistics that a layer saw.
    pub fn note(&self, layer: &str, mean: Tensor, variance: Tensor) {
        self.noted.borrow_mut().push((layer.to_string(), mean, variance));
    }

    /// What was noted.
    pub fn into_noted(self) -> Vec<(String, Tensor, Tensor)> {
        self.noted.into_inner()
    }
}
