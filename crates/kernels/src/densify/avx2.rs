use super::{Densify, scalar};
use crate::Level;
use crate::lanes::Avx2;

pub(super) fn band(densify: &Densify<'_>, band: usize, flow: &mut [[f32; 2]], difference: &mut [f32]) {
    assert!(Level::Avx2.is_available(), "this processor has no AVX2");
    // SAFETY: the processor has AVX2, asserted above.
    unsafe { compiled(densify, band, flow, difference) }
}

/// The definition in AVX2 registers: a row of a patch in each.
#[target_feature(enable = "avx2")]
fn compiled(densify: &Densify<'_>, band: usize, flow: &mut [[f32; 2]], difference: &mut [f32]) {
    // SAFETY: this function is only compiled, and called, for processors with AVX2.
    let lanes = unsafe { Avx2::new() };
    scalar::band_with(lanes, densify, band, flow, difference);
}
