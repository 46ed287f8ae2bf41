//! Training for a steady video: sequences of frames, and what their differences cost.

use anyhow::Result;
use candle_core::{DType, Tensor};
use inkcast_generator::{ConvOps, Folded};
use serde::{Deserialize, Serialize};

use crate::data::{Link, Sequences};
use crate::ops::{Kernel, warp};

/// How much it counts that frames differ, after ReCoNet (Gao, Gu, Wang, Liu and Zhang 2018).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Temporal {
    /// Weight of the output loss: what is seen now against what was seen before, moved here.
    pub output: f32,
    /// Weight of the feature loss: the same for the features that the layers are drawn from.
    pub features: f32,
    /// Allow the luma of the output to change as that of the input does, in means over blocks of 8 pixels so that noise
    /// does not count: for looks that shall follow flashes and fades.
    pub luminance_aware: bool,
    /// Let gradients flow through the carried layers into earlier frames; costs memory and time.
    pub through_time: bool,
    /// How the sequences are made.
    pub sequences: Sequences,
}

/// Names of the terms, in order.
pub const TEMPORAL_TERMS: [&str; 2] = ["output", "features"];

/// What a generator made of a sequence.
pub struct Unrolled {
    /// The layers of the last frame, not clamped.
    pub output: Tensor,
    /// The terms of the loss in the order of [`TEMPORAL_TERMS`], means over the links; zeros for single frames.
    pub terms: [Tensor; TEMPORAL_TERMS.len()],
}

/// Runs frames `[N, 3, H, W]`, the oldest first, each with the layers of the one before carried along its link. `ops`
/// computes the convolutions.
pub fn unroll(
    folded: &Folded,
    ops: &dyn ConvOps,
    temporal: Option<&Temporal>,
    frames: &[Tensor],
    links: &[Link],
) -> Result<Unrolled> {
    let (mut output, mut features) = forward(folded, ops, &frames[0], None)?;
    let nothing = Tensor::zeros((), output.dtype(), output.device())?;
    let mut terms = [nothing.clone(), nothing];
    let Some(temporal) = temporal else { return Ok(Unrolled { output, terms }) };
    for (index, link) in links.iter().enumerate() {
        let is_last = index + 1 == links.len();
        let clamped = output.clamp(0f32, 1f32)?;
        let (before, before_features) =
            if temporal.through_time { (clamped, features) } else { (clamped.detach(), features.detach()) };
        let moved = warp(&before, &link.places, Kernel::Cubic)?.clamp(0f32, 1f32)?;
        let carried = Tensor::cat(&[&moved, &link.confidence], 1)?;
        (output, features) = forward(folded, ops, &frames[index + 1], Some(&carried))?;
        if !(is_last || temporal.through_time) {
            continue;
        }
        let allowed = match temporal.luminance_aware {
            true => Some(luma_change(&frames[index], &frames[index + 1], link)?),
            false => None,
        };
        terms[0] = (&terms[0] + output_loss(&output, &moved, allowed.as_ref(), &link.confidence)?)?;
        // A weight of zero saves the time too.
        if temporal.features > 0.0 {
            terms[1] = (&terms[1] + feature_loss(&features, &before_features, link)?)?;
        }
    }
    let counted = if temporal.through_time { links.len().max(1) } else { 1 };
    let terms = [(&terms[0] / counted as f64)?, (&terms[1] / counted as f64)?];
    Ok(Unrolled { output, terms })
}

/// Layers and features in `f32`, whatever floats the network computes with.
fn forward(
    folded: &Folded,
    ops: &dyn ConvOps,
    frame: &Tensor,
    carried: Option<&Tensor>,
) -> candle_core::Result<(Tensor, Tensor)> {
    let (floats, carried) = (folded.dtype(), carried.map(|carried| carried.to_dtype(folded.dtype())).transpose()?);
    let (output, features) = folded.forward_with_features(ops, &frame.to_dtype(floats)?, carried.as_ref())?;
    Ok((output.to_dtype(DType::F32)?, features.to_dtype(DType::F32)?))
}

/// Mean absolute difference between layers `[N, 4, H, W]` as they are seen, colour under ink, and of ink, where
/// `confidence` `[N, 1, H, W]` trusts the moved ones. `allowed` `[N, 1, H, W]` is a change of luma that costs nothing.
pub fn output_loss(
    output: &Tensor,
    moved: &Tensor,
    allowed: Option<&Tensor>,
    confidence: &Tensor,
) -> candle_core::Result<Tensor> {
    let output = output.clamp(0f32, 1f32)?;
    let seen = |layers: &Tensor| layers.narrow(1, 0, 3)?.broadcast_mul(&layers.narrow(1, 3, 1)?.affine(-1.0, 1.0)?);
    let mut colour = (seen(&output)? - seen(moved)?)?;
    if let Some(allowed) = allowed {
        colour = colour.broadcast_sub(allowed)?;
    }
    let ink = (output.narrow(1, 3, 1)? - moved.narrow(1, 3, 1)?)?;
    let trusted = |difference: &Tensor| difference.abs()?.broadcast_mul(confidence)?.mean_all();
    trusted(&colour)? + trusted(&ink)?
}

/// Mean absolute difference of features `[N, C, H / 4, W / 4]` relative to their mean, where the link is trusted.
fn feature_loss(features: &Tensor, before: &Tensor, link: &Link) -> candle_core::Result<Tensor> {
    // The centre of a block of four pixels lies 1.5 pixels behind its first.
    let places = link.places.avg_pool2d(4)?.affine(0.25, -0.375)?;
    let confidence = link.confidence.avg_pool2d(4)?;
    let moved = warp(before, &places, Kernel::Bilinear)?;
    let scale = before.mean_all()?.detach().affine(1.0, 1e-3)?;
    (features - moved)?.abs()?.broadcast_mul(&confidence)?.mean_all()?.broadcast_div(&scale)
}

/// Change of BT.709 luma from a frame to the next, `[N, 1, H, W]`, as means over blocks of 8 pixels.
fn luma_change(before: &Tensor, now: &Tensor, link: &Link) -> candle_core::Result<Tensor> {
    const BLOCK: usize = 8;
    let luma = Tensor::new(&[0.2126f32, 0.7152, 0.0722], now.device())?.reshape((1, 3, 1, 1))?;
    let change = (now - warp(before, &link.places, Kernel::Bilinear)?)?.broadcast_mul(&luma)?.sum_keepdim(1)?;
    let (batch, _, height, width) = change.dims4()?;
    let (rows, columns) = (height.div_ceil(BLOCK) * BLOCK, width.div_ceil(BLOCK) * BLOCK);
    let whole = change.pad_with_same(2, 0, rows - height)?.pad_with_same(3, 0, columns - width)?;
    let blocks = whole.avg_pool2d(BLOCK)?.reshape((batch, 1, rows / BLOCK, 1, columns / BLOCK, 1))?;
    let spread = blocks.broadcast_as((batch, 1, rows / BLOCK, BLOCK, columns / BLOCK, BLOCK))?;
    spread.reshape((batch, 1, rows, columns))?.narrow(2, 0, height)?.narrow(3, 0, width)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    fn layers(pixels: [[f32; 4]; 2]) -> Tensor {
        let planes: Vec<f32> = (0..4).flat_map(|c| pixels.map(|pixel| pixel[c])).collect();
        Tensor::from_vec(planes, (1, 4, 1, 2), &Device::Cpu).unwrap()
    }

    #[test]
    fn the_output_loss_by_hand() {
        let now = layers([[0.5, 0.5, 0.5, 0.0], [0.8, 0.4, 0.2, 0.5]]);
        let before = layers([[0.2, 0.5, 0.6, 0.5], [0.8, 0.4, 0.2, 1.5]]);
        let trust = |a: f32, b: f32| Tensor::new(&[[[[a, b]]]], &Device::Cpu).unwrap();
        let loss = |confidence: &Tensor, allowed: Option<&Tensor>| {
            output_loss(&now, &before, allowed, confidence).unwrap().to_scalar::<f32>().unwrap()
        };
        // First pixel: seen 0.5 0.5 0.5 against 0.1 0.25 0.3, ink 0 against 0.5; half trusted, means over 6 and 2.
        let expected = 0.5 * ((0.4 + 0.25 + 0.2) / 6.0 + 0.5 / 2.0);
        assert!((loss(&trust(0.5, 0.0), None) - expected).abs() < 1e-6);
        // A change of luma by 0.2 is free for colour.
        let expected = (0.2 + 0.05 + 0.0) / 6.0 + 0.5 / 2.0;
        assert!((loss(&trust(1.0, 0.0), Some(&trust(0.2, 0.0))) - expected).abs() < 1e-6);
    }

    #[test]
    fn the_feature_loss_by_hand() {
        let tensor = |values: &[f32], shape: (usize, usize, usize, usize)| {
            Tensor::from_slice(values, shape, &Device::Cpu).unwrap()
        };
        // Three features, of blocks of 4x4 pixels. Everything was one block further right before.
        let (before, now) = (tensor(&[1.0, 2.0, 6.0], (1, 1, 1, 3)), tensor(&[2.5, 5.0, 9.0], (1, 1, 1, 3)));
        let now = candle_core::Var::from_tensor(&now).unwrap();
        let places: Vec<f32> =
            (0..96).map(|i| if i < 48 { (i % 12 + 4) as f32 } else { (i / 12 % 4) as f32 }).collect();
        let confidence: Vec<f32> = (0..48).map(|i| [1.0, 0.5, 0.0][i % 12 / 4]).collect();
        let link = Link { places: tensor(&places, (1, 2, 4, 12)), confidence: tensor(&confidence, (1, 1, 4, 12)) };
        let loss = feature_loss(&now, &before, &link).unwrap();
        // Differences of 0.5 and 1, trusted by 1 and a half; the mean of the features before is 3.
        let expected = (0.5 + 0.5 * 1.0) / 3.0 / 3.001;
        assert!((loss.to_scalar::<f32>().unwrap() - expected).abs() < 1e-5);
        let slopes = loss.backward().unwrap().get(&now).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for (slope, expected) in slopes.iter().zip([1.0 / 9.003, -0.5 / 9.003, 0.0]) {
            assert!((slope - expected).abs() < 1e-5, "{slopes:?}");
        }
    }

    #[test]
    fn changes_of_luma_are_means_of_blocks() {
        let (height, width) = (8, 12);
        let grid = |value: &dyn Fn(usize, usize, usize) -> f32| {
            let at = |i: usize| value(i / (height * width), i / width % height, i % width);
            let values = (0..3 * height * width).map(at).collect::<Vec<f32>>();
            Tensor::from_vec(values, (1, 3, height, width), &Device::Cpu).unwrap()
        };
        let before = grid(&|_, _, _| 0.5);
        // Green rises by 0.1 in the left block, and by 0.1 in every other column of the right one.
        let now = grid(&|c, _, x| if c == 1 && (x < 8 || x % 2 == 0) { 0.6 } else { 0.5 });
        let place = |c: usize, y: usize, x: usize| [x as f32, y as f32][c];
        let places: Vec<f32> =
            (0..2 * height * width).map(|i| place(i / (height * width), i / width % height, i % width)).collect();
        let places = Tensor::from_vec(places, (1, 2, height, width), &Device::Cpu).unwrap();
        let confidence = Tensor::ones((1, 1, height, width), candle_core::DType::F32, &Device::Cpu).unwrap();
        let change = luma_change(&before, &now, &Link { places, confidence }).unwrap();
        let change = change.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert!((change[0] - 0.07152).abs() < 1e-5);
        // The right block is filled up with its last column, which does not change: 2 of 8 columns do.
        assert!((change[11] - 0.07152 / 4.0).abs() < 1e-5, "{}", change[11]);
    }
}
