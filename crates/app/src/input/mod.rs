//! Reading video files: what one is, its streams, and its frames as they are shown.

mod frames;
mod inspect;
mod intake;
mod iso;
pub mod upright;

pub use frames::{Decoded, Frames};
pub use inspect::{Source, Video, existing, inspect};
pub use intake::{Stream, open};
pub use iso::{Iso, Priming};
