use super::{Match, Search, scalar};
use crate::Level;
use crate::lanes::Avx2;

pub(super) fn row(search: &Search<'_>, row: usize, found: &mut [Match]) {
    /// The definition in AVX2 registers: a row of a patch in each.
    #[target_feature(enable = "avx2")]
    fn compiled(search: &Search<'_>, row: usize, found: &mut [Match]) {
        // SAFETY: this function is only compiled, and called, for processors with AVX2.
        let lanes = unsafe { Avx2::new() };
        scalar::row_with(lanes, search, row, found);
    }
    assert!(Level::Avx2.is_available(), "this processor has no AVX2");
    // SAFETY: the processor has AVX2, asserted above.
    unsafe { compiled(search, row, found) }
}
