use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::resample::windows;
use super::{values, with_values};

/// Maxima over windows of `kernel` by `kernel` pixels, `stride` apart, all of them inside of `x` `[N, C, H, W]`: rows and
/// columns at the end that fill no window are left out. The gradient goes to the first of equal maxima.
pub fn max_pool2d(x: &Tensor, kernel: usize, stride: usize) -> Result<Tensor> {
    let (_, _, height, width) = x.dims4()?;
    let (rows, columns) = (windows(height, kernel, stride)?, windows(width, kernel, stride)?);
    if x.device().is_cpu() {
        return x.contiguous()?.apply_op1(MaxPool { kernel, stride, rows, columns });
    }
    by_selections(x, kernel, stride, rows, columns)
}

/// The same as the maximum of shifted pictures, for other devices; there equal maxima share the gradient.
fn by_selections(x: &Tensor, kernel: usize, stride: usize, rows: usize, columns: usize) -> Result<Tensor> {
    let steps = |first: usize, count: usize| {
        let places: Vec<u32> = (0..count).map(|index| (first + index * stride) as u32).collect();
        Tensor::new(places, x.device())
    };
    let mut largest: Option<Tensor> = None;
    for ky in 0..kernel {
        let lines = x.contiguous()?.index_select(&steps(ky, rows)?, 2)?;
        for kx in 0..kernel {
            let shifted = lines.index_select(&steps(kx, columns)?, 3)?;
            largest = Some(match largest {
                Some(largest) => largest.maximum(&shifted)?,
                None => shifted,
            });
        }
    }
    Ok(largest.expect("windows are not empty"))
}

struct MaxPool {
    kernel: usize,
    stride: usize,
    rows: usize,
    columns: usize,
}

impl MaxPool {
    /// Where the first of the largest values of a window lies in its plane.
    fn largest(&self, plane: &[f32], width: usize, row: usize, column: usize) -> usize {
        let first = row * self.stride * width + column * self.stride;
        let mut best = first;
        for ky in 0..self.kernel {
            for index in first + ky * width..first + ky * width + self.kernel {
                // What is not a number wins, so that it is seen and not hidden.
                if plane[index] > plane[best] || plane[index].is_nan() {
                    best = index;
                }
            }
        }
        best
    }

    fn for_each(&self, plane: &[f32], width: usize, mut use_it: impl FnMut(usize, usize)) {
        for row in 0..self.rows {
            for column in 0..self.columns {
                use_it(row * self.columns + column, self.largest(plane, width, row, column));
            }
        }
    }
}

impl CustomOp1 for MaxPool {
    fn name(&self) -> &'static str {
        "max-pool"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (batch, channels, height, width) = layout.shape().dims4()?;
        let x = values(storage, layout)?;
        let mut y = vec![0.0; batch * channels * self.rows * self.columns];
        let planes = x.par_chunks(height * width);
        y.par_chunks_mut(self.rows * self.columns).zip(planes).for_each(|(y, x)| {
            self.for_each(x, width, |to, from| y[to] = x[from]);
        });
        Ok((CpuStorage::F32(y), (batch, channels, self.rows, self.columns).into()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let (_, _, height, width) = x.dims4()?;
        let mut x_grad = vec![0.0; x.elem_count()];
        with_values(x, |x| {
            with_values(&grad.contiguous()?, |grad| {
                let given = x.par_chunks(height * width).zip(grad.par_chunks(self.rows * self.columns));
                x_grad.par_chunks_mut(height * width).zip(given).for_each(|(x_grad, (x, grad))| {
                    self.for_each(x, width, |from, to| x_grad[to] += grad[from]);
                });
                Ok(())
            })
        })?;
        Ok(Some(Tensor::from_vec(x_grad, x.shape(), x.device())?))
    }
}

#[cfg(test)]
#[path = "tests/max_pool.rs"]
mod tests;
