//! Motion estimation on a device: what `MotionEstimator` of `crates/motion` does, as a sequence of passes that is the same
//! for every frame of a size. What one pass finds (noise, brightness, the camera, a scene cut) lies in the device's memory,
//! where the next one reads it; nothing comes back to the host in between. Results have the bits of `MotionEstimator`.
//!
//! [`Plan`] says which passes there are and where in the device's memory everything lies. With the feature `cuda`,
//! `DeviceMotion` runs them as kernels; `tests/device` runs the same plan with the bodies compiled for the host.

#[cfg(feature = "cuda")]
mod cuda;
mod plan;
#[cfg(all(test, feature = "cuda"))]
mod tests;

#[cfg(feature = "cuda")]
pub use cuda::{DeviceFrames, DeviceMotion};
pub use plan::{Pass, Plan, Step};

/// The most sizes that a frame is looked at in.
const MOST_LEVELS: usize = 16;

/// What is known of two frames besides flow and confidence. A device writes it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[repr(C)]
pub struct MotionReport {
    /// Sum of the confidence of all pixels, in steps of 1 / [`CONFIDENCE_STEPS`](crate::confidence::CONFIDENCE_STEPS).
    pub confidence: u64,
    /// Other than 0: the frames show different scenes, or there is no previous frame.
    pub scene_cut: u32,
    /// Other than 0: luma differs somewhere.
    pub luma_differs: u32,
    /// Other than 0: luma is the same and the pictures, if they are compared, differ somewhere.
    pub picture_differs: u32,
    /// Variance of the difference between two pixels that show the same, 0 where it was not looked for.
    pub noise: f32,
    /// What most of the picture does, in its middle.
    pub camera: [f32; 2],
    /// What the previous frame's luma was multiplied by before the two were compared.
    pub gain: f32,
    /// What was added to it then.
    pub offset: f32,
}

impl MotionReport {
    /// Whether the frames are the same, bit for bit.
    pub fn repeated(&self) -> bool {
        self.scene_cut == 0 && self.luma_differs == 0 && self.picture_differs == 0
    }
}

/// Addresses of what the passes read and write, apart from their working memory; 0 stands for none. What lies there is
/// told by the fields of `Motion` in `frame.cuh`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Addresses {
    /// Working memory of [`Plan::words`] floats.
    pub memory: u64,
    /// A [`MotionReport`].
    pub report: u64,
    /// Written: a word of `device::Verdict`, which later kernels look up.
    pub verdict: u64,
    /// Written: two floats, what most of the picture does in its middle.
    pub camera: u64,
    /// Luma of the previous frame and of the new one.
    pub luma: [u64; 2],
    /// The pictures, [`Plan::pixels`] pixels of four bytes, or none.
    pub pictures: [u64; 2],
    /// A number other than 0 where there is no previous frame, or none.
    pub is_first: u64,
    /// Written: the flow.
    pub flow: u64,
    /// Written: the confidence.
    pub confidence: u64,
}

/// What every pass gets: `Motion` of `frame.cuh`, with addresses as numbers.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Arguments {
    report: u64,
    state: u64,
    verdict: u64,
    camera: u64,
    luma: [u64; 2],
    pictures: [u64; 2],
    is_first: u64,
    flow: u64,
    confidence: u64,
    agreement: u64,
    alone: [u64; 2],
    next: [u64; 2],
    doubt: [u64; 2],
    changed: [u64; 2],
    rough: [u64; 2],
    tiles: [u64; 2],
    width: i32,
    height: i32,
    pixels: i32,
    count: i32,
    exposed: i32,
    coarse: i32,
    half: i32,
    least_confidence: f32,
    levels: [LevelArguments; MOST_LEVELS],
}

/// `Level` of `frame.cuh`.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
struct LevelArguments {
    width: i32,
    height: i32,
    stride: i32,
    columns: i32,
    rows: i32,
    unused: i32,
    frames: [u64; 2],
    matches: [u64; 2],
    flow: [u64; 2],
    difference: [u64; 2],
}
