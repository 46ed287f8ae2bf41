//! The frame path: from a video frame to its comic version in seven stages, and the state that keeps a style steady
//! from frame to frame. [`Stylizer`] is the entry.
//!
//! ```
//! use inkcast_frame::{Format, FrameInfo, OwnedFrame};
//! use inkcast_generator::Package;
//! use inkcast_stylize::{Compute, Settings, Stylizer};
//!
//! let mut stylizer = Stylizer::new(Package::embedded()?, Compute::default())?;
//! let source = OwnedFrame::new(FrameInfo::new(Format::Rgb, 64, 48).unwrap());
//! let mut comic = source.clone();
//! stylizer.process(&source.view(), &mut comic.view_mut(), &Settings::default())?;
//! # Ok::<(), inkcast_stylize::StylizeError>(())
//! ```
#![forbid(unsafe_code)]

mod clock;
mod compute;
mod device;
#[cfg(any(feature = "cuda", test))]
mod device_path;
mod error;
mod history;
#[cfg(feature = "cuda")]
mod on_device;
mod pacing;
mod report;
mod settings;
mod stages;
mod stylizer;
mod working_size;

pub use compute::{Compute, PrecisionChoice};
pub use device::DeviceChoice;
pub use error::StylizeError;
#[cfg(feature = "cuda")]
pub use inkcast_kernels::device::{DeviceContext, DeviceError, ForeignFrame, ForeignPlane};
#[cfg(feature = "cuda")]
pub use on_device::{Source, Target};
pub use report::{Report, STAGES};
pub use settings::{Compare, Screen, ScreenAnchor, Settings};
pub use stylizer::{Stylizer, WARM_UP};
pub use working_size::WorkingSize;
