//! The three passes of a convolution over a batch: results, gradients of inputs, gradients of weights. A transposed
//! convolution is made of the same three.

use candle_core::Result;
use inkcast_kernels::Level;
use rayon::prelude::*;

use super::geometry::Geometry;
use super::leaky_relu::{activated, pass_back, total};
use super::scratch::Scratch;
use super::stretches::{TILE, Weights, sums_of_products, weighted_sums};

/// A convolution of a batch on the CPU. Weights are `[outputs, inputs, kernel, kernel]`.
///
/// Pictures, and outputs where weights are summed over pictures, are shared out over rayon's threads. Sums are formed in
/// a fixed order: no result depends on the number of threads.
pub(super) struct Passes {
    geometry: Geometry,
    level: Level,
}

impl Passes {
    pub fn new(geometry: Geometry) -> Result<Self> {
        let level = Level::choose().map_err(candle_core::Error::wrap)?;
        Ok(Passes { geometry: geometry.checked()?, level })
    }

    /// `leaky_relu(conv(x) + bias)`, one picture after another.
    pub fn results(&self, x: &[f32], weight: &[f32], bias: &[f32], slope: f32) -> Vec<f32> {
        let g = self.geometry;
        let places = g.output_taps();
        let weights = Weights::new(g.outputs, g.taps(), |output, tap| weight[output * g.taps() + tap]);
        let step = g.stretch().next_multiple_of(TILE);
        let mut y = vec![0.0; x.len() / g.input_len() * g.output_len()];
        y.par_chunks_mut(g.output_len()).zip(x.par_chunks(g.input_len())).for_each(|(y, x)| {
            let mut phases = Scratch::of(g.phases_len());
            g.lay_out(x, &mut phases);
            let mut sums = Scratch::of(g.outputs * step);
            weighted_sums(self.level, &weights, &places, &phases, g.stretch(), &mut sums, step);
            let channels = y.chunks_exact_mut(g.out_height() * g.out_width()).zip(bias);
            for ((y, bias), sums) in channels.zip(sums.chunks_exact(step)) {
                for (y, sums) in y.chunks_exact_mut(g.out_width()).zip(sums.chunks_exact(g.pitch())) {
                    y.iter_mut().zip(sums).for_each(|(y, sum)| *y = activated(sum + bias, slope));
                }
            }
        });
        y
    }

    /// Lays out the gradients of results, one picture after another, for the next two passes. Where `result` is given,
    /// they are those behind a leaky ReLU of this slope with this result. Returns the gradients of the bias too.
    pub fn lay_out_grads(&self, grad: &[f32], result: Option<(&[f32], f32)>) -> (Scratch, Vec<f32>) {
        let g = self.geometry;
        let pixels = g.out_height() * g.out_width();
        let mut grads = Scratch::of(grad.len() / g.output_len() * g.grads_len());
        let each: Vec<Vec<f64>> = grads
            .par_chunks_mut(g.grads_len())
            .enumerate()
            .map(|(picture, grads)| {
                let first = picture * g.output_len();
                g.lay_out_grad(grads, |channel, range, to| {
                    let start = first + channel * pixels;
                    let range = start + range.start..start + range.end;
                    match result {
                        Some((result, slope)) => pass_back(&grad[range.clone()], &result[range], slope, to),
                        None => to.copy_from_slice(&grad[range]),
                    }
                });
                // Everything around a channel is zero.
                grads.chunks_exact(g.grad_step()).take(g.outputs).map(total).collect()
            })
            .collect();
        let bias = (0..g.outputs).map(|output| each.iter().map(|sums| sums[output]).sum::<f64>() as f32).collect();
        (grads, bias)
    }

    /// Gradients of the inputs: each input pixel plus `bias` of its channel gathers what the results that saw it want.
    pub fn inputs(&self, grads: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
        let g = self.geometry;
        let phases: Vec<_> = (0..g.stride * g.stride)
            .map(|phase| {
                let (row, column) = (phase / g.stride, phase % g.stride);
                let (places, taps): (Vec<_>, Vec<_>) = g.input_taps(row, column).into_iter().unzip();
                let weights = Weights::new(g.inputs, taps.len(), |input, tap| {
                    let [output, ky, kx] = taps[tap];
                    weight[((output * g.inputs + input) * g.kernel + ky) * g.kernel + kx]
                });
                (row, column, places, weights)
            })
            .collect();
        let step = g.phase_len().next_multiple_of(TILE);
        let mut x = vec![0.0; grads.len() / g.grads_len() * g.input_len()];
        x.par_chunks_mut(g.input_len()).zip(grads.par_chunks(g.grads_len())).for_each(|(x, grads)| {
            let mut sums = Scratch::of(g.inputs * step);
            for (row, column, places, weights) in &phases {
                weighted_sums(self.level, weights, places, grads, g.phase_len(), &mut sums, step);
                for (plane, sums) in x.chunks_exact_mut(g.height * g.width).zip(sums.chunks_exact(step)) {
                    g.put_back(sums, *row, *column, plane);
                }
            }
            for (plane, bias) in x.chunks_exact_mut(g.height * g.width).zip(bias.unwrap_or_default()) {
                plane.iter_mut().for_each(|value| *value += bias);
            }
        });
        x
    }

    /// Gradients of the weights.
    pub fn weights(&self, x: &[f32], grads: &[f32]) -> Vec<f32> {
        /// Outputs of one task, so many that what it reads of the pictures is used several times.
        const ROWS: usize = 16;
        let g = self.geometry;
        let places = g.output_taps();
        let row_places: Vec<usize> = (0..g.outputs).map(|output| output * g.grad_step() + g.margin()).collect();
        let mut phases = Scratch::of(x.len() / g.input_len() * g.phases_len());
        phases.par_chunks_mut(g.phases_len()).zip(x.par_chunks(g.input_len())).for_each(|(phases, x)| {
            g.lay_out(x, phases);
        });
        let pairs: Vec<_> = grads.chunks_exact(g.grads_len()).zip(phases.chunks_exact(g.phases_len())).collect();
        let mut weight = vec![0.0; g.outputs * g.taps()];
        weight.par_chunks_mut(ROWS * g.taps()).zip(row_places.par_chunks(ROWS)).for_each(|(weight, row_places)| {
            sums_of_products(self.level, &pairs, row_places, &places, g.stretch(), weight);
        });
        weight
    }

    /// Sums of each input over pictures and pixels.
    pub fn channel_sums(&self, x: &[f32]) -> Vec<f32> {
        let pixels = self.geometry.height * self.geometry.width;
        let each: Vec<f64> = x.par_chunks(pixels).map(total).collect();
        let channel = |input| each.iter().skip(input).step_by(self.geometry.inputs).sum::<f64>() as f32;
        (0..self.geometry.inputs).map(channel).collect()
    }
}
