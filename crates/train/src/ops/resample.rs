use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::{values, with_values};

/// `x` `[N, C, H, W]` with `padding` more pixels on each side, mirrored at the outermost pixel, which is not repeated.
/// The padding has to be smaller than the picture.
pub fn reflection_pad2d(x: &Tensor, padding: usize) -> Result<Tensor> {
    let (_, _, height, width) = x.dims4()?;
    if padding >= height.min(width) {
        candle_core::bail!("a padding of {padding} needs a larger picture to mirror than {height}x{width}");
    }
    let axis = |length: usize| {
        Axis::new(length, length + 2 * padding, 1, |at, _| {
            let beyond = at.abs_diff(padding);
            (if beyond < length { beyond } else { 2 * (length - 1) - beyond }, 1.0)
        })
    };
    resample(x, axis(height), axis(width))
}

/// Means over windows of `kernel` by `kernel` pixels, `stride` apart, all of them inside of `x` `[N, C, H, W]`: rows and
/// columns at the end that fill no window are left out. The result has `(H - kernel) / stride + 1` rows.
pub fn avg_pool2d(x: &Tensor, kernel: usize, stride: usize) -> Result<Tensor> {
    let (_, _, height, width) = x.dims4()?;
    let share = 1.0 / kernel as f32;
    let axis = |length: usize| -> Result<Axis> {
        let count = windows(length, kernel, stride)?;
        Ok(Axis::new(length, count, kernel, |at, tap| (at * stride + tap, share)))
    };
    resample(x, axis(height)?, axis(width)?)
}

/// How many windows of `kernel` pixels, `stride` apart, lie in a row of `length`; none is an error.
pub(super) fn windows(length: usize, kernel: usize, stride: usize) -> Result<usize> {
    if kernel == 0 || stride == 0 || kernel > length {
        candle_core::bail!("no pooling of {length} pixels by windows of {kernel}, {stride} apart");
    }
    Ok((length - kernel) / stride + 1)
}

/// `x` `[N, C, H, W]` at `height` by `width` pixels: each pixel is the one of `x` that its centre lies in.
pub fn resize_nearest(x: &Tensor, height: usize, width: usize) -> Result<Tensor> {
    let (_, _, from_height, from_width) = x.dims4()?;
    let axis =
        |from: usize, to: usize| Axis::new(from, to, 1, |at, _| (((2 * at + 1) * from / (2 * to)).min(from - 1), 1.0));
    resample(x, axis(from_height, height), axis(from_width, width))
}

/// `x` `[N, C, H, W]` at `height` by `width` pixels, interpolated linearly between the centres of pixels; beyond the
/// outermost centres the outermost pixels count. Shrinking by more than two leaves pixels out: pool first.
pub fn resize_bilinear(x: &Tensor, height: usize, width: usize) -> Result<Tensor> {
    let (_, _, from_height, from_width) = x.dims4()?;
    let axis = |from: usize, to: usize| {
        Axis::new(from, to, 2, |at, tap| {
            let place = ((at as f64 + 0.5) * from as f64 / to as f64 - 0.5).clamp(0.0, (from - 1) as f64);
            let behind = place.fract() as f32;
            let first = place as usize;
            if tap == 0 { (first, 1.0 - behind) } else { ((first + 1).min(from - 1), behind) }
        })
    };
    resample(x, axis(from_height, height), axis(from_width, width))
}

/// One direction of a resampling: each place of the result is a weighted sum of places of the source.
struct Axis {
    /// Places of the source.
    length: usize,
    /// Summands of each place of the result.
    per_place: usize,
    /// Places and weights, those of one place of the result after those of another.
    taps: Vec<(usize, f32)>,
}

impl Axis {
    fn new(length: usize, count: usize, per_place: usize, tap: impl Fn(usize, usize) -> (usize, f32)) -> Self {
        let taps = if length == 0 {
            Vec::new()
        } else {
            (0..count * per_place).map(|index| tap(index / per_place, index % per_place)).collect()
        };
        Axis { length, per_place, taps }
    }

    fn count(&self) -> usize {
        self.taps.len() / self.per_place
    }

    fn places(&self) -> impl Iterator<Item = &[(usize, f32)]> {
        self.taps.chunks_exact(self.per_place)
    }

    /// As a matrix `[count, length]`.
    fn matrix(&self, like: &Tensor) -> Result<Tensor> {
        let mut matrix = vec![0f32; self.count() * self.length];
        for (row, taps) in matrix.chunks_exact_mut(self.length).zip(self.places()) {
            taps.iter().for_each(|&(place, weight)| row[place] += weight);
        }
        Tensor::from_vec(matrix, (self.count(), self.length), like.device())?.to_dtype(like.dtype())
    }
}

fn resample(x: &Tensor, rows: Axis, columns: Axis) -> Result<Tensor> {
    if x.elem_count() == 0 || rows.count() == 0 || columns.count() == 0 {
        candle_core::bail!("no resampling of {:?} to {}x{} pixels", x.dims(), rows.count(), columns.count());
    }
    if x.device().is_cpu() {
        return x.contiguous()?.apply_op1(Resample { rows, columns });
    }
    by_products(x, &rows, &columns)
}

/// The same as two matrix products, for other devices.
fn by_products(x: &Tensor, rows: &Axis, columns: &Axis) -> Result<Tensor> {
    let (batch, channels, height, width) = x.dims4()?;
    let across = x.reshape(((), width))?.matmul(&columns.matrix(x)?.t()?.contiguous()?)?;
    let across = across.reshape((batch * channels, height, columns.count()))?;
    rows.matrix(x)?.broadcast_matmul(&across)?.reshape((batch, channels, rows.count(), columns.count()))
}

struct Resample {
    rows: Axis,
    columns: Axis,
}

impl CustomOp1 for Resample {
    fn name(&self) -> &'static str {
        "resample"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (batch, channels, height, width) = layout.shape().dims4()?;
        let (out_height, out_width) = (self.rows.count(), self.columns.count());
        let x = values(storage, layout)?;
        let mut y = vec![0.0; batch * channels * out_height * out_width];
        let planes = x.par_chunks(height * width);
        y.par_chunks_mut(out_height * out_width).zip(planes).for_each_init(
            || vec![0.0; width],
            |row, (y, x)| {
                for (y, taps) in y.chunks_exact_mut(out_width).zip(self.rows.places()) {
                    row.fill(0.0);
                    for &(place, weight) in taps {
                        let source = &x[place * width..][..width];
                        row.iter_mut().zip(source).for_each(|(row, source)| *row += weight * source);
                    }
                    for (y, taps) in y.iter_mut().zip(self.columns.places()) {
                        *y = taps.iter().map(|&(place, weight)| weight * row[place]).sum();
                    }
                }
            },
        );
        Ok((CpuStorage::F32(y), (batch, channels, out_height, out_width).into()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let (_, _, height, width) = x.dims4()?;
        let (out_height, out_width) = (self.rows.count(), self.columns.count());
        let mut x_grad = vec![0.0; x.elem_count()];
        with_values(&grad.contiguous()?, |grad| {
            let planes = grad.par_chunks(out_height * out_width);
            x_grad.par_chunks_mut(height * width).zip(planes).for_each_init(
                || vec![0.0; width],
                |row, (x_grad, grad)| {
                    for (grad, taps) in grad.chunks_exact(out_width).zip(self.rows.places()) {
                        row.fill(0.0);
                        for (&grad, taps) in grad.iter().zip(self.columns.places()) {
                            taps.iter().for_each(|&(place, weight)| row[place] += weight * grad);
                        }
                        for &(place, weight) in taps {
                            let target = &mut x_grad[place * width..][..width];
                            target.iter_mut().zip(row.iter()).for_each(|(target, row)| *target += weight * row);
                        }
                    }
                },
            );
            Ok(())
        })?;
        Ok(Some(Tensor::from_vec(x_grad, x.shape(), x.device())?))
    }
}

#[cfg(test)]
#[path = "tests/resample.rs"]
mod tests;
