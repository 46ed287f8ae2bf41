//! Reading video files: what one is, its streams, and its frames as they are shown.

mod inspect;
mod intake;
mod iso;
pub mod upright;

pub use inspect::{Source, Video, inspect};
pub use intake::{Stream, open};
pub use iso::{Iso, Priming};
