//! Training of Inkcast's generators: the reference looks, data, losses, fitting and export.

pub mod data;
pub mod looks;
pub mod ops;
pub mod pictures;
