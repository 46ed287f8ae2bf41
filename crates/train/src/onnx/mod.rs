//! The network of one style as an ONNX file, for other programs and for comparing their speed.
//!
//! Input `rgb`, `[1, 3, height, width]`, 0..1, sides multiples of 4; output `layers`, `[1, 4, height, width]`: red,
//! green, blue and ink, not clamped, as [`inkcast_generator::Folded::forward`] gives them. Networks that take carried
//! layers see none, as at the start of a video.

mod graph;
mod messages;
mod network;

pub use messages::{Attribute, Dimension, Graph, Model, Node, Tensor, ValueInfo};
pub use network::{Numbers, model};
