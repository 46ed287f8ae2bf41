//! Errors of the stylizer as GStreamer's.

use std::io::ErrorKind;

use gst::{ResourceError, StreamError};
use gstreamer as gst;
use inkcast_generator::GeneratorError;
#[cfg(feature = "cuda")]
use inkcast_stylize::DeviceError;
use inkcast_stylize::StylizeError;

/// The message for the bus; its text names what is wrong and the way out.
pub fn message(error: &StylizeError) -> gst::ErrorMessage {
    match error {
        StylizeError::Model(error) => model_message(error),
        StylizeError::UnknownDevice { .. } => gst::error_msg!(ResourceError::Settings, ("{error}")),
        #[cfg(feature = "cuda")]
        StylizeError::Device(error) => device_message(error),
        StylizeError::Threads { .. } => gst::error_msg!(ResourceError::Failed, ("{error}")),
        _ => gst::error_msg!(StreamError::Failed, ("{error}")),
    }
}

/// A device that has too little memory, or fails in the middle of a stream.
#[cfg(feature = "cuda")]
fn device_message(error: &DeviceError) -> gst::ErrorMessage {
    match error {
        DeviceError::Open { .. } => gst::error_msg!(ResourceError::Settings, ("{error}")),
        DeviceError::Memory { .. } => gst::error_msg!(ResourceError::NoSpaceLeft, ("{error}")),
        _ => gst::error_msg!(ResourceError::Failed, ("{error}")),
    }
}

fn model_message(error: &GeneratorError) -> gst::ErrorMessage {
    match error {
        GeneratorError::Read { source, .. } if source.kind() == ErrorKind::NotFound => {
            gst::error_msg!(ResourceError::NotFound, ("{error}"))
        }
        GeneratorError::Read { .. } => gst::error_msg!(ResourceError::OpenRead, ("{error}")),
        GeneratorError::NotAPackage { .. } => gst::error_msg!(ResourceError::NotFound, ("{error}")),
        GeneratorError::Manifest { .. } | GeneratorError::Weights { .. } | GeneratorError::Architecture(_) => {
            gst::error_msg!(StreamError::WrongType, ("{error}"))
        }
        #[cfg(feature = "cuda")]
        GeneratorError::Device(error) => device_message(error),
        GeneratorError::UnknownStyle { .. } | GeneratorError::Cuda { .. } => {
            gst::error_msg!(ResourceError::Settings, ("{error}"))
        }
        _ => gst::error_msg!(StreamError::Failed, ("{error}")),
    }
}
