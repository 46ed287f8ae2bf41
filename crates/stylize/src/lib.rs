//! The frame path: from a video frame to its comic version in seven stages, and the state that keeps a style steady
//! from frame to frame. [`Stylizer`] is the entry.
//!
//! ```
//! use inkcast_frame::{Format, FrameInfo, OwnedFrame};
//! use inkcast_generator::Package;
//! use inkcast_stylize::{DeviceChoice, Settings, Stylizer};
//!
//! let mut stylizer = Stylizer::new(Package::embedded()?, DeviceChoice::Cpu, 1)?;
//! let source = OwnedFrame::new(FrameInfo::new(Format::Rgb, 64, 48).unwrap());
//! let mut comic = source.clone();
//! stylizer.process(&source.view(), &mut comic.view_mut(), &Settings::default())?;
//! # Ok::<(), inkcast_stylize::StylizeError>(())
//! ```
#![forbid(unsafe_code)]

mod device;
mod error;
mod history;
mod report;
mod settings;
mod stages;
mod stylizer;

pub use device::DeviceChoice;
pub use error::StylizeError;
pub use report::{Report, STAGES};
pub use settings::{Compare, Screen, ScreenAnchor, Settings};
pub use stylizer::{Stylizer, WARM_UP};
