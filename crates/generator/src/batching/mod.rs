//! One network for several streams: what they hand in within a short window runs as one batch. A device that a single
//! small frame does not fill gets more to do at once, and the weights are there once.
//!
//! Streams share pictures' sizes and weights at most, never what is carried from frame to frame: that comes in with each
//! frame and stays in its place of the batch.

mod halves;
mod queue;
mod registry;
mod tensors;

pub use halves::{HalfBatch, HalfStream};
#[cfg(feature = "cuda")]
pub(crate) use registry::{Key, Registry};
pub use tensors::SharedNetwork;

/// Frames of a batch, at most: more fill no device better and make each wait longer.
const MOST: usize = inkcast_kernels::conv_f16::MOST_FRAMES;
