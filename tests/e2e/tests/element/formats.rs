//! Every format at every kind of size, and that the picture does not depend on them.

use inkcast_frame::{Colorimetry, Format, FrameInfo, Matrix, OwnedFrame, Plane, Range};
use inkcast_kit::{measure, picture};

use crate::comic::{Comic, info};

const SIZES: [(usize, usize); 6] = [(1, 1), (1, 7), (3, 5), (64, 48), (97, 63), (641, 361)];

#[test]
fn every_format_and_size_is_drawn() {
    for format in Format::ALL {
        for (width, height) in SIZES {
            let info = info(format, width, height);
            let source = picture::frame(info);
            let drawn = Comic::new(info, "strength=1").draw(&source, 0);
            assert_eq!(drawn.info(), &info);
            assert_eq!(alpha(&drawn), alpha(&source), "alpha of {format:?} {width}x{height}");
            // A picture this small may be flat already.
            if width >= 64 {
                let far = measure::psnr(&colours(&source), &colours(&drawn));
                assert!(far < 30.0, "{format:?} {width}x{height} looks like its source: {far:.1} dB");
            }
        }
    }
}

#[test]
fn strength_zero_gives_the_source() {
    for format in Format::ALL {
        for (width, height) in SIZES {
            let source = picture::frame(info(format, width, height));
            let drawn = Comic::new(*source.info(), "strength=0").draw(&source, 0);
            assert!(drawn == source, "{format:?} {width}x{height}");
        }
    }
}

#[test]
fn the_picture_does_not_depend_on_the_format() {
    // Blocks of one colour, which chroma at half size can hold.
    let blocks = picture::rgb(160, 90);
    let scene = Plane::from_fn(320, 180, |x, y| blocks.at(x / 2, y / 2));
    let drawn = |info: FrameInfo| Comic::new(info, "style=ink").draw(&picture::encode(&scene, info), 0);
    let reference = picture::decode(&drawn(info(Format::Rgb, 320, 180)));
    for format in Format::ALL {
        for matrix in [Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020] {
            for range in [Range::Full, Range::Limited] {
                let info = info(format, 320, 180).with_colorimetry(Colorimetry { matrix, range });
                let (expected, drawn) = (picture::encode(&reference, info), drawn(info));
                for plane in 0..format.planes() {
                    let near = measure::psnr(&meant(&expected, plane), &meant(&drawn, plane));
                    assert!(near > 45.0, "plane {plane} of {format:?} {matrix:?} {range:?}: {near:.1} dB");
                }
            }
        }
    }
}

#[test]
fn the_colorimetry_of_the_caps_counts() {
    // The same bytes mean another picture in another colorimetry, so another comic must come out.
    let info = info(Format::I420, 320, 180);
    let source = picture::frame(info.with_colorimetry(Colorimetry { matrix: Matrix::Bt709, range: Range::Limited }));
    let drawn: Vec<OwnedFrame> = [
        Colorimetry { matrix: Matrix::Bt709, range: Range::Limited },
        Colorimetry { matrix: Matrix::Bt601, range: Range::Limited },
        Colorimetry { matrix: Matrix::Bt2020, range: Range::Limited },
        Colorimetry { matrix: Matrix::Bt709, range: Range::Full },
    ]
    .into_iter()
    .map(|colorimetry| {
        let planes = (0..3).map(|plane| source.plane(plane).to_vec()).collect();
        let same_bytes = OwnedFrame::from_planes(info.with_colorimetry(colorimetry), planes).unwrap();
        Comic::new(*same_bytes.info(), "style=ink").draw(&same_bytes, 0)
    })
    .collect();
    for (a, b) in [(0, 1), (0, 2), (0, 3), (1, 2)] {
        assert!((0..3).any(|plane| drawn[a].plane(plane) != drawn[b].plane(plane)), "{a} and {b} are alike");
    }
}

fn alpha(frame: &OwnedFrame) -> Option<Vec<u8>> {
    let order = frame.info().format.byte_order()?;
    let (offset, is_alpha) = order.fourth?;
    is_alpha.then(|| frame.plane(0).chunks(order.pixel).map(|pixel| pixel[offset]).collect())
}

/// The samples of a plane as bytes, without those that mean nothing; of 10 bits the high 8.
fn meant(frame: &OwnedFrame, plane: usize) -> Vec<u8> {
    match frame.info().format.byte_order() {
        Some(order) => frame.plane(plane).chunks(order.pixel).flat_map(|pixel| &pixel[..3]).copied().collect(),
        None if frame.info().format.bits() == 10 => {
            let (samples, _) = frame.plane(plane).as_chunks::<2>();
            let shift = frame.info().format.sample_shift() + 2;
            samples.iter().map(|&sample| (u16::from_le_bytes(sample) >> shift) as u8).collect()
        }
        None => frame.plane(plane).to_vec(),
    }
}

fn colours(frame: &OwnedFrame) -> Vec<f32> {
    picture::decode(frame).data().iter().flatten().map(|&value| value as f32).collect()
}
