use super::{Match, Search, scalar};
use crate::lanes::Neon;

/// The definition in NEON registers, which every 64-bit ARM processor has: a row of a patch in two of them.
pub(super) fn row(search: &Search<'_>, row: usize, found: &mut [Match]) {
    scalar::row_with(Neon, search, row, found);
}
