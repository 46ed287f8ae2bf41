//! From the bytes of a frame to a [`Picture`].

#[cfg(test)]
mod tests;

use inkcast_frame::{ByteOrder, Colorimetry, Format, FrameView, Picture, Range};
use rayon::prelude::*;

use crate::Level;
use crate::vectorised::vectorised;

/// Pixels that are converted together: their samples fit the first-level cache many times over.
const CHUNK: usize = 64;
/// Fraction bits of the coefficients.
const BITS: u32 = 16;

/// Reads `frame` into `picture`, which takes its size: RGB as coded, and luma by the frame's own matrix.
///
/// Chroma samples are shared by the pixels of their 2x2 block, so that [`emit`](crate::emit::emit) gives the same
/// samples back. Colours outside RGB's range, which Y'CbCr can express, are clamped.
pub fn ingest(level: Level, frame: &FrameView<'_>, picture: &mut Picture) {
    let info = *frame.info();
    picture.resize(info.width, info.height);
    match info.format.byte_order() {
        Some(order) => ingest_packed(level, frame, order, picture),
        None => ingest_planar(level, frame, picture),
    }
}

/// Luma of RGB codes, and how the codes themselves are stretched to full range: `(code - black) * gain`.
#[derive(Clone, Copy)]
struct FromRgb {
    weights: [i32; 3],
    black: i32,
    gain: i32,
}

fn ingest_packed(level: Level, frame: &FrameView<'_>, order: ByteOrder, picture: &mut Picture) {
    let Colorimetry { matrix, range } = frame.info().colorimetry;
    let (kr, kb) = matrix.luma_weights();
    let (red, blue) = (fixed(kr), fixed(kb));
    let (black, gain) = match range {
        Range::Full => (0, 1.0),
        Range::Limited => (16, 255.0 / 219.0),
    };
    let how = FromRgb { weights: [red, (1 << BITS) - red - blue, blue], black, gain: fixed(gain) };
    let width = picture.width();
    picture.data_mut().par_chunks_mut(width).enumerate().for_each(|(y, out)| {
        let bytes = frame.row(0, y);
        match order.pixel {
            3 => packed_row::<3>(level, bytes, order, how, out),
            _ => packed_row::<4>(level, bytes, order, how, out),
        }
    });
}

fn packed_row<const N: usize>(level: Level, bytes: &[u8], order: ByteOrder, how: FromRgb, out: &mut [[u8; 4]]) {
    let (pixels, _) = bytes.as_chunks::<N>();
    let channels = [order.r, order.g, order.b];
    for (pixels, out) in pixels.chunks(CHUNK).zip(out.chunks_mut(CHUNK)) {
        let mut rgb = [[0; CHUNK]; 3];
        for (channel, &offset) in rgb.iter_mut().zip(&channels) {
            channel.iter_mut().zip(pixels).for_each(|(value, pixel)| *value = i32::from(pixel[offset]));
        }
        let mut done = [[0; 4]; CHUNK];
        from_rgb(level, &rgb, how, &mut done);
        out.copy_from_slice(&done[..out.len()]);
    }
}

vectorised! {
    fn from_rgb(rgb: &[[i32; CHUNK]; 3], how: FromRgb, out: &mut [[u8; 4]; CHUNK]) {
        let FromRgb { weights, black, gain } = how;
        for x in 0..CHUNK {
            let [r, g, b] = [rgb[0][x], rgb[1][x], rgb[2][x]].map(|code| code_of((code - black) * gain));
            let luma = code_of(weights[0] * r + weights[1] * g + weights[2] * b);
            out[x] = pixel(r, g, b, luma);
        }
    }
}

/// Y'CbCr to RGB: `(luma - black) * gain` plus the chroma terms.
#[derive(Clone, Copy)]
struct FromLuma {
    black: i32,
    gain: i32,
    r_cr: i32,
    g_cr: i32,
    g_cb: i32,
    b_cb: i32,
}

fn ingest_planar(level: Level, frame: &FrameView<'_>, picture: &mut Picture) {
    let Colorimetry { matrix, range } = frame.info().colorimetry;
    let (kr, kb) = matrix.luma_weights();
    let kg = 1.0 - kr - kb;
    let (black, gain, chroma) = match range {
        Range::Full => (0, 1.0, 1.0),
        Range::Limited => (16, 255.0 / 219.0, 255.0 / 224.0),
    };
    let (r_cr, b_cb) = (2.0 * (1.0 - kr) * chroma, 2.0 * (1.0 - kb) * chroma);
    let how = FromLuma {
        black,
        gain: fixed(gain),
        r_cr: fixed(r_cr),
        g_cr: fixed(r_cr * kr / kg),
        g_cb: fixed(b_cb * kb / kg),
        b_cb: fixed(b_cb),
    };
    let interleaved = frame.info().format == Format::Nv12;
    let width = picture.width();
    picture.data_mut().par_chunks_mut(width).enumerate().for_each(|(y, out)| {
        let luma = frame.row(0, y).chunks(CHUNK);
        let out = out.chunks_mut(CHUNK);
        if interleaved {
            let chroma = frame.row(1, y / 2).chunks(CHUNK);
            for ((luma, chroma), out) in luma.zip(chroma).zip(out) {
                let (pairs, _) = chroma.as_chunks::<2>();
                planar(level, luma, pairs.iter().map(|pair| pair[0]), pairs.iter().map(|pair| pair[1]), how, out);
            }
        } else {
            let (cb, cr) = (frame.row(1, y / 2).chunks(CHUNK / 2), frame.row(2, y / 2).chunks(CHUNK / 2));
            for (((luma, cb), cr), out) in luma.zip(cb).zip(cr).zip(out) {
                planar(level, luma, cb.iter().copied(), cr.iter().copied(), how, out);
            }
        }
    });
}

/// One chunk: samples are widened into whole arrays, so that the conversion has no edge cases.
#[inline(always)]
fn planar(
    level: Level,
    luma: &[u8],
    cb: impl Iterator<Item = u8>,
    cr: impl Iterator<Item = u8>,
    how: FromLuma,
    out: &mut [[u8; 4]],
) {
    let (mut lumas, mut cbs, mut crs) = ([0u8; CHUNK], [0u8; CHUNK / 2], [0u8; CHUNK / 2]);
    lumas[..luma.len()].copy_from_slice(luma);
    cbs.iter_mut().zip(cb).for_each(|(to, from)| *to = from);
    crs.iter_mut().zip(cr).for_each(|(to, from)| *to = from);
    if let Ok(out) = <&mut [_; CHUNK]>::try_from(&mut *out) {
        return from_luma(level, &lumas, &cbs, &crs, how, out);
    }
    let mut done = [[0; 4]; CHUNK];
    from_luma(level, &lumas, &cbs, &crs, how, &mut done);
    out.copy_from_slice(&done[..out.len()]);
}

vectorised! {
    fn from_luma(
        lumas: &[u8; CHUNK],
        cbs: &[u8; CHUNK / 2],
        crs: &[u8; CHUNK / 2],
        how: FromLuma,
        out: &mut [[u8; 4]; CHUNK],
    ) {
        for pair in 0..CHUNK / 2 {
            let (cb, cr) = (i32::from(cbs[pair]) - 128, i32::from(crs[pair]) - 128);
            let add = [how.r_cr * cr, -how.g_cr * cr - how.g_cb * cb, how.b_cb * cb];
            for x in [2 * pair, 2 * pair + 1] {
                let luma = (i32::from(lumas[x]) - how.black) * how.gain;
                out[x] = pixel(code_of(luma + add[0]), code_of(luma + add[1]), code_of(luma + add[2]), code_of(luma));
            }
        }
    }
}

/// A number with [`BITS`] fraction bits.
fn fixed(value: f32) -> i32 {
    (f64::from(value) * f64::from(1 << BITS)).round() as i32
}

/// The nearest code of a number with [`BITS`] fraction bits.
#[inline(always)]
fn code_of(value: i32) -> i32 {
    ((value + (1 << (BITS - 1))) >> BITS).clamp(0, 255)
}

#[inline(always)]
fn pixel(r: i32, g: i32, b: i32, luma: i32) -> [u8; 4] {
    (r | g << 8 | b << 16 | luma << 24).to_le_bytes()
}
