//! Generative adversarial networks: ways of training in which a discriminator learns what pictures should look like.
//!
//! A network is a [`plan`] of named tensors, drawn and optimised in [`parameters`] and seen by its [`layers`] through a
//! [`view`]. Pictures come from a [`folder`]; [`distance`] measures how far generated ones are from them.

pub mod distance;
pub mod folder;
pub mod layers;
pub mod parameters;
pub mod plan;
pub mod replay;
pub mod view;
pub mod words;
