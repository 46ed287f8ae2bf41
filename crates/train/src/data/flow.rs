use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use candle_core::Tensor;
use image::RgbImage;
use inkcast_frame::{Format, FrameInfo, FrameView, Picture, Plane, PlaneRef};
use inkcast_kernels::pyramid::halve_luma;
use inkcast_kernels::{Level, confidence, ingest::ingest};
use inkcast_motion::{Motion, MotionEstimator};
use safetensors::Dtype;
use safetensors::tensor::TensorView;

/// Motion from a picture to the one before it on blocks of 2x2 pixels, as the player estimates it on a CPU.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// Size in blocks.
    width: usize,
    height: usize,
    /// x and y of each block in 1 / [`FRACTIONS`] of a pixel, two bytes each, the lower one first.
    ways: Vec<u8>,
    /// Trust in them, 255 = full.
    trust: Vec<u8>,
}

/// Finer than any estimate is right.
const FRACTIONS: f32 = 32.0;
/// Side of a block in pixels.
const BLOCK: f32 = 2.0;
/// Mean confidence below which the player does not go on with what it had drawn.
const LEAST_CONFIDENCE: f32 = 0.05;

impl Flow {
    /// Estimates it for two pictures of one size. After a cut nothing is trusted.
    pub fn estimate(before: &RgbImage, now: &RgbImage) -> Result<Self> {
        let (before, now) = (luma(before)?, luma(now)?);
        ensure!(before.size() == now.size(), "the frames of a clip differ in size");
        let mut motion = Motion::default();
        MotionEstimator::default().estimate(&before, &now, &mut motion);
        if confidence::mean(&motion.confidence) < LEAST_CONFIDENCE {
            motion.confidence.data_mut().fill(0.0);
        }
        let way = |way: &f32| ((BLOCK * FRACTIONS * way).round_ties_even() as i16).to_le_bytes();
        Ok(Flow {
            width: now.width(),
            height: now.height(),
            ways: motion.flow.data().iter().flatten().flat_map(way).collect(),
            trust: motion.confidence.data().iter().map(|trust| (255.0 * trust).round_ties_even() as u8).collect(),
        })
    }

    /// The way from a place of the picture to where the picture before shows the same, in pixels, and the trust in it,
    /// 0..1. Between the centres of blocks both change linearly, as in the player.
    pub fn at(&self, [x, y]: [f32; 2]) -> ([f32; 2], f32) {
        let ((left, right, across), (upper, lower, down)) = (between(x, self.width), between(y, self.height));
        let mixed = |value: &dyn Fn(usize) -> f32| {
            let row = |row: usize| {
                let (a, b) = (value(row * self.width + left), value(row * self.width + right));
                a + across * (b - a)
            };
            row(upper) + down * (row(lower) - row(upper))
        };
        let way = |axis: usize| {
            mixed(&|block| {
                let start = 4 * block + 2 * axis;
                f32::from(i16::from_le_bytes([self.ways[start], self.ways[start + 1]])) / FRACTIONS
            })
        };
        ([way(0), way(1)], mixed(&|block| f32::from(self.trust[block]) / 255.0))
    }

    /// For a file, under names that end in `number`.
    pub(super) fn tensors(&self, number: usize) -> Result<[(String, TensorView<'_>); 2]> {
        let view = |bytes, channels| TensorView::new(Dtype::U8, vec![self.height, self.width, channels], bytes);
        Ok([(format!("ways.{number}"), view(&self.ways, 4)?), (format!("trust.{number}"), view(&self.trust, 1)?)])
    }

    /// The inverse of [`Flow::tensors`], for pictures of `width` x `height` pixels.
    pub(super) fn unpack(
        tensors: &HashMap<String, Tensor>,
        number: usize,
        (width, height): (usize, usize),
    ) -> Result<Self> {
        let (width, height) = (width.div_ceil(2), height.div_ceil(2));
        let bytes = |name: &str, channels: usize| -> Result<Vec<u8>> {
            let name = format!("{name}.{number}");
            let tensor = tensors.get(&name).with_context(|| format!("it has no \"{name}\""))?;
            let is_right = tensor.dims() == [height, width, channels];
            ensure!(is_right, "\"{name}\" has shape {:?} instead of {:?}", tensor.dims(), [height, width, channels]);
            Ok(tensor.flatten_all()?.to_vec1()?)
        };
        Ok(Flow { width, height, ways: bytes("ways", 4)?, trust: bytes("trust", 1)? })
    }
}

/// Luma as motion is estimated on, at half the size. Prepared frames are so small that the player would not halve it again.
fn luma(picture: &RgbImage) -> Result<Plane> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let info = FrameInfo::new(Format::Rgb, width, height)?;
    let view = FrameView::new(info, [PlaneRef { data: picture.as_raw(), stride: 3 * width }])?;
    let (mut whole, mut half) = (Picture::default(), Plane::default());
    ingest(Level::detect(), &view, &mut whole);
    halve_luma(&whole, &mut half);
    Ok(half)
}

/// The blocks whose centres are before and behind a place, and how far it is from the one to the other.
fn between(at: f32, blocks: usize) -> (usize, usize, f32) {
    let position = ((at + 0.5) / BLOCK - 0.5).clamp(0.0, blocks as f32 - 1.0);
    let first = position as usize;
    (first, (first + 1).min(blocks - 1), position.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn motion_changes_linearly_between_blocks() {
        let ways = [64i16, -32, 128, 32].into_iter().flat_map(i16::to_le_bytes).collect();
        let flow = Flow { width: 2, height: 1, ways, trust: vec![255, 51] };
        // The centres of the blocks lie between the first two pixels and between the last two.
        assert_eq!(flow.at([0.5, 0.5]), ([2.0, -1.0], 1.0));
        assert_eq!(flow.at([2.5, 0.0]).0, [4.0, 1.0]);
        assert_eq!(flow.at([1.5, 1.0]).0, [3.0, 0.0]);
        assert!((flow.at([1.5, 1.0]).1 - 0.6).abs() < 1e-6);
        // Beyond them the outermost go on.
        assert_eq!(flow.at([0.0, 0.0]), ([2.0, -1.0], 1.0));
        assert_eq!(flow.at([3.0, 1.0]).0, [4.0, 1.0]);
    }
}
