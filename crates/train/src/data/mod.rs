//! Training data: pictures and clip frames with the layers of every look, computed once and kept on disk.

mod adaptive;
mod augment;
mod batch;
mod cache;
mod choose;
mod clip_sequence;
mod clips;
mod compute;
mod damage;
mod files;
mod fingerprint;
mod flow;
mod gather;
mod identity;
mod prepare;
mod sequence;
mod store;
mod unpaired;
mod whole;
mod window;

pub use adaptive::Adaptive;
pub use augment::Augment;
pub use batch::{Batch, Drawing, Link, draw};
pub use cache::{Domain, Example, Split, load, load_comics};
pub use clip_sequence::{ClipSequence, load_clip_sequences};
pub use damage::Damage;
pub use files::find_pictures;
pub use flow::Flow;
pub use prepare::{Preparation, Report, prepare};
pub use sequence::Sequences;
pub use store::is_prepared;
pub use unpaired::{Unpaired, draw_unpaired};

#[cfg(test)]
mod tests;
