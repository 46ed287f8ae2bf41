//! Patch search of dense inverse search (Kroeger, Timofte, Dai, Van Gool: "Fast Optical Flow using Dense Inverse
//! Search", ECCV 2016): for each patch of the new frame the place in the previous frame that looks most like it.
//!
//! Patches are 8x8 pixels, 4 apart. Two patches are compared without their means, so a local change of brightness moves
//! nothing. A search looks at what the whole picture does here (the prior), at what the coarser level found and at what
//! the patch to the left found, goes on from the best of them by Gauss-Newton steps whose Hessian belongs to the new
//! frame's patch (hence "inverse") and ends where nothing above noise is left to gain.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "aarch64")]
mod neon;
pub(crate) mod scalar;
#[cfg(test)]
mod tests;

use inkcast_frame::Plane;

use crate::Level;
use crate::bordered::Bordered;

/// Side of a patch in pixels.
pub const PATCH: usize = 8;
/// Distance between patches in pixels: each pixel but those at the edge is covered by four.
pub const STEP: usize = 4;

/// How many patches cover a side of `length` pixels.
pub fn patches_along(length: usize) -> usize {
    length.saturating_sub(PATCH).div_ceil(STEP) + 1
}

/// What was found for a patch.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Match {
    /// From the new frame to the previous one, in pixels.
    pub flow: [f32; 2],
    /// Mean square difference of the two patches without their means: what the flow does not explain.
    pub error: f32,
    /// Mean square of the new frame's patch without its mean: its contrast.
    pub contrast: f32,
}

/// Flow of the whole picture: `(tx + a x - b y, ty + b x + a y)` at pixel `(x, y)`, counted from the upper left one.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Similarity {
    /// Growth, a pixel a pixel.
    pub a: f32,
    /// Turn, in radians for small ones.
    pub b: f32,
    /// Flow at pixel `(0, 0)`.
    pub tx: f32,
    /// Flow at pixel `(0, 0)`.
    pub ty: f32,
}

impl Similarity {
    /// The flow at a place.
    #[inline(always)]
    pub fn at(&self, x: f32, y: f32) -> [f32; 2] {
        [self.tx + self.a * x - self.b * y, self.ty + self.b * x + self.a * y]
    }
}

/// Everything that a search needs but the place.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// Where patches are looked for.
    pub previous: &'a Bordered,
    /// Where patches are taken from; as large as the previous one.
    pub current: &'a Bordered,
    /// Flow of the coarser level, half as large; none on the coarsest.
    pub coarser: Option<&'a Plane<[f32; 2]>>,
    /// What most of the picture does: believed as long as nothing else is better by more than noise.
    pub prior: Similarity,
    /// Variance of the difference between two pixels that show the same.
    pub noise: f32,
    /// Whole pixels around the prior that are all tried first: for the coarsest level, which nobody tells where to start.
    pub reach: usize,
}

impl Search<'_> {
    /// Where the search of the patch at `(x, y)` starts: twice the flow of the coarser level in its middle, or what
    /// stands in for it.
    #[inline(always)]
    fn start(&self, x: usize, y: usize, instead: [f32; 2]) -> [f32; 2] {
        let Some(coarser) = self.coarser else { return instead };
        let (x, y) = ((x + PATCH / 2) / 2, (y + PATCH / 2) / 2);
        let [dx, dy] = coarser.at(x.min(coarser.width() - 1), y.min(coarser.height() - 1));
        if dx.is_finite() && dy.is_finite() { [2.0 * dx, 2.0 * dy] } else { instead }
    }
}

/// Searches row `row` of the patches; `found` has [`patches_along`] the width.
///
/// All levels give the same bits.
///
/// # Panics
/// If sizes differ or the processor lacks the level.
pub fn search_row(level: Level, search: &Search<'_>, row: usize, found: &mut [Match]) {
    assert_eq!(search.previous.size(), search.current.size(), "sizes of the two frames");
    assert_eq!(found.len(), patches_along(search.current.width()), "patches of a row");
    assert!(row < patches_along(search.current.height()), "row {row} of patches");
    match level {
        // Twice the registers, as AVX-512 has them, gain nothing here.
        #[cfg(target_arch = "x86_64")]
        _ if level >= Level::Avx2 => avx2::row(search, row, found),
        #[cfg(target_arch = "aarch64")]
        Level::Neon => neon::row(search, row, found),
        _ => scalar::row(search, row, found),
    }
}
