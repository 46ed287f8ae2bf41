use crate::Format;

/// Why a frame could not be described or viewed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// A frame without pixels.
    #[error("a frame of {width}x{height} pixels has no picture; both sides must be at least 1")]
    Empty {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
    },
    /// Fewer or more planes than the format has.
    #[error("{format:?} has {expected} planes, but {got} were given")]
    PlaneCount {
        /// The format of the frame.
        format: Format,
        /// Planes the format has.
        expected: usize,
        /// Planes given.
        got: usize,
    },
    /// A plane whose rows overlap.
    #[error("plane {plane} has rows of {row_bytes} bytes, but a stride of only {stride}")]
    Stride {
        /// Index of the plane.
        plane: usize,
        /// Bytes of picture in a row.
        row_bytes: usize,
        /// Distance between rows in bytes.
        stride: usize,
    },
    /// A plane that ends before its last row does.
    #[error("plane {plane} needs {expected} bytes, but only {got} are there")]
    Short {
        /// Index of the plane.
        plane: usize,
        /// Bytes needed up to the end of the last row.
        expected: usize,
        /// Bytes given.
        got: usize,
    },
}
