//! How frames are written, as the structures of `body.cuh` have it: their fields, which are whole numbers, in order.

use inkcast_frame::FrameInfo;

use super::{ToLuma, ToRgb, alpha_of};

/// `ToRgb`, for frames of packed RGB, with alpha of a frame like `alpha` where both have it.
pub(super) fn packed(info: &FrameInfo, alpha: Option<&FrameInfo>) -> Option<[i32; 8]> {
    let order = info.format.byte_order()?;
    let ToRgb { scale, black } = ToRgb::new(info.colorimetry.range);
    let lent = alpha.filter(|_| matches!(order.fourth, Some((_, true)))).and_then(|alpha| alpha_of(info, alpha));
    let (alpha_pixel, alpha_offset) = lent.unwrap_or_default();
    let [pixel, r, g, b] = [order.pixel, order.r, order.g, order.b].map(|bytes| bytes as i32);
    Some([pixel, r, g, b, scale, black, alpha_pixel as i32, alpha_offset as i32])
}

/// `ToLuma`, for the others.
pub(super) fn planar(info: &FrameInfo) -> [i32; 16] {
    let format = info.format;
    let ToLuma { luma, cb, cr, black, grey, most, shift } = ToLuma::new(info.colorimetry, format.bits());
    let weights = [luma, cb, cr];
    let mut numbers = [0; 16];
    numbers[..3].copy_from_slice(&[
        format.sample_bytes() as i32,
        format.sample_shift() as i32,
        format.is_interleaved().into(),
    ]);
    numbers[3..12].copy_from_slice(weights.as_flattened());
    numbers[12..].copy_from_slice(&[black, grey, most, shift as i32]);
    numbers
}
