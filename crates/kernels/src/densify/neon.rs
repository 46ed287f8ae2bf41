use super::{Densify, scalar};
use crate::lanes::Neon;

/// The definition in NEON registers, which every 64-bit ARM processor has: a row of a patch in two of them.
pub(super) fn band(densify: &Densify<'_>, band: usize, flow: &mut [[f32; 2]], difference: &mut [f32]) {
    scalar::band_with(Neon, densify, band, flow, difference);
}
