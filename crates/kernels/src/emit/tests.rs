use inkcast_frame::{Format, FrameInfo, Layers, Matrix, OwnedFrame, Plane};
use inkcast_kit::noise::{self, Random};

use super::*;
use crate::ingest::ingest;

const SIZES: [(usize, usize); 6] = [(1, 1), (2, 2), (1, 5), (7, 1), (5, 3), (16, 9)];

fn colorimetries() -> impl Iterator<Item = Colorimetry> {
    let matrices = [Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020];
    let ranges = [Range::Full, Range::Limited];
    matrices.into_iter().flat_map(move |matrix| ranges.into_iter().map(move |range| Colorimetry { matrix, range }))
}

/// By the body of the CUDA kernels, compiled for the host.
fn emit_on_device(page: &impl Page, alpha: Option<&FrameView<'_>>, frame: &mut FrameViewMut<'_>) {
    let info = *frame.info();
    let mut drawn = Layers::new(info.width, info.height);
    for y in 0..info.height {
        for (index, out) in drawn.row_mut(y).chunks_mut(CHUNK).enumerate() {
            let mut chunk = [[0; 4]; CHUNK];
            page.draw(index * CHUNK, y, &mut chunk);
            out.copy_from_slice(&chunk[..out.len()]);
        }
    }
    match numbers::packed(&info, alpha.map(FrameView::info)) {
        Some(how) => inkcast_device::emit::packed(&drawn, alpha, &how, frame),
        None => inkcast_device::emit::planar(&drawn, &numbers::planar(&info), frame),
    }
}

#[test]
fn by_hand_a_red_pixel() {
    let picture: Picture = Plane::from_fn(1, 1, |_, _| [255, 0, 0, 0]);
    let info = FrameInfo::new(Format::Nv12, 1, 1).unwrap();
    let mut frame =
        OwnedFrame::new(info.with_colorimetry(Colorimetry { matrix: Matrix::Bt709, range: Range::Limited }));
    emit(Level::Plain, &picture, None, &mut frame.view_mut());
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
            ingest(Level::Plain, &frame.view(), &mut picture);
            emit(Level::Plain, &picture, Some(&frame.view()), &mut back.view_mut());
            assert_eq!(frame, back, "{format:?} {width}x{height}");
        }
    }
}

#[test]
fn colours_inside_rgb_survive_as_ycbcr_within_a_code() {
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
                ingest(Level::Plain, &frame.view(), &mut picture);
                emit(Level::Plain, &picture, None, &mut back.view_mut());
                for plane in 0..format.planes() {
                    // A picture holds whole codes of RGB.
                    let furthest = frame.plane(plane).iter().zip(back.plane(plane)).map(|(a, b)| a.abs_diff(*b)).max();
                    assert!(furthest <= Some(1), "{format:?} {colorimetry:?} {width}x{height}: {furthest:?}");
                }
            }
        }
    }
}

#[test]
fn greys_have_no_chroma_and_their_own_luma() {
    for colorimetry in colorimetries() {
        let info = FrameInfo::new(Format::I420, 256, 2).unwrap().with_colorimetry(colorimetry);
        let greys = Picture::from_fn(256, 2, |x, _| [x as u8; 4]);
        let mut frame = OwnedFrame::new(info);
        emit(Level::Plain, &greys, None, &mut frame.view_mut());
        let (black, span) = if colorimetry.range == Range::Full { (0.0, 255.0) } else { (16.0, 219.0) };
        let expected: Vec<u8> = (0..256).map(|x| (black + x as f32 / 255.0 * span).round() as u8).collect();
        assert_eq!(frame.plane(0)[..256], expected, "{colorimetry:?}");
        assert!(frame.plane(1).iter().chain(frame.plane(2)).all(|&code| code == 128), "{colorimetry:?}");
    }
}

#[test]
fn alpha_is_copied_between_orders_and_opaque_without_a_source() {
    let rgba =
        OwnedFrame::from_planes(FrameInfo::new(Format::Rgba, 2, 1).unwrap(), vec![vec![1, 2, 3, 77, 4, 5, 6, 88]]);
    let rgba = rgba.unwrap();
    let mut picture = Picture::default();
    ingest(Level::Plain, &rgba.view(), &mut picture);
    let mut bgra = OwnedFrame::new(FrameInfo::new(Format::Bgra, 2, 1).unwrap());
    emit(Level::Plain, &picture, Some(&rgba.view()), &mut bgra.view_mut());
    assert_eq!(bgra.plane(0), [3, 2, 1, 77, 6, 5, 4, 88]);
    emit(Level::Plain, &picture, None, &mut bgra.view_mut());
    assert_eq!(bgra.plane(0), [3, 2, 1, 255, 6, 5, 4, 255]);
    emit_on_device(&picture, Some(&rgba.view()), &mut bgra.view_mut());
    assert_eq!(bgra.plane(0), [3, 2, 1, 77, 6, 5, 4, 88]);
    emit_on_device(&picture, None, &mut bgra.view_mut());
    assert_eq!(bgra.plane(0), [3, 2, 1, 255, 6, 5, 4, 255]);
    // Neither an unused byte nor alpha of another size is lent.
    let mut rgbx = OwnedFrame::new(FrameInfo::new(Format::Rgbx, 2, 1).unwrap());
    emit_on_device(&picture, Some(&rgba.view()), &mut rgbx.view_mut());
    assert_eq!(rgbx.plane(0), [1, 2, 3, 255, 4, 5, 6, 255]);
    let wide = OwnedFrame::new(FrameInfo::new(Format::Rgba, 3, 1).unwrap());
    emit_on_device(&picture, Some(&wide.view()), &mut bgra.view_mut());
    assert_eq!(bgra.plane(0), [3, 2, 1, 255, 6, 5, 4, 255]);
}

/// Whatever is drawn, with the whole range of a number.
struct Wild;

impl Page for Wild {
    fn draw(&self, x: usize, y: usize, out: &mut PageChunk) {
        let mut random = Random::new((x + 1000 * y) as u64);
        out.as_flattened_mut().fill_with(|| random.bits() as i16);
    }
}

#[test]
fn every_variant_gives_the_same_bytes_and_leaves_padding_alone() {
    for format in Format::ALL {
        for colorimetry in colorimetries() {
            for (width, height) in [(1, 1), (2, 3), (31, 2), (33, 3), (63, 1), (64, 2), (65, 3), (130, 2)] {
                let info = FrameInfo::new(format, width, height).unwrap().with_colorimetry(colorimetry);
                let draw = |emit: &dyn Fn(&mut FrameViewMut<'_>)| {
                    let shapes = (0..format.planes()).map(|plane| format.plane_layout(plane, width, height));
                    let mut planes: Vec<(Vec<u8>, usize)> = shapes
                        .map(|shape| (vec![7; (shape.row_bytes + 5) * (shape.rows + 1)], shape.row_bytes + 5))
                        .collect();
                    let views = planes.iter_mut().map(|(data, stride)| PlaneMut { data, stride: *stride });
                    emit(&mut FrameViewMut::new(info, views).unwrap());
                    planes
                };
                let expected = draw(&|frame| emit(Level::Plain, &Wild, None, frame));
                for (plane, (bytes, stride)) in expected.iter().enumerate() {
                    let shape = format.plane_layout(plane, width, height);
                    for (y, row) in bytes.chunks(*stride).enumerate() {
                        let used = if y < shape.rows { shape.row_bytes } else { 0 };
                        assert!(row[used..].iter().all(|&byte| byte == 7), "{format:?} plane {plane} row {y}");
                    }
                }
                for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
                    let same = draw(&|frame| emit(level, &Wild, None, frame)) == expected;
                    assert!(same, "{level} {format:?} {colorimetry:?} {width}x{height}");
                }
                let same = draw(&|frame| emit_on_device(&Wild, None, frame)) == expected;
                assert!(same, "device {format:?} {colorimetry:?} {width}x{height}");
            }
        }
    }
}

#[test]
fn by_hand_ten_bits() {
    // BT.709 in limited range: red is (250, 409, 960).
    let red = Picture::from_fn(2, 1, |_, _| [255, 0, 0, 0]);
    let colorimetry = Colorimetry { matrix: Matrix::Bt709, range: Range::Limited };
    let drawn = |format| {
        let mut frame = OwnedFrame::new(FrameInfo::new(format, 2, 1).unwrap().with_colorimetry(colorimetry));
        emit(Level::Plain, &red, None, &mut frame.view_mut());
        frame
    };
    let bytes = |codes: &[u16]| codes.iter().flat_map(|code| code.to_le_bytes()).collect::<Vec<u8>>();
    let planar = drawn(Format::I42010);
    assert_eq!([planar.plane(0), planar.plane(1), planar.plane(2)], [bytes(&[250; 2]), bytes(&[409]), bytes(&[960])]);
    let interleaved = drawn(Format::P010);
    assert_eq!([interleaved.plane(0), interleaved.plane(1)], [bytes(&[250 << 6; 2]), bytes(&[409 << 6, 960 << 6])]);
}

/// A ramp of a quarter of a grey level a column.
struct Ramp;

impl Page for Ramp {
    fn draw(&self, x: usize, _: usize, out: &mut PageChunk) {
        for (i, pixel) in out.iter_mut().enumerate() {
            *pixel = [(x + i) as i16 * (LAYER_STEP / 4); 4];
        }
    }
}

#[test]
fn ten_bits_keep_what_is_finer_than_a_grey_level() {
    for (format, shift) in [(Format::I42010, 0), (Format::P010, 6)] {
        let colorimetry = Colorimetry { matrix: Matrix::Bt709, range: Range::Full };
        let info = FrameInfo::new(format, 1021, 2).unwrap().with_colorimetry(colorimetry);
        let mut frame = OwnedFrame::new(info);
        emit(Level::detect(), &Ramp, None, &mut frame.view_mut());
        let (samples, _) = frame.plane(0).as_chunks::<2>();
        let codes: Vec<u16> = samples.iter().map(|&bytes| u16::from_le_bytes(bytes) >> shift).collect();
        assert_eq!((codes[0], codes[1020]), (0, 1023), "{format:?}");
        assert!(codes[..1021].windows(2).all(|pair| pair[0] < pair[1]), "{format:?}: each step is seen");
    }
}

#[cfg(feature = "cuda")]
#[test]
fn pages_on_the_card_have_the_same_bytes() {
    use crate::device::tests::card;
    use crate::device::{DeviceBuffer, DeviceFrame, DevicePlane, PinnedFrame};
    use crate::print::cuda::{DevicePress, PageHow, lay_out};
    use crate::print::{Beside, FinishedPage, Press, Print, Printed};

    let Some(device) = card() else { return };
    let mut random = Random::new(7);
    let (width, height) = (75, 41);
    let layers = Layers::from_fn(width, height, |_, _| [(); 4].map(|()| random.below(32_641) as i16));
    let source = Picture::from_fn(width, height, |_, _| (random.bits() as u32).to_le_bytes());
    let lender = noise::frame(FrameInfo::new(Format::Rgba, width, height).unwrap(), 4);
    let mut pinned = PinnedFrame::new(&device, *lender.info()).unwrap();
    pinned.fill(&lender.view()).unwrap();
    let mut card_lender = DeviceFrame::new(&device, *lender.info()).unwrap();
    card_lender.upload_from(&device, &pinned).unwrap();
    let card_layers = DevicePlane::with_values(&device, &layers).unwrap();
    let card_source = DevicePlane::with_values(&device, &source).unwrap();
    let (paper, shift) = ([0.99, 0.97, 0.90], [17.25, -311.625]);
    for print in [Print::Flat, Print::Process { paper, period_px: 5.3 }, Print::Tone { paper, period_px: 4.7 }] {
        let press = Press::new(print, width);
        let mut card_press = DevicePress::new(&device, print, width, height).unwrap();
        let card_shift = DeviceBuffer::with_values(&device, &shift).unwrap();
        lay_out(&device, &card_shift, &mut card_press).unwrap();
        for (ink, strength) in [(1.0, 1.0), (1.4, 0.6)] {
            for beside in [Beside::Nothing, Beside::Split { divider: 3 }, Beside::Source] {
                let (press, source, layers) = (&press, &source, &layers);
                let printed = Printed { level: Level::Plain, press, source, layers, shift, ink, strength };
                let page = FinishedPage { printed, beside };
                let how = DeviceBuffer::with_values(&device, &[PageHow::new(ink, strength, beside)]).unwrap();
                let page_width = if beside == Beside::Source { 2 * width } else { width };
                for format in Format::ALL {
                    let info = FrameInfo::new(format, page_width, height).unwrap();
                    let (mut expected, mut found) = (OwnedFrame::new(info), OwnedFrame::new(info));
                    emit(Level::Plain, &page, Some(&lender.view()), &mut expected.view_mut());
                    let mut frame = DeviceFrame::new(&device, info).unwrap();
                    let alpha = Some(&card_lender);
                    cuda::emit(&device, &card_press, &how, &card_source, &card_layers, alpha, &mut frame).unwrap();
                    let mut pinned = PinnedFrame::new(&device, info).unwrap();
                    frame.download_to(&device, &mut pinned).unwrap();
                    pinned.copy_to(&mut found.view_mut()).unwrap();
                    assert!(found == expected, "{format:?} {print:?} ink {ink} strength {strength} {beside:?}");
                }
            }
        }
    }
}
