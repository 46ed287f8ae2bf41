//! Training data: pictures and clip frames with the layers of every look, computed once and kept on disk.

mod adaptive;
mod batch;
mod cache;
mod clips;
mod damage;
mod files;
mod prepare;
mod sequence;

pub use adaptive::Adaptive;
pub use batch::{Batch, Drawing, Link, draw};
pub use cache::{Example, Split, load};
pub use damage::Damage;
pub use files::find_pictures;
pub use prepare::{Preparation, prepare};
pub use sequence::Sequences;

#[cfg(test)]
mod tests;
