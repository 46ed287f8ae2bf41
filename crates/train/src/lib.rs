//! Training of Inkcast's generators, behind the program `inkcast-train`.
//!
//! The way of a picture: [`data`] prepares it with the layers of each of the [`looks`]; [`fit`] runs one [`step`] after
//! another, which draws damaged crops, measures [`losses`] and changes the [`weights`]; [`validate`] scores the result
//! on pictures held out; [`export`] makes a package of it that the player reads.

pub mod checkpoint;
pub mod config;
pub mod data;
pub mod export;
pub mod fit;
pub mod gan;
pub mod int8;
pub mod looks;
pub mod losses;
pub mod onnx;
pub mod ops;
pub mod pictures;
pub mod sheet;
pub mod step;
pub mod temporal;
pub mod training;
pub mod validate;
pub mod weights;
