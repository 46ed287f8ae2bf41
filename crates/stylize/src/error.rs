use inkcast_generator::GeneratorError;

/// Why a frame, or the stylizer as a whole, failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StylizeError {
    /// The model could not be used.
    #[error(transparent)]
    Model(#[from] GeneratorError),
    /// A device that is not written as one.
    #[error("device \"{device}\" is not known; use auto, cpu, cuda or cuda:N")]
    UnknownDevice {
        /// What was asked for.
        device: String,
    },
    /// A precision that is not written as one.
    #[error("precision \"{precision}\" is not known; use auto, f32 or int8")]
    UnknownPrecision {
        /// What was asked for.
        precision: String,
    },
    /// A working size that is not written as one.
    #[error(
        "working size \"{size}\" is not known; use full, auto or WxH in pixels, such as 640x360, each side 16 to 32768"
    )]
    UnknownWorkingSize {
        /// What was asked for.
        size: String,
    },
    /// Worker threads could not be started.
    #[error("cannot start {threads} worker threads: {reason}")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// What the system said.
        reason: String,
    },
    /// Something failed on a CUDA device.
    #[cfg(feature = "cuda")]
    #[error(transparent)]
    Device(#[from] inkcast_kernels::device::DeviceError),
    /// A frame that lies on a CUDA device came to a stylizer that works elsewhere, or before its buffers were made.
    #[cfg(feature = "cuda")]
    #[error("the frame lies on a CUDA device, and frames are not computed there")]
    NotPrepared,
    /// Input and output frame do not fit together.
    #[error("the output frame must be {expected_width}x{expected_height}, not {width}x{height}")]
    OutputSize {
        /// Width it must have, in pixels.
        expected_width: usize,
        /// Height it must have, in pixels.
        expected_height: usize,
        /// Width it has.
        width: usize,
        /// Height it has.
        height: usize,
    },
}
