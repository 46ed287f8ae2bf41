//! From a finished page back to the bytes of a frame.

#[cfg(feature = "cuda")]
pub mod cuda;
#[cfg(any(test, feature = "cuda"))]
mod numbers;
#[cfg(test)]
mod tests;

use inkcast_frame::{ByteOrder, Colorimetry, FrameInfo, FrameView, FrameViewMut, LAYER_STEP, Picture, PlaneMut, Range};
use rayon::prelude::*;

use crate::Level;
use crate::vectorised::vectorised;

/// Pixels of a row that a [`Page`] draws at a time.
pub const CHUNK: usize = 64;

/// A stretch of a page's row: red, green and blue in steps of [`LAYER_STEP`]; the fourth value is not read.
pub type PageChunk = [[i16; 4]; CHUNK];

/// A picture that is drawn piece by piece, when it is needed: what comes before [`emit`] never has to be stored.
pub trait Page: Sync {
    /// Draws the pixels of row `y` from column `x` on, [`CHUNK`] of them or as many as the row has left.
    fn draw(&self, x: usize, y: usize, out: &mut PageChunk);
}

impl Page for Picture {
    fn draw(&self, x: usize, y: usize, out: &mut PageChunk) {
        for (out, source) in out.iter_mut().zip(&self.row(y)[x..]) {
            *out = source.map(|code| i16::from(code) * LAYER_STEP);
        }
    }
}

/// Fraction bits of the coefficients; with the seven of [`LAYER_STEP`] a sum of products has [`SHIFT`].
const BITS: u32 = 15;
const SHIFT: u32 = BITS + LAYER_STEP.trailing_zeros();

/// Writes `page` into `frame`.
///
/// Chroma is the mean of its 2x2 block. Alpha, where the frame has it, comes from `alpha` if that has the same size
/// and alpha too, else it is opaque; unused fourth bytes are 255.
pub fn emit(level: Level, page: &impl Page, alpha: Option<&FrameView<'_>>, frame: &mut FrameViewMut<'_>) {
    let info = *frame.info();
    match info.format.byte_order() {
        Some(order) => emit_packed(level, page, alpha, order, frame),
        None => emit_planar(level, page, frame),
    }
}

/// Codes of RGB in a range.
#[derive(Clone, Copy)]
struct ToRgb {
    scale: i32,
    black: i32,
}

impl ToRgb {
    fn new(range: Range) -> Self {
        let (black, scale) = match range {
            Range::Full => (0, 1.0),
            Range::Limited => (16, 219.0 / 255.0),
        };
        ToRgb { scale: fixed(scale), black }
    }
}

/// Bytes a pixel and offset of the alpha that a frame like `alpha` lends to one like `info`: it has the same size.
fn alpha_of(info: &FrameInfo, alpha: &FrameInfo) -> Option<(usize, usize)> {
    let order = alpha.format.byte_order().filter(|_| (alpha.width, alpha.height) == (info.width, info.height))?;
    let (offset, is_alpha) = order.fourth?;
    is_alpha.then_some((order.pixel, offset))
}

fn emit_packed(
    level: Level,
    page: &impl Page,
    alpha: Option<&FrameView<'_>>,
    order: ByteOrder,
    frame: &mut FrameViewMut<'_>,
) {
    let info = *frame.info();
    let alpha = alpha.and_then(|alpha| {
        let (pixel, offset) = alpha_of(&info, alpha.info())?;
        Some((alpha, pixel, offset))
    });
    let ToRgb { scale, black } = ToRgb::new(info.colorimetry.range);
    let PlaneMut { data, stride } = &mut frame.planes_mut()[0];
    let rows = data.par_chunks_mut(*stride).take(info.height).enumerate();
    rows.for_each(|(y, row)| {
        let row = &mut row[..info.width * order.pixel];
        for (index, out) in row.chunks_mut(CHUNK * order.pixel).enumerate() {
            let (mut drawn, mut codes) = ([[0; 4]; CHUNK], [[255; 4]; CHUNK]);
            page.draw(index * CHUNK, y, &mut drawn);
            rgb_codes(level, &drawn, scale, black, &mut codes);
            if let (Some((_, true)), Some((alpha, step, from))) = (order.fourth, alpha) {
                let values = alpha.row(0, y)[index * CHUNK * step..].chunks_exact(step);
                codes.iter_mut().zip(values).for_each(|(code, pixel)| code[3] = pixel[from]);
            }
            match order.pixel {
                3 => place::<3>(&codes, order, out),
                _ => place::<4>(&codes, order, out),
            }
        }
    });
}

fn place<const N: usize>(codes: &[[u8; 4]; CHUNK], order: ByteOrder, out: &mut [u8]) {
    let (pixels, _) = out.as_chunks_mut::<N>();
    for (pixel, &[r, g, b, fourth]) in pixels.iter_mut().zip(codes) {
        (pixel[order.r], pixel[order.g], pixel[order.b]) = (r, g, b);
        if N == 4 {
            pixel[3] = fourth;
        }
    }
}

vectorised! {
    /// The fourth value of each pixel becomes 255.
    fn rgb_codes(drawn: &PageChunk, scale: i32, black: i32, codes: &mut [[u8; 4]; CHUNK]) {
        let bias = (black << SHIFT) + (1 << (SHIFT - 1));
        for x in 0..CHUNK {
            let [r, g, b] = [0, 1, 2].map(|c| ((i32::from(drawn[x][c]) * scale + bias) >> SHIFT).clamp(0, 255));
            codes[x] = (r | g << 8 | b << 16 | 255 << 24).to_le_bytes();
        }
    }
}

/// RGB to Y'CbCr in codes of the frame's range and depth: a row of weights each for luma, Cb and Cr.
#[derive(Clone, Copy)]
struct ToLuma {
    luma: [i32; 3],
    cb: [i32; 3],
    cr: [i32; 3],
    black: i32,
    /// Code of no colour.
    grey: i32,
    /// The greatest code.
    most: i32,
    /// Bits behind the point of a sum of products: fewer for deeper codes, so that the sum still fits 32 bits.
    shift: u32,
}

impl ToLuma {
    fn new(Colorimetry { matrix, range }: Colorimetry, bits: u32) -> Self {
        let (kr, kb) = matrix.luma_weights();
        let deeper = 1 << (bits - 8);
        let most = (1 << bits) - 1;
        let (black, luma_scale, chroma_scale) = match range {
            Range::Full => (0, most as f32 / 255.0, most as f32 / 255.0),
            Range::Limited => (16 * deeper, 219.0 * deeper as f32 / 255.0, 224.0 * deeper as f32 / 255.0),
        };
        let (cb, cr) = (chroma_scale * 0.5 / (1.0 - kb), chroma_scale * 0.5 / (1.0 - kr));
        let fixed = |value: f32| fixed(value / deeper as f32);
        // The weights of greys have to sum up exactly: green takes what rounding leaves.
        let sum_to = |total: i32, red: f32, blue: f32| {
            let (red, blue) = (fixed(red), fixed(blue));
            [red, total - red - blue, blue]
        };
        ToLuma {
            luma: sum_to(fixed(luma_scale), kr * luma_scale, kb * luma_scale),
            cb: sum_to(0, -kr * cb, (1.0 - kb) * cb),
            cr: sum_to(0, (1.0 - kr) * cr, -kb * cr),
            black,
            grey: 1 << (bits - 1),
            most,
            shift: SHIFT - (bits - 8),
        }
    }
}

fn emit_planar(level: Level, page: &impl Page, frame: &mut FrameViewMut<'_>) {
    let format = frame.info().format;
    if format.sample_bytes() == 1 {
        emit_samples::<1>(level, page, |code| [code as u8], frame);
    } else {
        let shift = format.sample_shift();
        emit_samples::<2>(level, page, |code| (code << shift).to_le_bytes(), frame);
    }
}

/// Writes samples of `N` bytes.
fn emit_samples<const N: usize>(
    level: Level,
    page: &impl Page,
    bytes: impl Fn(u16) -> [u8; N] + Sync,
    frame: &mut FrameViewMut<'_>,
) {
    let info = *frame.info();
    let how = ToLuma::new(info.colorimetry, info.format.bits());
    let (width, last_row) = (info.width, info.height - 1);
    let put = |codes: &[u16], out: &mut [u8]| {
        let (samples, _) = out.as_chunks_mut::<N>();
        samples.iter_mut().zip(codes).for_each(|(sample, &code)| *sample = bytes(code));
    };
    // A task is a row of chroma with its two rows of luma.
    match frame.planes_mut() {
        [luma, chroma] => {
            let tasks = luma.data.par_chunks_mut(2 * luma.stride).zip(chroma.data.par_chunks_mut(chroma.stride));
            let stride = luma.stride;
            tasks.take(info.height.div_ceil(2)).enumerate().for_each(|(pair, (luma, chroma))| {
                pair_of_rows(level, page, &how, width, last_row, pair, |x, row, codes| match row {
                    Codes::Luma(row) => put(codes, &mut luma[row * stride + x * N..]),
                    Codes::Chroma(at) => {
                        let (samples, _) = chroma[2 * x * N..].as_chunks_mut::<N>();
                        samples.iter_mut().skip(at).step_by(2).zip(codes).for_each(|(to, &code)| *to = bytes(code));
                    }
                });
            });
        }
        [luma, cb, cr] => {
            let chroma = cb.data.par_chunks_mut(cb.stride).zip(cr.data.par_chunks_mut(cr.stride));
            let tasks = luma.data.par_chunks_mut(2 * luma.stride).zip(chroma);
            let stride = luma.stride;
            tasks.take(info.height.div_ceil(2)).enumerate().for_each(|(pair, (luma, (cb_row, cr_row)))| {
                pair_of_rows(level, page, &how, width, last_row, pair, |x, row, codes| match row {
                    Codes::Luma(row) => put(codes, &mut luma[row * stride + x * N..]),
                    Codes::Chroma(0) => put(codes, &mut cb_row[x * N..]),
                    Codes::Chroma(_) => put(codes, &mut cr_row[x * N..]),
                });
            });
        }
        planes => unreachable!("{} planes of a planar frame", planes.len()),
    }
}

/// Which samples of a pair of rows: luma of the first or second row, or Cb (0) or Cr (1).
enum Codes {
    Luma(usize),
    Chroma(usize),
}

/// Draws and converts two rows; `put` takes the codes from a column of their plane on.
fn pair_of_rows(
    level: Level,
    page: &impl Page,
    how: &ToLuma,
    width: usize,
    last_row: usize,
    pair: usize,
    mut put: impl FnMut(usize, Codes, &[u16]),
) {
    let rows = [2 * pair, (2 * pair + 1).min(last_row)];
    for x in (0..width).step_by(CHUNK) {
        let count = CHUNK.min(width - x);
        let mut drawn = [[[0; 4]; CHUNK]; 2];
        for (&y, drawn) in rows.iter().zip(&mut drawn) {
            page.draw(x, y, drawn);
            if count < CHUNK {
                // An odd last column is its own neighbour.
                drawn[count] = drawn[count - 1];
            }
        }
        for (row, drawn) in drawn.iter().enumerate().take(last_row + 1 - rows[0]) {
            let mut codes = [0; CHUNK];
            luma_codes(level, drawn, how, &mut codes);
            put(x, Codes::Luma(row), &codes[..count]);
        }
        let (mut cb, mut cr) = ([0; CHUNK / 2], [0; CHUNK / 2]);
        chroma_codes(level, &drawn, how, &mut cb, &mut cr);
        let count = count.div_ceil(2);
        put(x / 2, Codes::Chroma(0), &cb[..count]);
        put(x / 2, Codes::Chroma(1), &cr[..count]);
    }
}

vectorised! {
    fn luma_codes(drawn: &PageChunk, how: &ToLuma, codes: &mut [u16; CHUNK]) {
        let ([r, g, b], shift) = (how.luma, how.shift);
        let bias = (how.black << shift) + (1 << (shift - 1));
        for x in 0..CHUNK {
            let [red, green, blue, _] = drawn[x].map(i32::from);
            codes[x] = ((red * r + green * g + blue * b + bias) >> shift).clamp(0, how.most) as u16;
        }
    }
}

vectorised! {
    fn chroma_codes(drawn: &[PageChunk; 2], how: &ToLuma, cb: &mut [u16; CHUNK / 2], cr: &mut [u16; CHUNK / 2]) {
        let shift = how.shift;
        let bias = (how.grey << shift) + (1 << (shift - 1));
        for x in 0..CHUNK / 2 {
            let mean = |c: usize| {
                let upper = i32::from(drawn[0][2 * x][c]) + i32::from(drawn[0][2 * x + 1][c]);
                let lower = i32::from(drawn[1][2 * x][c]) + i32::from(drawn[1][2 * x + 1][c]);
                (upper + lower + 2) >> 2
            };
            let [r, g, b] = [mean(0), mean(1), mean(2)];
            cb[x] = ((r * how.cb[0] + g * how.cb[1] + b * how.cb[2] + bias) >> shift).clamp(0, how.most) as u16;
            cr[x] = ((r * how.cr[0] + g * how.cr[1] + b * how.cr[2] + bias) >> shift).clamp(0, how.most) as u16;
        }
    }
}

/// A number with [`BITS`] fraction bits.
fn fixed(value: f32) -> i32 {
    (f64::from(value) * f64::from(1 << BITS)).round() as i32
}
