//! What a video frame is to Inkcast: its format and colorimetry, strided byte planes as they come from a pipeline
//! ([`FrameView`], [`FrameViewMut`], [`OwnedFrame`]), and the planes of numbers that the stages work on ([`Plane`]).
//!
//! Fixed for the whole project:
//! - RGB stays gamma-coded as it came; nothing is linearised. Pictures hold bytes, layers fixed-point numbers
//!   ([`LAYER_ONE`]), settings and tensors 0..1.
//! - A pixel's centre is its integer coordinate; `(0, 0)` is the top left pixel.
//! - Optical flow is in pixels, `(dx, dy)`, from the new frame to the previous one.
//! - Confidence lies in 0..1; 1 means: trust the previous frame.
//!
//! ```
//! use inkcast_frame::{Format, FrameInfo, OwnedFrame};
//!
//! let info = FrameInfo::new(Format::Rgb, 4, 2)?;
//! let frame = OwnedFrame::new(info);
//! assert_eq!(frame.view().row(0, 1).len(), 12);
//! # Ok::<(), inkcast_frame::FrameError>(())
//! ```
#![forbid(unsafe_code)]

mod colour;
mod error;
mod format;
mod frame;
mod plane;

pub use colour::{Colorimetry, Matrix, Range};
pub use error::FrameError;
pub use format::{ByteOrder, Format, PlaneLayout};
pub use frame::{FrameInfo, FrameView, FrameViewMut, OwnedFrame, PlaneMut, PlaneRef};
pub use plane::{LAYER_ONE, LAYER_STEP, Layers, Picture, Plane};
