//! The page -> bytes of the output frame.

use inkcast_frame::{FrameView, FrameViewMut, Picture};
use inkcast_kernels::emit::emit;

/// `source` lends its alpha where both frames have one and the same width.
pub(crate) fn run(page: &Picture, source: &FrameView<'_>, output: &mut FrameViewMut<'_>) {
    emit(page, Some(source), output);
}
