//! Writing frames.

use inkcast_frame::{FrameView, FrameViewMut, Layers};

use crate::frame::FrameArgument;
use crate::plane::PlaneArgument;

unsafe extern "C" {
    fn inkcast_emit_packed(
        page: PlaneArgument<'_, [i16; 4]>,
        alpha: FrameArgument<'_>,
        how: *const [i32; 8],
        frame: FrameArgument<'_>,
    );
    fn inkcast_emit_planar(page: PlaneArgument<'_, [i16; 4]>, how: *const [i32; 16], frame: FrameArgument<'_>);
}

/// `inkcast_kernels::emit::emit` of a drawn page to packed RGB; `how` has the fields of `ToRgb`.
pub fn packed(page: &Layers, alpha: Option<&FrameView<'_>>, how: &[i32; 8], frame: &mut FrameViewMut<'_>) {
    let info = *frame.info();
    assert_eq!(page.size(), (info.width, info.height), "size of the page");
    let order = info.format.byte_order().expect("a packed format");
    assert_eq!(how[..4], [order.pixel, order.r, order.g, order.b].map(|offset| offset as i32), "{how:?}");
    let lent = alpha.filter(|_| how[6] > 0);
    assert_eq!(lent.is_some(), how[6] > 0, "a frame that lends its alpha");
    if let Some(lent) = lent {
        let order = lent.info().format.byte_order().expect("a packed format lends its alpha");
        assert_eq!((lent.info().width, lent.info().height), page.size(), "size of the frame that lends its alpha");
        assert!(how[6] == order.pixel as i32 && (0..how[6]).contains(&how[7]), "{how:?}");
    }
    let alpha = lent.map_or(FrameArgument::none(), FrameArgument::read);
    // SAFETY: with the offsets of its format the function writes inside of the frame, and reads a page and alpha of its
    // size.
    unsafe { inkcast_emit_packed(PlaneArgument::read(page), alpha, how, FrameArgument::write(frame)) }
}

/// The same to the planar formats; `how` has the fields of `ToLuma`.
pub fn planar(page: &Layers, how: &[i32; 16], frame: &mut FrameViewMut<'_>) {
    let info = *frame.info();
    assert_eq!(page.size(), (info.width, info.height), "size of the page");
    let format = info.format;
    assert_eq!((how[0], how[2] != 0), (format.sample_bytes() as i32, format.is_interleaved()), "{how:?}");
    // SAFETY: as above, with samples of the format's size.
    unsafe { inkcast_emit_planar(PlaneArgument::read(page), how, FrameArgument::write(frame)) }
}
