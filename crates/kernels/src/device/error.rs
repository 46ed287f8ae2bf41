use candle_core::cuda_backend::cudarc::driver::DriverError;

/// What can go wrong on a CUDA device.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The device cannot be opened.
    #[error(
        "CUDA device {index} cannot be used: {reason}. `nvidia-smi` lists the devices; device=cpu does without one"
    )]
    Open {
        /// Which device.
        index: usize,
        /// Why.
        reason: String,
    },
    /// Memory cannot be had.
    #[error("{bytes} bytes of memory {place} cannot be allocated: {reason}. Free some or take a smaller picture")]
    Memory {
        /// How much was asked for.
        bytes: usize,
        /// On the device or for it.
        place: &'static str,
        /// What the driver says.
        reason: DriverError,
    },
    /// A copy to or from the device failed.
    #[error("{bytes} bytes cannot be copied {direction} the CUDA device: {reason}. Start anew, or take device=cpu")]
    Copy {
        /// How much was to be copied.
        bytes: usize,
        /// `to`, `from` or `on`.
        direction: &'static str,
        /// What the driver says, which may be of an earlier kernel.
        reason: DriverError,
    },
    /// A kernel could not be loaded.
    #[error(
        "the kernel {kernel} cannot be loaded on this CUDA device: {reason}. It needs compute capability 8.0 and a driver \
         as new as the toolkit of the build; device=cpu does without"
    )]
    Load {
        /// Its name.
        kernel: &'static str,
        /// What the driver says.
        reason: DriverError,
    },
    /// A kernel could not be started.
    #[error("the kernel {kernel} cannot be started on the CUDA device: {reason}. Start anew, or take device=cpu")]
    Launch {
        /// Its name.
        kernel: &'static str,
        /// What the driver says, which may be of an earlier kernel.
        reason: DriverError,
    },
    /// What was started did not finish.
    #[error("the CUDA device stopped: {reason}. Start anew, or take device=cpu")]
    Stopped {
        /// What the driver says.
        reason: DriverError,
    },
    /// Launches could not be recorded or played.
    #[error("the frame's kernels cannot be recorded as a CUDA graph: {reason}. Start anew, or take device=cpu")]
    Graph {
        /// What the driver says.
        reason: DriverError,
    },
}
