use inkcast_frame::{FrameInfo, Matrix, OwnedFrame, PlaneRef};
use inkcast_kit::noise;

use super::*;

fn read_with(level: Level, frame: &OwnedFrame) -> Picture {
    let mut picture = Picture::default();
    ingest(level, &frame.view(), &mut picture);
    picture
}

/// By the body of the CUDA kernels, compiled for the host.
fn read_on_device(frame: &FrameView<'_>) -> Picture {
    let mut picture = Picture::new(frame.info().width, frame.info().height);
    match numbers::packed(frame.info()) {
        Some(how) => inkcast_device::ingest::packed(frame, &how, &mut picture),
        None => inkcast_device::ingest::planar(frame, &numbers::planar(frame.info()), &mut picture),
    }
    picture
}

fn read(frame: &OwnedFrame) -> Picture {
    read_with(Level::Plain, frame)
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
        // Luma is 0.2126 * 255 + 0.0722 * 51.
        assert_eq!(read(&frame).at(0, 0), [255, 0, 51, 58], "{format:?}");
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
    let near = |pixel: [u8; 4], rgb: [u8; 3]| (0..3).all(|c| pixel[c].abs_diff(rgb[c]) <= 1);
    assert!(near(picture.at(0, 0), [255; 3]) && near(picture.at(1, 1), [0; 3]), "{:?}", picture.row(0));
    assert!(near(picture.at(2, 0), [255, 0, 0]), "{:?}", picture.at(2, 0));
    assert_eq!(picture.at(2, 0)[3], 55, "luma is the frame's own: 47 of 219");
}

#[test]
fn padding_between_rows_is_not_read() {
    let info = FrameInfo::new(Format::Nv12, 3, 3).unwrap();
    let luma: Vec<u8> = [[40, 80, 120, 255, 255]; 3].concat();
    let chroma: Vec<u8> = [[128, 128, 128, 128, 0, 0, 0]; 2].concat();
    let planes = [PlaneRef { data: &luma, stride: 5 }, PlaneRef { data: &chroma, stride: 7 }];
    let frame = FrameView::new(info, planes).unwrap();
    let mut picture = Picture::default();
    ingest(Level::Plain, &frame, &mut picture);
    for picture in [picture, read_on_device(&frame)] {
        for (x, code) in [40.0, 80.0, 120.0f32].into_iter().enumerate() {
            let grey = ((code - 16.0) * 255.0 / 219.0).round() as u8;
            assert!((0..3).all(|y| picture.at(x, y) == [grey; 4]), "{x}: {:?}", picture.row(0));
        }
    }
}

#[test]
fn every_variant_gives_the_same_bytes() {
    let ranges = [Range::Full, Range::Limited].into_iter();
    let matrices = [Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020];
    let colorimetries = ranges.flat_map(|range| matrices.map(|matrix| Colorimetry { matrix, range }));
    for colorimetry in colorimetries {
        for format in Format::ALL {
            // Widths around a chunk and around its half.
            for (width, height) in [(1, 1), (2, 3), (31, 2), (33, 2), (63, 1), (64, 2), (65, 3), (130, 2)] {
                let info = FrameInfo::new(format, width, height).unwrap().with_colorimetry(colorimetry);
                let frame = noise::frame(info, 3);
                let expected = read(&frame);
                for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
                    let same = read_with(level, &frame) == expected;
                    assert!(same, "{level} {format:?} {colorimetry:?} {width}x{height}");
                }
                let same = read_on_device(&frame.view()) == expected;
                assert!(same, "device {format:?} {colorimetry:?} {width}x{height}");
            }
        }
    }
}

/// Rows of 10-bit samples as bytes, `shift` bits up.
fn deep(codes: &[u16], shift: u32) -> Vec<u8> {
    codes.iter().flat_map(|&code| (code << shift).to_le_bytes()).collect()
}

#[test]
fn by_hand_ten_bits() {
    // BT.709 in limited range: white 940, black 64, red (250, 409, 960).
    let luma = [940, 64, 250, 250];
    let colorimetry = Colorimetry { matrix: Matrix::Bt709, range: Range::Limited };
    let info = |format| FrameInfo::new(format, 4, 1).unwrap().with_colorimetry(colorimetry);
    let planar = vec![deep(&luma, 0), deep(&[512, 409], 0), deep(&[512, 960], 0)];
    let planar = OwnedFrame::from_planes(info(Format::I42010), planar).unwrap();
    let interleaved = vec![deep(&luma, 6), deep(&[512, 512, 409, 960], 6)];
    let interleaved = OwnedFrame::from_planes(info(Format::P010), interleaved).unwrap();
    for frame in [planar, interleaved] {
        let picture = read(&frame);
        assert_eq!((picture.at(0, 0), picture.at(1, 0)), ([255; 4], [0; 4]));
        let [r, g, b, _] = picture.at(2, 0);
        assert!(r >= 254 && g <= 1 && b <= 1, "{:?}", picture.at(2, 0));
    }
}

#[test]
fn bits_above_the_tenth_count_as_white() {
    for range in [Range::Full, Range::Limited] {
        let info = FrameInfo::new(Format::I42010, 2, 2).unwrap();
        let info = info.with_colorimetry(Colorimetry { matrix: Matrix::Bt709, range });
        let samples = |luma: u16, cb: u16| vec![deep(&[luma; 4], 0), deep(&[cb], 0), deep(&[512], 0)];
        let frame = |luma, cb| OwnedFrame::from_planes(info, samples(luma, cb)).unwrap();
        assert_eq!(read(&frame(0xffff, 0xffff)), read(&frame(1023, 1023)), "{range:?}");
    }
}

#[cfg(feature = "cuda")]
#[test]
fn frames_on_the_card_give_the_same_bytes() {
    use crate::device::tests::card;
    use crate::device::{DeviceFrame, DevicePlane, PinnedFrame};

    let Some(device) = card() else { return };
    for format in Format::ALL {
        for (width, height) in [(1, 1), (33, 3), (130, 17)] {
            let info = FrameInfo::new(format, width, height).unwrap();
            let frame = noise::frame(info, 5);
            let mut pinned = PinnedFrame::new(&device, info).unwrap();
            pinned.fill(&frame.view()).unwrap();
            let mut bytes = DeviceFrame::new(&device, info).unwrap();
            bytes.upload_from(&device, &pinned).unwrap();
            let mut picture = DevicePlane::new(&device, width, height).unwrap();
            cuda::ingest(&device, &bytes, &mut picture).unwrap();
            assert!(picture.download(&device).unwrap() == read(&frame), "{format:?} {width}x{height}");
        }
    }
}
