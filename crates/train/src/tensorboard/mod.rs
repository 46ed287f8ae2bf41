//! Event files, which TensorBoard reads.

mod messages;
mod record;
mod writer;

pub use writer::EventWriter;

#[cfg(test)]
mod tests;
