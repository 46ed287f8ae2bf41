//! How frames are read, as the structures of `body.cuh` have it: their fields, which are whole numbers, in order.

use inkcast_frame::FrameInfo;

use super::{FromLuma, FromRgb};

/// `FromRgb`, for frames of packed RGB.
pub(super) fn packed(info: &FrameInfo) -> Option<[i32; 9]> {
    let order = info.format.byte_order()?;
    let FromRgb { weights, black, gain } = FromRgb::new(info.colorimetry);
    let [pixel, r, g, b] = [order.pixel, order.r, order.g, order.b].map(|bytes| bytes as i32);
    Some([pixel, r, g, b, weights[0], weights[1], weights[2], black, gain])
}

/// `FromLuma`, for the others.
pub(super) fn planar(info: &FrameInfo) -> [i32; 11] {
    let format = info.format;
    let FromLuma { black, grey, gain, r_cr, g_cr, g_cb, b_cb } = FromLuma::new(info.colorimetry, format.bits());
    let most = (1 << format.bits()) - 1;
    let samples = [format.sample_bytes() as i32, format.sample_shift() as i32, most, format.is_interleaved().into()];
    let [bytes, shift, most, interleaved] = samples;
    [bytes, shift, most, interleaved, black, grey, gain, r_cr, g_cr, g_cb, b_cb]
}
