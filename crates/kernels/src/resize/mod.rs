//! Between the size of a picture and a smaller one that the network works at: down by means of areas, up again guided by
//! the picture.

#[cfg(feature = "cuda")]
pub mod cuda;
mod guided;
mod shrink;
#[cfg(test)]
mod tests;

pub use guided::enlarge;
pub use shrink::{shrink, shrink_confidence};
