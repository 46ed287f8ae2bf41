use inkcast_frame::{FrameInfo, Matrix, OwnedFrame, Plane};
use inkcast_kit::noise::{self, Random};

use super::*;
use crate::ingest::ingest;

const SIZES: [(usize, usize); 6] = [(1, 1), (2, 2), (1, 5), (7, 1), (5, 3), (16, 9)];

fn colorimetries() -> impl Iterator<Item = Colorimetry> {
    let matrices = [Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020];
    let ranges = [Range::Full, Range::Limited];
    matrices.into_iter().flat_map(move |matrix| ranges.into_iter().map(move |range| Colorimetry { matrix, range }))
}

#[test]
fn by_hand_a_red_pixel() {
    let picture: Picture = Plane::from_fn(1, 1, |_, _| [1.0, 0.0, 0.0, 0.0]);
    let info = FrameInfo::new(Format::Nv12, 1, 1).unwrap();
    let mut frame =
        OwnedFrame::new(info.with_colorimetry(Colorimetry { matrix: Matrix::Bt709, range: Range::Limited }));
    emit(&picture, None, &mut frame.view_mut());
    assert_eq!((frame.plane(0), frame.plane(1)), (&[63][..], &[102, 240][..]));
}

#[test]
fn rgb_survives_the_round_trip_exactly() {
    for format in Format::ALL.into_iter().filter(|format| format.byte_order().is_some()) {
        for (width, height) in SIZES {
            let info = FrameInfo::new(format, width, height).unwrap();
            let mut frame = noise::frame(info, 1);
            if let Some((offset, false)) = format.byte_order().unwrap().fourth {
                let mut view = frame.view_mut();
                (0..height).for_each(|y| view.row_mut(0, y).iter_mut().skip(offset).step_by(4).for_each(|x| *x = 255));
            }
            let (mut picture, mut back) = (Picture::default(), OwnedFrame::new(info));
            ingest(&frame.view(), &mut picture);
            emit(&picture, Some(&frame.view()), &mut back.view_mut());
            assert_eq!(frame, back, "{format:?} {width}x{height}");
        }
    }
}

#[test]
fn colours_inside_rgb_survive_as_ycbcr_exactly() {
    for format in [Format::Nv12, Format::I420] {
        for colorimetry in colorimetries() {
            for (width, height) in SIZES {
                let info = FrameInfo::new(format, width, height).unwrap().with_colorimetry(colorimetry);
                let mut frame = OwnedFrame::new(info);
                // Moderate luma and chroma: inside the RGB cube for every matrix.
                let mut random = Random::new(2);
                for plane in 0..format.planes() {
                    let base = if plane == 0 { 100 } else { 118 };
                    let mut view = frame.view_mut();
                    let rows = format.plane_layout(plane, width, height).rows;
                    (0..rows).for_each(|y| view.row_mut(plane, y).fill_with(|| base + random.below(20) as u8));
                }
                let (mut picture, mut back) = (Picture::default(), OwnedFrame::new(info));
                ingest(&frame.view(), &mut picture);
                emit(&picture, None, &mut back.view_mut());
                assert_eq!(frame, back, "{format:?} {colorimetry:?} {width}x{height}");
            }
        }
    }
}

#[test]
fn alpha_is_copied_between_orders_and_opaque_without_a_source() {
    let rgba =
        OwnedFrame::from_planes(FrameInfo::new(Format::Rgba, 2, 1).unwrap(), vec![vec![1, 2, 3, 77, 4, 5, 6, 88]]);
    let rgba = rgba.unwrap();
    let mut picture = Picture::default();
    ingest(&rgba.view(), &mut picture);
    let mut bgra = OwnedFrame::new(FrameInfo::new(Format::Bgra, 2, 1).unwrap());
    emit(&picture, Some(&rgba.view()), &mut bgra.view_mut());
    assert_eq!(bgra.plane(0), [3, 2, 1, 77, 6, 5, 4, 88]);
    emit(&picture, None, &mut bgra.view_mut());
    assert_eq!(bgra.plane(0), [3, 2, 1, 255, 6, 5, 4, 255]);
}

#[test]
fn values_outside_are_clamped() {
    let picture: Picture = Plane::from_fn(2, 1, |x, _| if x == 0 { [-1.0, 2.0, f32::NAN, 0.0] } else { [0.5; 4] });
    let mut frame = OwnedFrame::new(FrameInfo::new(Format::Rgb, 2, 1).unwrap());
    emit(&picture, None, &mut frame.view_mut());
    assert_eq!(frame.plane(0), [0, 255, 0, 128, 128, 128]);
}
