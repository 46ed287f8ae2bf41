//! Generative adversarial networks: ways of training in which a discriminator learns what pictures should look like.
//!
//! A network is a [`plan`] of named tensors, drawn and optimised in [`parameters`] and seen by its [`layers`] through a
//! [`view`]. Pictures come from a [`folder`]; [`distance`] measures how far generated ones are from them.
//!
//! Where looks are known, a [`discriminator`] with [`spectral`] normalisation sees style [`features`] of layers; an
//! [`adversary`] trains it by one of the [`losses`] and says which way the generator has to go.

pub mod adversary;
pub mod discriminator;
pub mod distance;
pub mod features;
pub mod folder;
pub mod layers;
pub mod losses;
pub mod parameters;
pub mod plan;
pub mod replay;
pub mod spectral;
mod surface;
pub mod view;
pub mod words;
