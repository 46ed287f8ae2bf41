//! From a match for each patch to a flow for each pixel: the mean of the patches that cover it, each weighed by how well
//! it explains the pixel and by how well it explains itself. So a pixel beside an edge of motion follows the side that
//! it looks like.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
#[cfg(test)]
mod tests;

use inkcast_frame::Plane;

use crate::Level;
use crate::bordered::Bordered;
use crate::search::{Match, STEP, patches_along};

/// What a band is made from.
#[derive(Debug, Clone, Copy)]
pub struct Densify<'a> {
    /// Where the flow leads.
    pub previous: &'a Bordered,
    /// Where it starts; as large as the previous one.
    pub current: &'a Bordered,
    /// The matches of all patches.
    pub matches: &'a Plane<Match>,
    /// Difference of luma that counts as none.
    pub noise: f32,
}

/// Height of a band in pixels: what two rows of patches share.
pub const BAND: usize = STEP;

/// Writes band number `band`: rows `band * BAND ..` of the flow, and of the mean difference in luma between each pixel
/// and where the patches say that it came from. `flow` and `difference` hold the rows of the band one after another;
/// the last band may be lower.
///
/// A band depends on nothing that another band writes. All levels give the same bits.
///
/// # Panics
/// If sizes do not fit together or the processor lacks the level.
pub fn densify_band(level: Level, densify: &Densify<'_>, band: usize, flow: &mut [[f32; 2]], difference: &mut [f32]) {
    let (width, height) = densify.current.size();
    assert_eq!(densify.previous.size(), (width, height), "sizes of the two frames");
    assert_eq!(densify.matches.size(), (patches_along(width), patches_along(height)), "patches of the frame");
    let rows = BAND.min(height.saturating_sub(band * BAND));
    assert_eq!((flow.len(), difference.len()), (rows * width, rows * width), "pixels of band {band}");
    match level {
        // Twice the registers, as AVX-512 has them, gain nothing here.
        #[cfg(target_arch = "x86_64")]
        _ if level >= Level::Avx2 => avx2::band(densify, band, flow, difference),
        #[cfg(target_arch = "aarch64")]
        Level::Neon => neon::band(densify, band, flow, difference),
        _ => scalar::band(densify, band, flow, difference),
    }
}
