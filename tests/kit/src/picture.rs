//! A synthetic scene (sky, ground, a face-like disc, hard edges, fine print) as a frame of any format and colorimetry,
//! and the textbook conversion between RGB and Y'CbCr to compare kernels with.

use inkcast_frame::{Colorimetry, Format, FrameInfo, OwnedFrame, Plane, Range};

/// RGB in 0..1.
pub type Rgb = [f64; 3];

/// The scene as a frame of `info`, with [`alpha`] where the format has it. The picture is the same at every size.
pub fn frame(info: FrameInfo) -> OwnedFrame {
    encode(&rgb(info.width, info.height), info)
}

/// The scene as RGB.
pub fn rgb(width: usize, height: usize) -> Plane<Rgb> {
    Plane::from_fn(width, height, |x, y| scene((x as f64 + 0.5) / width as f64, (y as f64 + 0.5) / height as f64))
}

/// Alpha of the scene at pixel `(x, y)`: every value occurs, edges included.
pub fn alpha(x: usize, y: usize) -> u8 {
    (x * 7 + y * 13) as u8
}

/// The colour at `(u, v)`, both 0..1 over the picture.
fn scene(u: f64, v: f64) -> Rgb {
    let disc = |cu: f64, cv: f64, radius: f64| (u - cu).hypot(v - cv) < radius;
    let print = (0.05..0.35).contains(&u) && (0.75..0.95).contains(&v);
    if print {
        // Rows of letter-like strokes, dark on a light card.
        let (column, row) = ((u * 160.0) as usize, (v * 60.0) as usize);
        return if row % 3 < 2 && (column * 2654435761) >> 4 & 3 == 0 { [0.1, 0.1, 0.15] } else { [0.95, 0.94, 0.9] };
    }
    if disc(0.42, 0.4, 0.02) || disc(0.54, 0.4, 0.02) || (disc(0.48, 0.5, 0.09) && v > 0.54) {
        return [0.12, 0.07, 0.06];
    }
    if disc(0.48, 0.45, 0.19) {
        // Skin, lit from the left.
        let light = 1.0 - 0.5 * (u - 0.29) / 0.38;
        return [0.95 * light, 0.75 * light, 0.62 * light];
    }
    if (0.74..0.92).contains(&u) && v > 0.3 && v < 0.8 {
        // A red door with white panels.
        return if ((u * 30.0) as usize + (v * 14.0) as usize).is_multiple_of(5) {
            [1.0, 1.0, 1.0]
        } else {
            [0.8, 0.08, 0.1]
        };
    }
    if v < 0.65 { [0.35 + 0.4 * v, 0.6 + 0.3 * v, 1.0 - 0.1 * u] } else { [0.2, 0.45 - 0.2 * u, 0.15] }
}

/// Writes `rgb` as a frame of `info`. Chroma is the mean of the pixels that share it, as many as the edge leaves.
pub fn encode(rgb: &Plane<Rgb>, info: FrameInfo) -> OwnedFrame {
    let FrameInfo { format, width, height, colorimetry } = info;
    let mut frame = OwnedFrame::new(info);
    let mut view = frame.view_mut();
    for y in 0..height {
        for x in 0..width {
            let colour = rgb.at(x, y);
            match format.byte_order() {
                Some(order) => {
                    let pixel = &mut view.row_mut(0, y)[x * order.pixel..][..order.pixel];
                    [pixel[order.r], pixel[order.g], pixel[order.b]] = colour.map(|c| quantise(c, luma(colorimetry)));
                    if let Some((offset, is_alpha)) = order.fourth {
                        pixel[offset] = if is_alpha { alpha(x, y) } else { 255 };
                    }
                }
                None => put(view.row_mut(0, y), x, format, ycbcr(colour, colorimetry)[0], luma(colorimetry)),
            }
        }
    }
    if format.byte_order().is_none() {
        for y in 0..height.div_ceil(2) {
            for x in 0..width.div_ceil(2) {
                let shared =
                    (2 * y..height.min(2 * y + 2)).flat_map(|v| (2 * x..width.min(2 * x + 2)).map(move |u| (u, v)));
                let colours: Vec<Rgb> = shared.map(|(u, v)| ycbcr(rgb.at(u, v), colorimetry)).collect();
                for (channel, index) in [(1, 0), (2, 1)] {
                    let mean = colours.iter().map(|colour| colour[channel]).sum::<f64>() / colours.len() as f64;
                    let (plane, place) = chroma_place(format, index, x);
                    put(view.row_mut(plane, y), place, format, mean, chroma(colorimetry));
                }
            }
        }
    }
    drop(view);
    frame
}

/// Reads a frame as RGB. Chroma is that of the nearest sample; values outside 0..1 are kept.
pub fn decode(frame: &OwnedFrame) -> Plane<Rgb> {
    let FrameInfo { format, width, height, colorimetry } = *frame.info();
    let view = frame.view();
    Plane::from_fn(width, height, |x, y| match format.byte_order() {
        Some(order) => {
            let pixel = &view.row(0, y)[x * order.pixel..][..order.pixel];
            [order.r, order.g, order.b].map(|offset| value(pixel[offset], luma(colorimetry)))
        }
        None => {
            let [cb, cr] = [0, 1].map(|index| {
                let (plane, place) = chroma_place(format, index, x / 2);
                get(view.row(plane, y / 2), place, format, chroma(colorimetry))
            });
            let luma = get(view.row(0, y), x, format, luma(colorimetry));
            let (kr, kb) = weights(colorimetry);
            let (r, b) = (luma + 2.0 * (1.0 - kr) * cr, luma + 2.0 * (1.0 - kb) * cb);
            [r, (luma - kr * r - kb * b) / (1.0 - kr - kb), b]
        }
    })
}

/// Plane and place of chroma sample `x` of a row; `index` 0 is Cb, 1 is Cr.
fn chroma_place(format: Format, index: usize, x: usize) -> (usize, usize) {
    if format.is_interleaved() { (1, 2 * x + index) } else { (1 + index, x) }
}

/// Luma 0..1, Cb and Cr -0.5..0.5.
fn ycbcr([r, g, b]: Rgb, colorimetry: Colorimetry) -> Rgb {
    let (kr, kb) = weights(colorimetry);
    let luma = kr * r + (1.0 - kr - kb) * g + kb * b;
    [luma, (b - luma) / (2.0 * (1.0 - kb)), (r - luma) / (2.0 * (1.0 - kr))]
}

/// Luma weights of red and blue. The project's table is the standards' table; these digits are not written twice.
fn weights(colorimetry: Colorimetry) -> (f64, f64) {
    let (kr, kb) = colorimetry.matrix.luma_weights();
    (kr.into(), kb.into())
}

/// `(offset, scale)` of the code values of luma and RGB.
fn luma(colorimetry: Colorimetry) -> (f64, f64) {
    if colorimetry.range == Range::Full { (0.0, 255.0) } else { (16.0, 219.0) }
}

/// `(offset, scale)` of the code values of chroma.
fn chroma(colorimetry: Colorimetry) -> (f64, f64) {
    if colorimetry.range == Range::Full { (128.0, 255.0) } else { (128.0, 224.0) }
}

/// Writes sample `place` of a row of a planar format. Offsets and scales are those of 8 bits; a deeper code counts in
/// quarters of theirs, except that its full range ends at all ones.
fn put(row: &mut [u8], place: usize, format: Format, value: f64, (offset, scale): (f64, f64)) {
    if format.bits() == 8 {
        row[place] = quantise(value, (offset, scale));
        return;
    }
    let (offset, scale) = deep((offset, scale));
    let code = (offset + scale * value).round().clamp(0.0, 1023.0) as u16;
    row[2 * place..2 * place + 2].copy_from_slice(&(code << format.sample_shift()).to_le_bytes());
}

/// Reads sample `place` of a row of a planar format.
fn get(row: &[u8], place: usize, format: Format, (offset, scale): (f64, f64)) -> f64 {
    if format.bits() == 8 {
        return value(row[place], (offset, scale));
    }
    let (offset, scale) = deep((offset, scale));
    let code = u16::from_le_bytes([row[2 * place], row[2 * place + 1]]) >> format.sample_shift();
    (f64::from(code) - offset) / scale
}

fn deep((offset, scale): (f64, f64)) -> (f64, f64) {
    (4.0 * offset, if scale == 255.0 { 1023.0 } else { 4.0 * scale })
}

fn quantise(value: f64, (offset, scale): (f64, f64)) -> u8 {
    (offset + scale * value).round().clamp(0.0, 255.0) as u8
}

fn value(code: u8, (offset, scale): (f64, f64)) -> f64 {
    (f64::from(code) - offset) / scale
}

#[cfg(test)]
mod tests {
    use inkcast_frame::Matrix;

    use super::*;

    fn codes(colour: Rgb, matrix: Matrix, range: Range) -> [u8; 3] {
        let info = FrameInfo::new(Format::I420, 1, 1).unwrap().with_colorimetry(Colorimetry { matrix, range });
        let frame = encode(&Plane::from_fn(1, 1, |_, _| colour), info);
        [0, 1, 2].map(|plane| frame.plane(plane)[0])
    }

    #[test]
    fn known_colours_have_known_codes() {
        // White, black and the 100 % primaries of colour bars, as the standards' tables give them.
        assert_eq!(codes([1.0; 3], Matrix::Bt601, Range::Limited), [235, 128, 128]);
        assert_eq!(codes([0.0; 3], Matrix::Bt709, Range::Limited), [16, 128, 128]);
        assert_eq!(codes([1.0, 0.0, 0.0], Matrix::Bt601, Range::Limited), [81, 90, 240]);
        assert_eq!(codes([1.0, 0.0, 0.0], Matrix::Bt709, Range::Limited), [63, 102, 240]);
        assert_eq!(codes([0.0, 0.0, 1.0], Matrix::Bt709, Range::Limited), [32, 240, 118]);
        assert_eq!(codes([0.0, 1.0, 0.0], Matrix::Bt601, Range::Full), [150, 44, 21]);
    }

    #[test]
    fn every_format_comes_back() {
        // Constant over 2x2 blocks, so that shared chroma loses nothing.
        let blocks = rgb(8, 6);
        let flat = Plane::from_fn(16, 12, |x, y| blocks.at(x / 2, y / 2));
        for format in Format::ALL {
            for matrix in [Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020] {
                for range in [Range::Full, Range::Limited] {
                    let info = FrameInfo::new(format, 16, 12).unwrap().with_colorimetry(Colorimetry { matrix, range });
                    let back = decode(&encode(&flat, info));
                    let worst = crate::measure::max_abs_diff(&narrow(&flat), &narrow(&back));
                    assert!(worst < 0.013, "{format:?} {matrix:?} {range:?}: {worst}");
                }
            }
        }
    }

    #[test]
    fn odd_sizes_and_alpha_are_kept() {
        for (width, height) in [(1, 1), (3, 1), (5, 7)] {
            for format in Format::ALL {
                assert_eq!(decode(&frame(FrameInfo::new(format, width, height).unwrap())).size(), (width, height));
            }
        }
        let bgra = frame(FrameInfo::new(Format::Bgra, 3, 2).unwrap());
        assert_eq!(bgra.plane(0)[4 * 4 + 3], alpha(1, 1));
    }

    fn narrow(plane: &Plane<Rgb>) -> Vec<f32> {
        plane.data().iter().flatten().map(|&value| value as f32).collect()
    }
}
