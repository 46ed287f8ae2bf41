//! 8-bit arithmetic: how far activations reach, and what quantisation costs.
//!
//! The contract, shared by the player's engine, by exported models and by [`simulate`]:
//! - A map behind a ReLU is kept as `u8` codes without a zero point: `value = code * end / 255`, where `end` is the
//!   map's entry in the package ([`inkcast_generator::Style::activations`]). The picture is `u8` with the end 1.
//! - Weights are `i8`, symmetric for each output channel ([`inkcast_kernels::weight_codes`]).
//! - Codes of maps are rounded half to even. Sums are exact; biases, the last convolution's result and the source that is added
//!   to it stay in `f32`.
//!
//! A map that one convolution makes is what the next one reads, so maps are told apart by the place of the convolution
//! that reads them: the first reads the picture, number k reads the map number k - 1.

mod calibrate;
mod codes;
mod histogram;
mod observe;
mod simulate;

pub use calibrate::{Calibration, Cost, calibrate};
pub use histogram::Histogram;
pub use observe::observe;
pub use simulate::{Codes, Simulation, psnr, simulate};
