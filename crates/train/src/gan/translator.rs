//! The project's own network as a generator from picture to picture.

use std::collections::HashMap;

use anyhow::{Result, ensure};
use candle_core::Tensor;
use inkcast_generator::{Architecture, Generator, Package};

use super::plan::Plan;
use crate::ops::TrainingOps;

/// Standard deviation that style vectors start with.
pub const STYLE_DEVIATION: f64 = 0.5;
/// Slope beyond 0..1, so that a colour that overshoots still feels which way to go.
const BEYOND: f64 = 0.05;

/// The tensors of a network without its style vectors.
pub fn plan(architecture: &Architecture) -> Plan {
    Plan { parameters: architecture.parameters(), buffers: Vec::new() }
}

/// The tensors of a package's network, to start from; an error if its sizes are others.
pub fn base_tensors(package: &Package, architecture: &Architecture) -> Result<HashMap<String, Tensor>> {
    let base = package.generator();
    ensure!(
        base.architecture() == architecture,
        "the base has another [architecture] than the configuration: {:?}",
        base.architecture()
    );
    Ok(base.tensors().clone())
}

/// The picture `[1, 3, H, W]` that the player shows for `source` of the same shape, sides multiples of 4, under a style
/// vector `[style_dims]`: colour under ink. Differentiable in everything; a little outside of 0..1 where layers are.
pub fn translate(generator: &Generator, style: &Tensor, source: &Tensor) -> candle_core::Result<Tensor> {
    let layers = generator.fold(style)?.forward(&TrainingOps, source, None)?;
    composed(&layers)
}

/// Colour under ink `[N, 3, H, W]` of layers `[N, 4, H, W]`.
fn composed(layers: &Tensor) -> candle_core::Result<Tensor> {
    let inside = layers.clamp(0f32, 1f32)?;
    let layers = ((layers * BEYOND)? + (inside * (1.0 - BEYOND))?)?;
    let paper = layers.narrow(1, 3, 1)?.affine(-1.0, 1.0)?;
    layers.narrow(1, 0, 3)?.broadcast_mul(&paper)
}

/// How far the content of `made` is from that of `source`, both `[N, 3, H, W]` with sides that are multiples of 4: the
/// mean absolute difference of luma over cells of 4x4 pixels, so that lines and hatching are free.
pub fn content_difference(made: &Tensor, source: &Tensor) -> candle_core::Result<Tensor> {
    let (batch, _, height, width) = made.dims4()?;
    let difference = (made - source)?;
    let channel = |index: usize, share: f64| difference.narrow(1, index, 1)? * share;
    let luma = ((channel(0, 0.299)? + channel(1, 0.587)?)? + channel(2, 0.114)?)?;
    let cells = luma.reshape((batch, height / 4, 4, width / 4, 4))?.mean(4)?.mean(2)?;
    cells.abs()?.mean_all()
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};
    use inkcast_generator::Kind;
    use rand::{SeedableRng, rngs::StdRng};

    use super::super::parameters::Parameters;
    use super::super::view::Mode;
    use super::*;

    fn numbers(tensor: &Tensor) -> Vec<f32> {
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn ink_covers_colour_and_overshooting_counts_a_little() {
        let layers = Tensor::new(&[0.5f32, 2.0, -1.0, 0.25], &Device::Cpu).unwrap().reshape((1, 4, 1, 1)).unwrap();
        let layers = Var::from_tensor(&layers).unwrap();
        let picture = composed(&layers).unwrap();
        // Beyond 1 a twentieth counts: 1.05; below 0: -0.05; ink leaves three quarters.
        for (got, expected) in numbers(&picture).iter().zip([0.375, 0.7875, -0.0375]) {
            assert!((got - expected).abs() < 1e-6, "{got}");
        }
        let slopes = picture.sum_all().unwrap().backward().unwrap();
        for (got, expected) in numbers(slopes.get(&layers).unwrap()).iter().zip([0.75, 0.0375, 0.0375, -1.5]) {
            assert!((got - expected).abs() < 1e-6, "{got}");
        }
    }

    #[test]
    fn content_is_the_luma_of_cells() {
        // Stripes around the grey of the source are no change of content; red by 0.1 changes luma by 0.0299.
        let source = Tensor::full(0.5f32, (1, 3, 4, 8), &Device::Cpu).unwrap();
        let stripes = Tensor::arange(0u32, 96, &Device::Cpu).unwrap().to_dtype(candle_core::DType::F32).unwrap();
        let stripes = (stripes.affine(std::f64::consts::PI, 0.0).unwrap().cos().unwrap() * 0.3).unwrap();
        let stripes = (stripes.reshape((1, 3, 4, 8)).unwrap() + &source).unwrap();
        assert!(content_difference(&stripes, &source).unwrap().to_scalar::<f32>().unwrap() < 1e-4);
        let red = Tensor::new(&[0.1f32, 0.0, 0.0], &Device::Cpu).unwrap().reshape((1, 3, 1, 1)).unwrap();
        let redder = source.broadcast_add(&red).unwrap();
        assert!((content_difference(&redder, &source).unwrap().to_scalar::<f32>().unwrap() - 0.0299).abs() < 1e-6);
    }

    #[test]
    fn a_fresh_network_starts_near_the_source() {
        let architecture = Architecture {
            kind: Kind::ComicU,
            half_channels: 4,
            quarter_channels: 4,
            blocks: 1,
            style_dims: 2,
            experts: 0,
            carried_input: false,
        };
        let parameters = Parameters::new(plan(&architecture), &mut StdRng::seed_from_u64(1)).unwrap();
        let tensors = parameters.live(Mode::Training).without(&[]);
        let generator = Generator::from_tensors(architecture, tensors).unwrap();
        let source = Tensor::full(0.5f32, (1, 3, 16, 16), &Device::Cpu).unwrap();
        let style = Tensor::new(&[0.3f32, -0.4], &Device::Cpu).unwrap();
        let picture = translate(&generator, &style, &source).unwrap();
        let mean = picture.mean_all().unwrap().to_scalar::<f32>().unwrap();
        assert!((mean - 0.5).abs() < 0.2, "{mean}");
    }
}
