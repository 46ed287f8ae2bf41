//! How far the network's layers are from those of a look.

pub(crate) mod on_devices;
mod similarity;
mod terms;

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::ops::{values, with_values};

pub use terms::TERMS;
pub(crate) use terms::{LUMA, clamp_softly, slope};
use terms::{add_gradient, measure};

/// How much each term of the loss counts; each term is a mean over pixels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LossWeights {
    /// Difference of ink; missing ink counts twice.
    pub ink: f32,
    /// Difference of colour, little where ink covers it.
    pub colour: f32,
    /// Difference of the picture that both give, colour under ink.
    pub composite: f32,
    /// Difference of the steps between neighbouring pixels of ink.
    pub ink_edges: f32,
    /// The same of the picture's luma.
    pub composite_edges: f32,
    /// How little the structure of the picture's luma is like the look's: 1 less SSIM.
    #[serde(default)]
    pub dissimilarity: f32,
}

impl LossWeights {
    /// Refuses numbers out of range by their key.
    pub fn validate(self) -> anyhow::Result<()> {
        const KEYS: [&str; TERMS.len()] =
            ["ink", "colour", "composite", "ink-edges", "composite-edges", "dissimilarity"];
        for (key, weight) in KEYS.into_iter().zip(self.to_array()) {
            anyhow::ensure!(weight >= 0.0 && weight.is_finite(), "losses.{key} is {weight}, it must be 0 or more");
        }
        Ok(())
    }

    /// In the order of [`TERMS`].
    pub fn to_array(self) -> [f32; TERMS.len()] {
        [self.ink, self.colour, self.composite, self.ink_edges, self.composite_edges, self.dissimilarity]
    }
}

/// The terms of the loss between `output` and `target`, both `[N, 4, H, W]`, in the order of [`TERMS`].
/// Differentiable in `output`.
///
/// The output is clamped to 0..1 first, but a twentieth of the way beyond counts, so that a pixel that overshoots still
/// feels which way to go.
pub fn loss_terms(output: &Tensor, target: &Tensor) -> Result<Tensor> {
    if output.dims() != target.dims() || output.dims4()?.1 != 4 {
        candle_core::bail!("the loss takes layers of equal size, not {:?} and {:?}", output.dims(), target.dims());
    }
    if !output.device().is_cpu() {
        return on_devices::terms(output, target);
    }
    output.contiguous()?.apply_op2(&target.contiguous()?, LayersLoss)
}

struct LayersLoss;

impl CustomOp2 for LayersLoss {
    fn name(&self) -> &'static str {
        "layers-loss"
    }

    fn cpu_fwd(&self, s1: &CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> Result<(CpuStorage, Shape)> {
        let (batch, _, height, width) = l1.shape().dims4()?;
        let (output, target) = (values(s1, l1)?, values(s2, l2)?);
        let size = 4 * height * width;
        let each: Vec<[f64; TERMS.len()]> = output
            .par_chunks(size)
            .zip(target.par_chunks(size))
            .map(|(output, target)| measure(output, target, width, height))
            .collect();
        let mean = |term| (each.iter().map(|terms| terms[term]).sum::<f64>() / batch as f64) as f32;
        Ok((CpuStorage::F32((0..TERMS.len()).map(mean).collect()), TERMS.len().into()))
    }

    fn bwd(
        &self,
        output: &Tensor,
        target: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (batch, _, height, width) = output.dims4()?;
        let factors: Vec<f32> = grad.to_vec1::<f32>()?.into_iter().map(|grad| grad / batch as f32).collect();
        let size = 4 * height * width;
        let mut gradient = vec![0.0; batch * size];
        with_values(output, |output| {
            with_values(target, |target| {
                let pairs = output.par_chunks(size).zip(target.par_chunks(size));
                gradient.par_chunks_mut(size).zip(pairs).for_each(|(gradient, (output, target))| {
                    add_gradient(output, target, width, height, &factors, gradient);
                });
                Ok(())
            })
        })?;
        Ok((Some(Tensor::from_vec(gradient, output.shape(), output.device())?), None))
    }
}

#[cfg(test)]
mod tests;
