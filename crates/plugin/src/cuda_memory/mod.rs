//! Frames in the memory of a CUDA device, as GStreamer's nvcodec elements give and take them: `memory:CUDAMemory`.
//!
//! GStreamer's library for them has no bindings for Rust, and is not there on every machine, so its few functions that are
//! needed are loaded at run time ([`Functions`]). Frames are copied between its memory and that of the stylizer within the
//! device: the two may have contexts of their own, and launches that were recorded keep to their addresses.

mod context;
mod frame;
mod library;

pub use context::SharedContext;
pub use frame::DeviceFrame;
pub use library::Functions;
