use std::path::PathBuf;

/// Why a model could not be read, built or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GeneratorError {
    /// A file of a package could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of a package could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A path where no package is.
    #[error("{} is no model package: expected a folder with model.toml and its weights", path.display())]
    NotAPackage {
        /// The path given.
        path: PathBuf,
    },
    /// A manifest that is not what this version reads.
    #[error("{origin}: {reason}")]
    Manifest {
        /// The manifest's path, or the name of the embedded model.
        origin: String,
        /// What is wrong in it.
        reason: String,
    },
    /// Weights that are damaged or belong to another network.
    #[error("{origin}: {reason}")]
    Weights {
        /// The weight file's path, or the name of the embedded model.
        origin: String,
        /// What is wrong in it.
        reason: String,
    },
    /// A style that the model does not have.
    #[error("model {model} has no style \"{style}\"; it has {}", known.join(", "))]
    UnknownStyle {
        /// Name of the model.
        model: String,
        /// The style asked for.
        style: String,
        /// The styles there are.
        known: Vec<String>,
    },
    /// An architecture with impossible sizes.
    #[error("architecture: {0}")]
    Architecture(String),
    /// A CUDA device that cannot be used.
    #[error("device cuda:{index} cannot be used: {reason}")]
    Cuda {
        /// Index of the device.
        index: usize,
        /// Why not.
        reason: String,
    },
    /// Convolutions on a CUDA device by what is not there.
    #[error("{0}")]
    Convolutions(String),
    /// The frames of several streams that ran as one batch.
    #[error("{0}")]
    Shared(String),
    /// Something failed on a CUDA device.
    #[cfg(feature = "cuda")]
    #[error(transparent)]
    Device(#[from] inkcast_kernels::device::DeviceError),
    /// A style that cannot run in 8-bit integers.
    #[error("the style has no activations in model.toml, which 8-bit arithmetic needs: calibrate the model or use f32")]
    NotCalibrated,
    /// A level of instructions that does not exist.
    #[error(transparent)]
    Level(#[from] inkcast_kernels::UnknownLevel),
    /// An error of the tensor library.
    #[error("tensor operation failed: {0}")]
    Tensor(#[from] candle_core::Error),
}
