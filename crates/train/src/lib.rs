//! Training of Inkcast's generators, behind the program `inkcast-train`.
//!
//! The way of a picture: [`data`] prepares it with the layers of each of the [`looks`]; [`fit`] opens one of the
//! [`methods`] and [`run`] takes one step of it after another; in the [`paired`] one a [`step`] draws damaged crops,
//! measures [`losses`] and changes the [`weights`]; [`validate`] scores the result on pictures held out; [`export`]
//! makes a package of it that the player reads.

pub mod atomic;
pub mod checkpoint;
pub mod config;
pub mod data;
pub mod device;
pub mod divergence;
pub mod eight_bits;
pub mod export;
pub mod fit;
pub mod gan;
pub mod int8;
pub mod looks;
pub mod losses;
pub mod methods;
pub mod onnx;
pub mod ops;
pub mod optimiser;
pub mod paired;
pub mod pictures;
pub mod progress;
pub mod report;
pub mod run;
pub mod sample;
pub mod schedule;
pub mod sheet;
pub mod step;
pub mod style;
pub mod supply;
pub mod table;
pub mod temporal;
pub mod tensorboard;
pub mod training;
pub mod validate;
pub mod wanted;
pub mod weights;
