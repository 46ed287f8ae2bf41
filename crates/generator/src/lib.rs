//! The style-conditioned generator: from an RGB picture and a style to the layers that the print step puts on paper.
//!
//! - [`Architecture`] names the sizes of the network and its parameters.
//! - [`Generator`] holds the parameters as Candle tensors; [`Generator::fold`] turns them and a style vector into the
//!   plain convolutions of [`Folded`], so that a style costs nothing per frame. Its `forward` is the definition of the
//!   network; training runs it with differentiable operations through [`ConvOps`].
//! - [`CpuEngine`] runs folded weights fast on a CPU, [`TensorEngine`] on any Candle device.
//! - [`Engine`] is either of the two. `CudaEngine`, with the feature `cuda`, works from and to a device's memory, by
//!   Candle's operations or by [`HalfNetwork`], the launches of Inkcast's own kernels for tensor cores.
//! - [`Package`] is a model on disk or embedded in this library: weights, checksum, styles, licence, origin.
#![forbid(unsafe_code)]

mod architecture;
mod batching;
mod convolutions;
mod cpu_engine;
#[cfg(feature = "cuda")]
mod cuda_engine;
mod engine;
mod error;
mod half_network;
mod half_ops;
mod network;
mod package;
mod plain_conv;
mod tensor_engine;

pub use architecture::{Architecture, Init, Kind, Parameter};
pub use batching::{HalfBatch, HalfStream, SharedNetwork};
pub use convolutions::{CONVOLUTIONS_VARIABLE, Convolutions};
pub use cpu_engine::{CpuEngine, Precision};
#[cfg(feature = "cuda")]
pub use cuda_engine::CudaEngine;
pub use engine::{Engine, cuda_device};
pub use error::GeneratorError;
pub use half_network::{HalfNetwork, Machine};
pub use half_ops::HalfOps;
pub use inkcast_kernels::shuffle::Carried;
pub use network::{Activation, CandleOps, Conv, ConvOps, Folded, Generator};
pub use package::{Manifest, Origin, Package, Screen, Style, Training, white_paper};
pub use tensor_engine::TensorEngine;
