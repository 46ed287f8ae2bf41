//! From the bytes of a frame to a [`Picture`].

#[cfg(test)]
mod tests;

use inkcast_frame::{ByteOrder, Colorimetry, Format, FrameView, Picture, Range};
use rayon::prelude::*;

/// Reads `frame` into `picture`, which takes its size: RGB in 0..1 as coded, and luma by the frame's own matrix.
///
/// Chroma samples are shared by the pixels of their 2x2 block, so that [`emit`](crate::emit::emit) gives the same
/// samples back. Colours outside RGB's range, which Y'CbCr can express, are clamped.
pub fn ingest(frame: &FrameView<'_>, picture: &mut Picture) {
    let info = *frame.info();
    picture.resize(info.width, info.height);
    match info.format.byte_order() {
        Some(order) => ingest_packed(frame, order, picture),
        None => ingest_planar(frame, picture),
    }
}

fn ingest_packed(frame: &FrameView<'_>, order: ByteOrder, picture: &mut Picture) {
    let Colorimetry { matrix, range } = frame.info().colorimetry;
    let (kr, kb) = matrix.luma_weights();
    let kg = 1.0 - kr - kb;
    let value = rgb_table(range);
    rows(picture).for_each(|(y, out)| {
        for (out, pixel) in out.iter_mut().zip(frame.row(0, y).chunks_exact(order.pixel)) {
            let [r, g, b] = [order.r, order.g, order.b].map(|offset| value[pixel[offset] as usize]);
            *out = [r, g, b, kr * r + kg * g + kb * b];
        }
    });
}

/// The value of each code of an RGB channel.
fn rgb_table(range: Range) -> [f32; 256] {
    std::array::from_fn(|code| match range {
        Range::Full => code as f32 / 255.0,
        Range::Limited => ((code as f32 - 16.0) / 219.0).clamp(0.0, 1.0),
    })
}

fn ingest_planar(frame: &FrameView<'_>, picture: &mut Picture) {
    let Colorimetry { matrix, range } = frame.info().colorimetry;
    let (kr, kb) = matrix.luma_weights();
    let kg = 1.0 - kr - kb;
    let (black, luma_scale, chroma_scale) = match range {
        Range::Full => (0.0, 1.0 / 255.0, 1.0 / 255.0),
        Range::Limited => (16.0, 1.0 / 219.0, 1.0 / 224.0),
    };
    let (r_cr, b_cb) = (2.0 * (1.0 - kr), 2.0 * (1.0 - kb));
    let (g_cr, g_cb) = (r_cr * kr / kg, b_cb * kb / kg);
    let interleaved = frame.info().format == Format::Nv12;
    rows(picture).for_each(|(y, out)| {
        let luma = frame.row(0, y);
        // Samples of column x lie at x / 2, with Cr one byte behind Cb in an interleaved plane.
        let (cb_row, cr_row, step) = if interleaved {
            let row = frame.row(1, y / 2);
            (row, &row[1..], 2)
        } else {
            (frame.row(1, y / 2), frame.row(2, y / 2), 1)
        };
        for (pair, (out, luma)) in out.chunks_mut(2).zip(luma.chunks(2)).enumerate() {
            let cb = (cb_row[pair * step] as f32 - 128.0) * chroma_scale;
            let cr = (cr_row[pair * step] as f32 - 128.0) * chroma_scale;
            let add = [r_cr * cr, -g_cr * cr - g_cb * cb, b_cb * cb, 0.0];
            for (out, &luma) in out.iter_mut().zip(luma) {
                let y = (luma as f32 - black) * luma_scale;
                *out = add.map(|add| (y + add).clamp(0.0, 1.0));
            }
        }
    });
}

fn rows(picture: &mut Picture) -> impl IndexedParallelIterator<Item = (usize, &mut [[f32; 4]])> {
    let width = picture.width();
    picture.data_mut().par_chunks_mut(width).enumerate()
}
