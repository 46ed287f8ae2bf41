use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::{values, with_values};

/// Numbers per task: small enough to spread, large enough to be worth a task.
const CHUNK: usize = 1 << 15;

/// `max(a + b, 0)` of two tensors of the same shape, in one pass each way.
pub fn add_relu(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if a.dims() != b.dims() {
        candle_core::bail!("add_relu takes equal shapes, not {:?} and {:?}", a.dims(), b.dims());
    }
    if !a.device().is_cpu() {
        return (a + b)?.relu();
    }
    a.contiguous()?.apply_op2(&b.contiguous()?, AddRelu)
}

struct AddRelu;

impl CustomOp2 for AddRelu {
    fn name(&self) -> &'static str {
        "add-relu"
    }

    fn cpu_fwd(&self, s1: &CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> Result<(CpuStorage, Shape)> {
        let sum = zip(values(s1, l1)?, values(s2, l2)?, |a, b| (a + b).max(0.0));
        Ok((CpuStorage::F32(sum), l1.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, res: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let passed = with_values(&grad.contiguous()?, |grad| {
            with_values(res, |res| Ok(zip(grad, res, |grad, res| if res > 0.0 { grad } else { 0.0 })))
        })?;
        let passed = Tensor::from_vec(passed, res.shape(), res.device())?;
        Ok((Some(passed.clone()), Some(passed)))
    }
}

fn zip(a: &[f32], b: &[f32], value: impl Fn(f32, f32) -> f32 + Sync) -> Vec<f32> {
    let mut result = vec![0.0; a.len()];
    let inputs = a.par_chunks(CHUNK).zip(b.par_chunks(CHUNK));
    result.par_chunks_mut(CHUNK).zip(inputs).for_each(|(result, (a, b))| {
        for ((result, &a), &b) in result.iter_mut().zip(a).zip(b) {
            *result = value(a, b);
        }
    });
    result
}
