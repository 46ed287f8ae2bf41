//! The bodies of the CUDA kernels (`crates/kernels/src/<operation>/body.cuh`), compiled for the host by a C++ compiler: a
//! module for each operation, with a safe function that loops over its pixels in place of the device's threads. Tests
//! list it as the variant `device` and compare it with the others, so the arithmetic that a GPU runs is checked without
//! one. What only a GPU can show (launches, memory, order) it does not check.

pub mod agreement;
mod bordered;
pub mod compose;
pub mod confidence;
pub mod conv_f16;
pub mod densify;
pub mod emit;
mod frame;
pub mod ingest;
pub mod motion;
pub mod planar;
mod plane;
pub mod print;
pub mod pyramid;
pub mod refine;
pub mod resize;
pub mod search;
pub mod warp;

pub use bordered::Bordered;
