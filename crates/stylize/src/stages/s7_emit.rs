//! The page -> bytes of the output frame.

use inkcast_frame::{FrameView, FrameViewMut};
use inkcast_kernels::Level;
use inkcast_kernels::emit::{Page, emit};

/// `source` lends its alpha where both frames have one and the same size.
pub(crate) fn run(level: Level, page: &impl Page, source: &FrameView<'_>, output: &mut FrameViewMut<'_>) {
    emit(level, page, Some(source), output);
}
