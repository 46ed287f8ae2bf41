use inkcast_frame::{FrameInfo, Matrix, OwnedFrame, PlaneRef};

use super::*;

fn read(frame: &OwnedFrame) -> Picture {
    let mut picture = Picture::default();
    ingest(&frame.view(), &mut picture);
    picture
}

#[test]
fn by_hand_packed_orders() {
    for (format, bytes) in [
        (Format::Rgb, vec![255, 0, 51]),
        (Format::Bgr, vec![51, 0, 255]),
        (Format::Rgbx, vec![255, 0, 51, 9]),
        (Format::Bgra, vec![51, 0, 255, 9]),
    ] {
        let frame = OwnedFrame::from_planes(FrameInfo::new(format, 1, 1).unwrap(), vec![bytes]).unwrap();
        let [r, g, b, luma] = read(&frame).at(0, 0);
        assert_eq!((r, g, b), (1.0, 0.0, 0.2), "{format:?}");
        assert!((luma - (0.2126 + 0.2 * 0.0722)).abs() < 1e-6);
    }
}

#[test]
fn by_hand_white_black_and_red_in_limited_range() {
    // BT.709 red in limited range is (63, 102, 240).
    let info = FrameInfo::new(Format::I420, 4, 2).unwrap();
    let info = info.with_colorimetry(Colorimetry { matrix: Matrix::Bt709, range: Range::Limited });
    let luma = vec![235, 16, 63, 63, 235, 16, 63, 63];
    let frame = OwnedFrame::from_planes(info, vec![luma, vec![128, 102], vec![128, 240]]).unwrap();
    let picture = read(&frame);
    let near = |pixel: [f32; 4], rgb: [f32; 3]| (0..3).all(|c| (pixel[c] - rgb[c]).abs() < 0.004);
    assert!(near(picture.at(0, 0), [1.0; 3]) && near(picture.at(1, 1), [0.0; 3]), "{:?}", picture.row(0));
    assert!(near(picture.at(2, 0), [1.0, 0.0, 0.0]), "{:?}", picture.at(2, 0));
    assert!((picture.at(2, 0)[3] - 47.0 / 219.0).abs() < 1e-6, "luma is the frame's own");
}

#[test]
fn padding_between_rows_is_not_read() {
    let info = FrameInfo::new(Format::Nv12, 3, 3).unwrap();
    let luma: Vec<u8> = [[40, 80, 120, 255, 255]; 3].concat();
    let chroma: Vec<u8> = [[128, 128, 128, 128, 0, 0, 0]; 2].concat();
    let planes = vec![PlaneRef { data: &luma, stride: 5 }, PlaneRef { data: &chroma, stride: 7 }];
    let mut picture = Picture::default();
    ingest(&FrameView::new(info, planes).unwrap(), &mut picture);
    for (x, code) in [40.0, 80.0, 120.0].into_iter().enumerate() {
        for y in 0..3 {
            let [r, g, b, luma] = picture.at(x, y);
            assert!(r == g && g == b && (luma - (code - 16.0) / 219.0).abs() < 1e-6, "{x} {y}");
        }
    }
}
