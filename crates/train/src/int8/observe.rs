use std::cell::{Cell, RefCell};

use candle_core::{Result, Tensor};
use inkcast_generator::{Activation, ConvOps, Folded};

use super::Histogram;
use crate::ops::{TrainingOps, with_values};

/// Runs pictures `[N, 3, H, W]` through a network and counts the values of each map behind a ReLU, in the order of
/// [`inkcast_generator::Architecture::activation_names`]. A network that takes carried layers sees each picture as the
/// first of a video and once more after itself.
pub fn observe(folded: &Folded, rgb: &Tensor) -> Result<Vec<Histogram>> {
    let run = |carried: Option<&Tensor>| {
        let observer = Observer::default();
        let layers = folded.forward(&observer, rgb, carried)?;
        Ok::<_, candle_core::Error>((layers, observer.maps.into_inner()))
    };
    let (layers, maps) = run(None)?;
    if !folded.architecture().carried_input {
        return Ok(maps);
    }
    let trust = layers.narrow(1, 0, 1)?.ones_like()?;
    let (_, later) = run(Some(&Tensor::cat(&[&layers.clamp(0.0, 1.0)?, &trust], 1)?))?;
    Ok(maps.into_iter().zip(later).map(|(first, later)| first.merge(later)).collect())
}

/// Counts what convolutions read.
#[derive(Default)]
struct Observer {
    convolutions: Cell<usize>,
    maps: RefCell<Vec<Histogram>>,
}

impl ConvOps for Observer {
    fn conv2d(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        addend: Option<&Tensor>,
        stride: usize,
        activation: Activation,
    ) -> Result<Tensor> {
        // The first reads the picture, whose range is known.
        if self.convolutions.replace(self.convolutions.get() + 1) > 0 {
            let mut map = Histogram::default();
            with_values(&x.contiguous()?, |values| {
                map.add(values);
                Ok(())
            })?;
            self.maps.borrow_mut().push(map);
        }
        TrainingOps.conv2d(x, weight, bias, addend, stride, activation)
    }
}
