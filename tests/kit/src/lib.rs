//! What tests share: guarded buffers ([`guard`]), seeded noise ([`noise`]), moving pictures with known flow
//! ([`motion`]), a synthetic scene in every format ([`picture`]), measures of difference ([`measure`]) and the check
//! that runs every variant of a kernel against the plain one ([`variants`]).
//!
//! The kit is written independently of the code it tests: its colour conversion is the textbook's, not the kernels'.
#![forbid(unsafe_code)]

pub mod guard;
pub mod measure;
pub mod motion;
pub mod noise;
pub mod picture;
pub mod variants;
