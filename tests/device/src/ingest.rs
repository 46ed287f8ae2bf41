//! Reading frames.

use inkcast_frame::{FrameView, Picture};

use crate::frame::FrameArgument;
use crate::plane::PlaneArgument;

unsafe extern "C" {
    fn inkcast_ingest_packed(frame: FrameArgument<'_>, how: *const [i32; 9], picture: PlaneArgument<'_, [u8; 4]>);
    fn inkcast_ingest_planar(frame: FrameArgument<'_>, how: *const [i32; 11], picture: PlaneArgument<'_, [u8; 4]>);
}

/// `inkcast_kernels::ingest::ingest` of packed RGB, into a picture of its size; `how` has the fields of `FromRgb`.
pub fn packed(frame: &FrameView<'_>, how: &[i32; 9], picture: &mut Picture) {
    check(frame, picture);
    let order = frame.info().format.byte_order().expect("a packed format");
    assert_eq!(how[..4], [order.pixel, order.r, order.g, order.b].map(|offset| offset as i32), "{how:?}");
    // SAFETY: with the offsets of its format the function reads inside of the frame; it writes a picture of its size.
    unsafe { inkcast_ingest_packed(FrameArgument::read(frame), how, PlaneArgument::write(picture)) }
}

/// The same of the planar formats; `how` has the fields of `FromLuma`.
pub fn planar(frame: &FrameView<'_>, how: &[i32; 11], picture: &mut Picture) {
    check(frame, picture);
    let format = frame.info().format;
    assert_eq!((how[0], how[3] != 0), (format.sample_bytes() as i32, format.is_interleaved()), "{how:?}");
    // SAFETY: as above, with samples of the format's size.
    unsafe { inkcast_ingest_planar(FrameArgument::read(frame), how, PlaneArgument::write(picture)) }
}

fn check(frame: &FrameView<'_>, picture: &Picture) {
    assert_eq!(picture.size(), (frame.info().width, frame.info().height), "size of the picture");
}
