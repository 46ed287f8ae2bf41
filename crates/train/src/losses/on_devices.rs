use candle_core::{DType, Result, Tensor};

use super::similarity::{C1, C2, SIGMA};
use super::terms::{BEYOND, MISSING_INK, UNDER_INK};
use super::{LUMA, TERMS};
use crate::looks::blur::kernel;

/// The terms of the loss as Candle's operations, for devices other than the CPU: `output` and `target` are
/// `[N, 4, H, W]`.
pub(super) fn terms(output: &Tensor, target: &Tensor) -> Result<Tensor> {
    let output = clamp_softly(output)?;
    let (ink, wanted_ink) = (output.narrow(1, 3, 1)?, target.narrow(1, 3, 1)?);
    let ink_error = (&ink - &wanted_ink)?;
    let missing = ink_error.lt(0f64)?.to_dtype(DType::F32)?.affine(f64::from(MISSING_INK) - 1.0, 1.0)?;
    let colour_error = (output.narrow(1, 0, 3)? - target.narrow(1, 0, 3)?)?.abs()?;
    // Shown colour counts in full, that under ink only a little.
    let shown = wanted_ink.affine(f64::from(UNDER_INK) - 1.0, 1.0)?;
    let composite_error = (composite(&output)? - composite(target)?)?;
    let terms: [Tensor; TERMS.len()] = [
        (ink_error.abs()? * missing)?.mean_all()?,
        colour_error.broadcast_mul(&shown)?.mean_all()?,
        composite_error.abs()?.mean_all()?,
        steps(&ink_error)?,
        steps(&luma(&composite_error)?)?,
        dissimilarity(&luma(&composite(&output)?)?, &luma(&composite(target)?)?)?,
    ];
    Tensor::stack(&terms, 0)
}

/// Cut to 0..1, but with a little of what lies beyond.
pub(crate) fn clamp_softly(layers: &Tensor) -> Result<Tensor> {
    let clamped = layers.clamp(0f32, 1f32)?;
    let beyond = ((layers - &clamped)? * f64::from(BEYOND))?;
    clamped + beyond
}

/// Colour under ink, `[N, 3, H, W]`.
pub(crate) fn composite(layers: &Tensor) -> Result<Tensor> {
    layers.narrow(1, 0, 3)?.broadcast_mul(&layers.narrow(1, 3, 1)?.affine(-1.0, 1.0)?)
}

/// Weighted sum of three colours, `[N, 1, H, W]`.
pub(crate) fn mixed(colour: &Tensor, weights: [f32; 3]) -> Result<Tensor> {
    colour.broadcast_mul(&Tensor::new(&weights, colour.device())?.reshape((1, 3, 1, 1))?)?.sum_keepdim(1)
}

fn luma(colour: &Tensor) -> Result<Tensor> {
    mixed(colour, LUMA)
}

/// Sum of the steps between neighbours, per pixel of `[N, 1, H, W]`.
fn steps(error: &Tensor) -> Result<Tensor> {
    let (_, _, height, width) = error.dims4()?;
    let along = |dim, length| (error.narrow(dim, 1, length - 1)? - error.narrow(dim, 0, length - 1)?)?.abs()?.sum_all();
    let mut sum = Tensor::zeros((), error.dtype(), error.device())?;
    for (dim, length) in [(2, height), (3, width)] {
        if length > 1 {
            sum = (sum + along(dim, length)?)?;
        }
    }
    sum / error.elem_count() as f64
}

/// One minus the structural similarity, see [`super::similarity`].
fn dissimilarity(mine: &Tensor, wanted: &Tensor) -> Result<Tensor> {
    let (_, _, height, width) = mine.dims4()?;
    let window = kernel(SIGMA);
    if height < window.len() || width < window.len() {
        return Tensor::zeros((), mine.dtype(), mine.device());
    }
    let (rows, columns) = (windows(height, &window, mine)?, windows(width, &window, mine)?.t()?.contiguous()?);
    let mean = |plane: &Tensor| rows.broadcast_matmul(&plane.contiguous()?.broadcast_matmul(&columns)?.contiguous()?);
    let (a, b) = (mean(mine)?, mean(wanted)?);
    let (aa, bb, ab) = (mean(&mine.sqr()?)?, mean(&wanted.sqr()?)?, mean(&(mine * wanted)?)?);
    let squares = (a.sqr()? + b.sqr()?)?;
    let product = (a * b)?;
    let structure =
        ((ab - &product)?.affine(2.0, f64::from(C2))? / ((aa + bb)? - &squares)?.affine(1.0, f64::from(C2))?)?;
    let brightness = (product.affine(2.0, f64::from(C1))? / squares.affine(1.0, f64::from(C1))?)?;
    (structure * brightness)?.mean_all()?.affine(-1.0, 1.0)
}

/// `[length + 1 - K, length]`: each row has the window at the next place.
fn windows(length: usize, window: &[f32], like: &Tensor) -> Result<Tensor> {
    let rows = length + 1 - window.len();
    let mut values = vec![0.0; rows * length];
    for (index, row) in values.chunks_exact_mut(length).enumerate() {
        row[index..index + window.len()].copy_from_slice(window);
    }
    Tensor::from_vec(values, (rows, length), like.device())
}
