//! Generative adversarial networks: ways of training in which a discriminator learns what pictures should look like.
//!
//! The methods are [`noise`], [`conditional`] (of which "double" is a variant), [`cycle`] and [`style_based`]. What they
//! share: a network is a [`plan`] of named tensors, drawn and optimised in [`parameters`] and seen by its [`layers`]
//! through a [`view`]; a [`judge`] trains a [`picture_discriminator`] by one of the [`losses`]; [`settings`] are the parts
//! that all configurations have. Pictures come from a [`folder`]; [`distance`] measures how far generated ones are from
//! them.
//!
//! Where looks are known, a [`discriminator`] with [`spectral`] normalisation sees style [`features`] of layers; an
//! [`adversary`] trains it by one of the [`losses`] and says which way the generator has to go.

pub mod adversary;
pub mod condition;
pub mod conditional;
pub mod cycle;
pub mod discriminator;
pub mod distance;
pub mod encoder;
pub mod features;
pub mod folder;
pub mod from_noise;
pub mod judge;
pub mod layers;
pub mod losses;
pub mod modulation;
pub mod noise;
pub mod parameters;
pub mod picture_discriminator;
pub mod plan;
pub mod randomness;
pub mod replay;
pub mod settings;
pub mod spectral;
pub mod style_based;
mod surface;
pub mod synthesis;
pub mod translator;
#[cfg(test)]
mod trial;
pub mod view;
pub mod words;
