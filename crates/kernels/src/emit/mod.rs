//! From a finished picture back to the bytes of a frame.

#[cfg(test)]
mod tests;

use inkcast_frame::{ByteOrder, Colorimetry, Format, FrameView, FrameViewMut, Picture, Range};
use rayon::prelude::*;

/// Writes the RGB of `picture` (the fourth value is not read) into `frame`, which has the picture's size.
///
/// Chroma is the mean of its 2x2 block. Alpha, where the frame has it, comes from `alpha` if that has the same width
/// and alpha too, else it is opaque; unused fourth bytes are 255.
///
/// # Panics
/// If the sizes differ.
pub fn emit(picture: &Picture, alpha: Option<&FrameView<'_>>, frame: &mut FrameViewMut<'_>) {
    let info = *frame.info();
    assert_eq!(picture.size(), (info.width, info.height), "size of the frame");
    match info.format.byte_order() {
        Some(order) => emit_packed(picture, alpha, order, info.colorimetry.range, frame),
        None => emit_planar(picture, info.colorimetry, info.format, frame),
    }
}

fn emit_packed(
    picture: &Picture,
    alpha: Option<&FrameView<'_>>,
    order: ByteOrder,
    range: Range,
    frame: &mut FrameViewMut<'_>,
) {
    let (black, scale) = match range {
        Range::Full => (0.0, 255.0),
        Range::Limited => (16.0, 219.0),
    };
    let alpha = alpha.filter(|alpha| alpha.info().width == picture.width()).and_then(|alpha| {
        let order = alpha.info().format.byte_order()?;
        let (offset, is_alpha) = order.fourth?;
        is_alpha.then_some((alpha, order.pixel, offset))
    });
    let mut planes = frame.rows_mut();
    planes[0].par_iter_mut().enumerate().for_each(|(y, out)| {
        for (out, &[r, g, b, _]) in out.chunks_exact_mut(order.pixel).zip(picture.row(y)) {
            out[order.r] = code(r * scale + black);
            out[order.g] = code(g * scale + black);
            out[order.b] = code(b * scale + black);
        }
        match (order.fourth, alpha) {
            (None, _) => {}
            (Some((offset, true)), Some((alpha, step, from))) => {
                let values = alpha.row(0, y).chunks_exact(step);
                out.chunks_exact_mut(order.pixel).zip(values).for_each(|(out, pixel)| out[offset] = pixel[from]);
            }
            (Some((offset, _)), _) => out.chunks_exact_mut(order.pixel).for_each(|out| out[offset] = 255),
        }
    });
}

fn emit_planar(picture: &Picture, colorimetry: Colorimetry, format: Format, frame: &mut FrameViewMut<'_>) {
    let (kr, kb) = colorimetry.matrix.luma_weights();
    let kg = 1.0 - kr - kb;
    let (black, luma_scale, chroma_scale) = match colorimetry.range {
        Range::Full => (0.0, 255.0, 255.0),
        Range::Limited => (16.0, 219.0, 224.0),
    };
    let (cb_scale, cr_scale) = (chroma_scale * 0.5 / (1.0 - kb), chroma_scale * 0.5 / (1.0 - kr));
    let last_row = picture.height() - 1;

    // A task is a row of chroma with its two rows of luma.
    let mut planes = frame.rows_mut().into_iter();
    let mut luma_rows = planes.next().unwrap_or_default();
    let (mut first, second) = (planes.next().unwrap_or_default(), planes.next());
    let mut no_rows: Vec<&mut [u8]> = first.iter().map(|_| Default::default()).collect();
    let mut second = second.unwrap_or_else(|| std::mem::take(&mut no_rows));

    let tasks = luma_rows.par_chunks_mut(2).zip(&mut first).zip(&mut second).enumerate();
    tasks.for_each(|(pair, ((luma, first), second))| {
        let rows = [picture.row(2 * pair), picture.row((2 * pair + 1).min(last_row))];
        for (out, row) in luma.iter_mut().zip(rows) {
            for (out, &[r, g, b, _]) in out.iter_mut().zip(row) {
                *out = code((kr * r + kg * g + kb * b) * luma_scale + black);
            }
        }
        let blocks = rows[0].chunks(2).zip(rows[1].chunks(2));
        for (x, (upper, lower)) in blocks.enumerate() {
            let [r, g, b] = std::array::from_fn(|c| {
                let sum = |pixels: &[[f32; 4]]| pixels[0][c] + pixels[pixels.len() - 1][c];
                0.25 * (sum(upper) + sum(lower))
            });
            let luma = kr * r + kg * g + kb * b;
            let (cb, cr) = (code((b - luma) * cb_scale + 128.0), code((r - luma) * cr_scale + 128.0));
            if format == Format::Nv12 {
                (first[2 * x], first[2 * x + 1]) = (cb, cr);
            } else {
                (first[x], second[x]) = (cb, cr);
            }
        }
    });
}

/// The nearest code; the conversion itself clamps to 0..255.
fn code(value: f32) -> u8 {
    (value + 0.5) as u8
}
