//! Where each pixel of a frame was in the frame before: dense optical flow on luma, how far it can be trusted, what the
//! camera did, and whether the two frames show the same scene at all.
//!
//! The flow is found coarse to fine by dense inverse search (Kroeger, Timofte, Dai, Van Gool: "Fast Optical Flow using
//! Dense Inverse Search", ECCV 2016), and refined variationally on the two finest levels. It leads from the new frame to the previous
//! one, in pixels of the grid it was computed on.
//!
//! Noise is not followed: a patch leaves what the whole picture does only for a motion that explains it clearly better, so
//! that what stands still has a flow of exactly zero.
//!
//! Mean end-point errors on textures of known motion, 256x160 pixels, away from the edge, in pixels, without noise / with
//! noise of 1.5 levels of 255 up and down (the crate's tests print them): shift by 1 px 0.000 / 0.009, by (0.4, -0.7) 0.016 /
//! 0.022, by (-6, 9) 0.017 / 0.041, by (21, 5.5) 0.019 / 0.044; turn by 1.5 degrees 0.029 / 0.024; zoom by 2 % 0.024 / 0.024.
//! A textured square that moves (-7, 3) in front of a still texture: 0.010 inside it, 0.000 behind.
//!
//! ```
//! use inkcast_frame::Plane;
//! use inkcast_motion::{Motion, MotionEstimator};
//!
//! let picture = |shift: f32| Plane::from_fn(96, 64, |x, y| {
//!     let (x, y) = (x as f32 + shift, y as f32);
//!     0.5 + 0.2 * (x * 0.35).sin() + 0.2 * (y * 0.4 + x * 0.1).cos()
//! });
//! let mut motion = Motion::default();
//! MotionEstimator::default().estimate(&picture(0.0), &picture(2.0), &mut motion);
//! // The picture moved two pixels to the left, so it was two pixels to the right before.
//! let [dx, dy] = motion.flow.at(48, 32);
//! assert!((dx - 2.0).abs() < 0.2 && dy.abs() < 0.2, "{dx} {dy}");
//! ```
#![forbid(unsafe_code)]

mod camera;
mod cut;
mod direction;
mod estimator;
mod exposure;
mod noise;
mod ordered;
mod pyramid;

use inkcast_frame::Plane;

pub use estimator::MotionEstimator;
pub use exposure::Exposure;

/// Motion between two frames. It depends on these two frames alone.
#[derive(Debug, Clone, Default)]
pub struct Motion {
    /// For each pixel of the new frame the way `(dx, dy)` to the same point in the previous one, in pixels.
    pub flow: Plane<[f32; 2]>,
    /// Trust in it, 0..1.
    pub confidence: Plane,
    /// The frames show different scenes; flow and confidence are zero.
    pub scene_cut: bool,
    /// The frames are the same, bit for bit: flow is zero and confidence one.
    pub repeated: bool,
    /// What most of the picture does, in its middle: the camera's part of the flow, in pixels. Exactly zero for a
    /// camera that stands still.
    pub camera: [f32; 2],
    /// What was done to the previous frame's luma before the two were compared.
    pub exposure: Exposure,
}

#[cfg(test)]
mod tests;
