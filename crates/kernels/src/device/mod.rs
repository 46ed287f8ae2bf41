//! What the CUDA variants of the operations stand on: the device with its stream and its compiled kernels
//! ([`DeviceContext`]), memory on it ([`DeviceBuffer`], [`DevicePlane`], [`DeviceFrame`]), memory of the host that it
//! reads and writes without a copy between ([`PinnedBuffer`], [`PinnedFrame`]) and recorded launches ([`Graph`]).
//!
//! An operation's `cuda.rs` has safe functions that check shapes and start kernels. They allocate nothing and wait for
//! nothing: what they start runs in the order of the context's stream, so a sequence of them can be recorded.
//!
//! None of it has run on a GPU yet; `docs/gpu.md` says what was checked.

mod buffer;
mod context;
mod driver;
mod error;
mod foreign;
mod frame;
mod graph;
mod launch;
mod pinned;
mod plane;
#[cfg(test)]
pub(crate) mod tests;
mod verdict;

pub use buffer::{DeviceBuffer, Element};
pub use context::DeviceContext;
pub use error::DeviceError;
pub use foreign::{ForeignFrame, ForeignPlane};
pub(crate) use frame::FrameArgument;
pub use frame::{DeviceFrame, PinnedFrame};
pub use graph::Graph;
pub(crate) use launch::{Grid, Module, launch, module};
pub use pinned::PinnedBuffer;
pub use plane::DevicePlane;
pub use verdict::Verdict;
