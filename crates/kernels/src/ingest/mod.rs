//! From the bytes of a frame to a [`Picture`].

#[cfg(feature = "cuda")]
pub mod cuda;
#[cfg(any(test, feature = "cuda"))]
mod numbers;
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

impl FromRgb {
    fn new(Colorimetry { matrix, range }: Colorimetry) -> Self {
        let (kr, kb) = matrix.luma_weights();
        let (red, blue) = (fixed(kr), fixed(kb));
        let (black, gain) = match range {
            Range::Full => (0, 1.0),
            Range::Limited => (16, 255.0 / 219.0),
        };
        FromRgb { weights: [red, (1 << BITS) - red - blue, blue], black, gain: fixed(gain) }
    }
}

fn ingest_packed(level: Level, frame: &FrameView<'_>, order: ByteOrder, picture: &mut Picture) {
    let how = FromRgb::new(frame.info().colorimetry);
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

/// Y'CbCr to RGB: `(luma - black) * gain` plus the chroma terms. Codes have the depth of the frame, RGB has 8 bits.
#[derive(Clone, Copy)]
struct FromLuma {
    black: i32,
    /// Code of no colour.
    grey: i32,
    gain: i32,
    r_cr: i32,
    g_cr: i32,
    g_cb: i32,
    b_cb: i32,
}

impl FromLuma {
    fn new(Colorimetry { matrix, range }: Colorimetry, bits: u32) -> Self {
        let (kr, kb) = matrix.luma_weights();
        let kg = 1.0 - kr - kb;
        let deeper = (1 << (bits - 8)) as f32;
        let most = ((1 << bits) - 1) as f32;
        let (black, luma, chroma) = match range {
            Range::Full => (0.0, most, most),
            Range::Limited => (16.0 * deeper, 219.0 * deeper, 224.0 * deeper),
        };
        let (gain, chroma) = (255.0 / luma, 255.0 / chroma);
        let (r_cr, b_cb) = (2.0 * (1.0 - kr) * chroma, 2.0 * (1.0 - kb) * chroma);
        FromLuma {
            black: black as i32,
            grey: 1 << (bits - 1),
            gain: fixed(gain),
            r_cr: fixed(r_cr),
            g_cr: fixed(r_cr * kr / kg),
            g_cb: fixed(b_cb * kb / kg),
            b_cb: fixed(b_cb),
        }
    }
}

fn ingest_planar(level: Level, frame: &FrameView<'_>, picture: &mut Picture) {
    let format = frame.info().format;
    let how = FromLuma::new(frame.info().colorimetry, format.bits());
    let width = picture.width();
    picture.data_mut().par_chunks_mut(width).enumerate().for_each(|(y, out)| {
        if format.sample_bytes() == 1 {
            planar_row::<1>(level, frame, format, y, |[code]| u16::from(code), how, out);
        } else {
            let (shift, most) = (format.sample_shift(), (1 << format.bits()) - 1);
            // Bits that should be zero may not be.
            let code = |bytes| (u16::from_le_bytes(bytes) >> shift).min(most);
            planar_row::<2>(level, frame, format, y, code, how, out);
        }
    });
}

/// One row whose samples have `N` bytes. Samples are widened into whole arrays, so that the conversion has no edge cases.
fn planar_row<const N: usize>(
    level: Level,
    frame: &FrameView<'_>,
    format: Format,
    y: usize,
    code: impl Fn([u8; N]) -> u16,
    how: FromLuma,
    out: &mut [[u8; 4]],
) {
    let samples = |plane: usize, y: usize| frame.row(plane, y).as_chunks::<N>().0;
    let (luma, first) = (samples(0, y), samples(1, y / 2));
    let second = if format.is_interleaved() { first } else { samples(2, y / 2) };
    for (index, out) in out.chunks_mut(CHUNK).enumerate() {
        let (mut lumas, mut cbs, mut crs) = ([0; CHUNK], [0; CHUNK / 2], [0; CHUNK / 2]);
        widen(&luma[index * CHUNK..], &code, &mut lumas);
        let start = index * CHUNK / 2;
        if format.is_interleaved() {
            let (pairs, _) = first[2 * start..].as_chunks::<2>();
            for ((cb, cr), pair) in cbs.iter_mut().zip(&mut crs).zip(pairs) {
                (*cb, *cr) = (code(pair[0]), code(pair[1]));
            }
        } else {
            widen(&first[start..], &code, &mut cbs);
            widen(&second[start..], &code, &mut crs);
        }
        if let Ok(out) = <&mut [_; CHUNK]>::try_from(&mut *out) {
            from_luma(level, &lumas, &cbs, &crs, how, out);
            continue;
        }
        let mut done = [[0; 4]; CHUNK];
        from_luma(level, &lumas, &cbs, &crs, how, &mut done);
        out.copy_from_slice(&done[..out.len()]);
    }
}

#[inline(always)]
fn widen<const N: usize>(samples: &[[u8; N]], code: impl Fn([u8; N]) -> u16, out: &mut [u16]) {
    out.iter_mut().zip(samples).for_each(|(to, &from)| *to = code(from));
}

vectorised! {
    fn from_luma(
        lumas: &[u16; CHUNK],
        cbs: &[u16; CHUNK / 2],
        crs: &[u16; CHUNK / 2],
        how: FromLuma,
        out: &mut [[u8; 4]; CHUNK],
    ) {
        for pair in 0..CHUNK / 2 {
            let (cb, cr) = (i32::from(cbs[pair]) - how.grey, i32::from(crs[pair]) - how.grey);
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
