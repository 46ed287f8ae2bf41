//! The operations that cost time, one folder each. `mod.rs` states the contract; where there are several variants,
//! `scalar.rs` is the plain definition of correct and the files beside it are faster ones with the same signature,
//! chosen at run time by [`Level`]. Work is shared out by rows on the current rayon thread pool; no result depends on the
//! number of threads.
//!
//! With the feature `cuda` an operation's `cuda.rs` does the same on a device; [`device`] is what they stand on.
#![deny(unsafe_op_in_unsafe_fn)]

pub mod agreement;
mod bordered;
pub mod compose;
pub mod confidence;
pub mod conv;
pub mod conv_f16;
pub mod conv_u8;
mod cpu;
pub mod densify;
#[cfg(feature = "cuda")]
pub mod device;
pub mod emit;
mod feature_map;
pub mod ingest;
mod lanes;
pub mod motion;
pub mod planar;
pub mod print;
pub mod pyramid;
pub mod refine;
pub mod resize;
pub mod search;
pub mod shuffle;
#[cfg(test)]
mod variant;
mod vectorised;
pub mod warp;
mod weight_codes;

pub use bordered::Bordered;
pub use cpu::{LEVEL_VARIABLE, Level, UnknownLevel};
pub use feature_map::FeatureMap;
pub use weight_codes::{WeightCodes, weight_codes};
