//! The seven stages of a frame, one file each, numbered in the order they run.

pub(crate) mod s1_ingest;
pub(crate) mod s2_motion;
pub(crate) mod s3_carry;
pub(crate) mod s4_generate;
pub(crate) mod s5_compose;
pub(crate) mod s6_print;
pub(crate) mod s7_emit;
