use std::path::Path;

use candle_core::Device;
use gstreamer as gst;
use gstreamer::prelude::*;

use super::clips::{read_frames, read_sequences};
use super::{Augment, Damage, Drawing, Example, Sequences, Split, Unpaired, draw, draw_unpaired, load};
use crate::looks::Look;

pub(super) const NONE: Damage = Damage { noise: 0.0, jpeg: 0.0, blur: 0.0, exposure: 0.0, colour: 0.0 };

const UPRIGHT: Augment = Augment { turns: 0.0, rotation: 0.0, scale: [1.0; 2] };

fn still(count: usize, size: usize, damage: &Damage) -> Drawing<'_> {
    Drawing { look: Look::Ink, count, size, augment: &UPRIGHT, damage, sequences: None, clips: &[] }
}

/// A clip of 20 frames of 64x48 pixels, two seconds long.
pub(super) fn write_clip(path: &Path) {
    launch(&format!(
        "videotestsrc num-buffers=20 ! video/x-raw,width=64,height=48,framerate=10/1 ! jpegenc ! avimux \
         ! filesink location=\"{}\"",
        path.display()
    ));
}

/// Runs a pipeline to its end.
pub(super) fn launch(description: &str) {
    gst::init().unwrap();
    let pipeline = gst::parse::launch(description).unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let bus = pipeline.bus().unwrap();
    let message = bus.timed_pop_filtered(None, &[gst::MessageType::Eos, gst::MessageType::Error]).unwrap();
    pipeline.set_state(gst::State::Null).unwrap();
    assert_eq!(message.type_(), gst::MessageType::Eos, "{message:?}");
}

#[test]
fn frames_are_spread_over_a_clip() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.avi");
    write_clip(&path);
    let frames = read_frames(&path, 5).unwrap();
    assert_eq!(frames.len(), 5);
    assert!(frames.iter().all(|frame| frame.dimensions() == (64, 48)));
    assert_eq!(read_frames(&path, 1).unwrap().len(), 1);
    assert_eq!(read_frames(&path, 50).unwrap().len(), 20, "a clip has no more frames than it has");
}

#[test]
fn sequences_are_spread_over_a_clip_and_share_no_frame() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.avi");
    write_clip(&path);
    let frames = read_frames(&path, 20).unwrap();
    // Of 20 frames in two seconds: the first at or after 0, 2/3 and 4/3 of a second.
    let expected = [0, 7, 14].map(|first| frames[first..first + 4].to_vec());
    assert!(read_sequences(&path, 3, 4).unwrap() == expected);
    let expected: Vec<_> = frames.chunks(4).map(<[_]>::to_vec).collect();
    assert!(read_sequences(&path, 9, 4).unwrap() == expected);
    assert!(read_sequences(&path, 1, 21).unwrap().is_empty());
}

#[test]
fn what_is_no_clip_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broken.mp4");
    std::fs::write(&path, b"this is no video").unwrap();
    let error = format!("{:#}", read_frames(&path, 2).unwrap_err());
    assert!(error.contains("broken.mp4"), "{error}");
}

#[test]
fn what_has_no_video_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sound.avi");
    launch(&format!("audiotestsrc num-buffers=20 ! avimux ! filesink location=\"{}\"", path.display()));
    let error = format!("{:#}", read_frames(&path, 2).unwrap_err());
    assert!(error.contains("sound.avi") && error.contains("no video"), "{error}");
}

#[test]
fn data_that_was_not_prepared_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = format!("{:#}", load(folder.path(), Split::Train, &Look::ALL).err().unwrap());
    assert!(error.contains("inkcast-train prepare"), "{error}");
}

#[test]
fn stored_examples_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let example = Example::synthetic(31, 20, &Look::ALL);
    std::fs::create_dir(folder.path().join("train")).unwrap();
    example.save(&folder.path().join("train")).unwrap();
    let loaded = load(folder.path(), Split::Train, &[Look::Manga]).unwrap();
    assert_eq!((loaded[0].width, loaded[0].height), (31, 20));
    assert_eq!(loaded[0].source, example.source);
    assert_eq!(loaded[0].layers[&Look::Manga], example.layers[&Look::Manga]);
}

#[test]
fn crops_are_the_same_for_the_same_seed_and_match_their_layers() {
    let examples = [Example::synthetic(24, 24, &[Look::Ink])];
    let batch = |seed| draw(&examples, &still(4, 16, &NONE), seed, &Device::Cpu).unwrap();
    let flat = |tensor: &candle_core::Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let (first, second) = (batch(3), batch(3));
    assert_eq!(flat(&first.frames[0]), flat(&second.frames[0]));
    assert_ne!(flat(&first.frames[0]), flat(&batch(4).frames[0]));
    assert_eq!(first.target.dims(), [4, 4, 16, 16]);

    // If the layers are the source itself with blue repeated, input and target must agree pixel by pixel.
    let mut same = Example::synthetic(24, 24, &[Look::Ink]);
    let repeated = same.source.chunks_exact(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], pixel[2]]).collect();
    same.layers.insert(Look::Ink, repeated);
    let batch = draw(&[same], &still(6, 16, &NONE), 5, &Device::Cpu).unwrap();
    assert_eq!(flat(&batch.frames[0]), flat(&batch.target.narrow(1, 0, 3).unwrap()));
}

#[test]
fn noise_has_the_strength_it_is_given() {
    let mut grey = Example::synthetic(64, 64, &[Look::Ink]);
    grey.source.fill(128);
    let damage = Damage { noise: 0.04, ..NONE };
    let batch = draw(&[grey], &still(64, 64, &damage), 1, &Device::Cpu).unwrap();
    let values = batch.frames[0].flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let variance: f32 = values.iter().map(|value| (value - 128.0 / 255.0).powi(2)).sum::<f32>() / values.len() as f32;
    // Deviations even in 0..0.04: the mean square is a third of 0.04 squared.
    let expected = 0.04f32.powi(2) / 3.0;
    assert!((variance / expected - 1.0).abs() < 0.3, "{variance} instead of {expected}");
}

#[test]
fn strong_damage_stays_in_range() {
    let damage = Damage { noise: 0.5, jpeg: 1.0, blur: 1.0, exposure: 0.5, colour: 0.5 };
    let examples = [Example::synthetic(40, 40, &[Look::Ink])];
    let batch = draw(&examples, &still(4, 32, &damage), 1, &Device::Cpu).unwrap();
    let values = batch.frames[0].flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert!(values.iter().all(|value| (0.0..=1.0).contains(value)));
}

#[test]
fn earlier_frames_warped_by_their_links_are_the_newer_ones() {
    // Smooth shades, which interpolation reproduces.
    let mut smooth = Example::synthetic(200, 180, &[Look::Ink]);
    for (index, value) in smooth.source.iter_mut().enumerate() {
        let (x, y) = (index / 3 % 200, index / 600);
        *value = (128.0 + 60.0 * (x as f32 / 17.0).sin() + 60.0 * (y as f32 / 13.0).cos()) as u8;
    }
    let sequences = Sequences {
        frames: 3,
        share: 1.0,
        clips: 0.0,
        still: 0.0,
        shift: 6.0,
        turn: 1.5,
        waves: 1.0,
        occluders: 1.0,
        flicker: 0.0,
        motion_error: 0.0,
    };
    let drawing = Drawing { sequences: Some(&sequences), ..still(8, 96, &NONE) };
    let batch = draw(&[smooth], &drawing, 2, &Device::Cpu).unwrap();
    assert_eq!((batch.frames.len(), batch.links.len()), (3, 2));
    for (index, link) in batch.links.iter().enumerate() {
        let warped = crate::ops::warp(&batch.frames[index], &link.places, crate::ops::Kernel::Cubic).unwrap();
        let flat = |tensor: &candle_core::Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let (warped, newer) = (flat(&warped), flat(&batch.frames[index + 1]));
        let confidence = flat(&link.confidence.broadcast_as((8, 3, 96, 96)).unwrap());
        // More than 0.7 is given to exact motion only; the half-covered rim of an occluder may differ.
        let sure: Vec<f32> =
            (0..confidence.len()).filter(|&i| confidence[i] > 0.7).map(|i| (warped[i] - newer[i]).abs()).collect();
        assert!(sure.len() > confidence.len() / 10, "{}", sure.len());
        assert!(confidence.contains(&0.0));
        let wrong = sure.iter().filter(|&&difference| difference > 0.03).count();
        assert!(wrong < sure.len() / 50, "{wrong} of {}", sure.len());
    }
}

/// Crops of a picture whose layers are the source itself with blue repeated.
fn same_turned(augment: &Augment) -> (Vec<f32>, Vec<f32>) {
    let mut same = Example::synthetic(40, 36, &[Look::Ink]);
    for (index, pixel) in same.source.chunks_exact_mut(3).enumerate() {
        pixel.copy_from_slice(&[(index % 40 * 4) as u8, (index / 40 * 4) as u8, 90]);
    }
    let repeated = same.source.chunks_exact(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], pixel[2]]).collect();
    same.layers.insert(Look::Ink, repeated);
    let drawing = Drawing { augment, ..still(40, 16, &NONE) };
    let batch = draw(&[same], &drawing, 5, &Device::Cpu).unwrap();
    let flat = |tensor: &candle_core::Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    (flat(&batch.frames[0]), flat(&batch.target.narrow(1, 0, 3).unwrap()))
}

/// How red, which counts columns, and green, which counts rows, grow to the right in the middle of each crop.
fn directions(crops: &[f32]) -> Vec<[i32; 2]> {
    // Over eight pixels: the interpolation ripples a little between two.
    let step = |plane: &[f32]| ((plane[140] - plane[132]) / 8.0 * 255.0 / 4.0 * 100.0).round() as i32;
    crops.chunks_exact(3 * 256).map(|crop| [step(&crop[..256]), step(&crop[256..512])]).collect()
}

#[test]
fn layers_turn_with_their_picture() {
    let (input, target) = same_turned(&Augment { turns: 0.75, ..UPRIGHT });
    assert_eq!(input, target);
    let directions = directions(&input);
    // To the right, to the left, down and up, about ten times each, and never askew.
    for direction in [[100, 0], [-100, 0], [0, 100], [0, -100]] {
        let count = directions.iter().filter(|&&is| is == direction).count();
        assert!((4..=18).contains(&count), "{count} times {direction:?}");
    }
    assert!(directions.iter().all(|[x, y]| x * y == 0));
}

#[test]
fn a_small_rotation_stays_inside_the_picture() {
    let (input, target) = same_turned(&Augment { rotation: 20.0, ..UPRIGHT });
    assert_eq!(input, target);
    for [x, y] in directions(&input) {
        // Columns and rows of a crop rotated by up to 20 degrees: cosine from 0.94, sine to 0.342. What lies outside
        // would not grow at all.
        let length = f64::from(x * x + y * y).sqrt();
        assert!((length - 100.0).abs() < 2.0 && y.abs() <= 35, "{x} {y}");
    }
}

#[test]
fn unpaired_crops_are_scaled_as_said() {
    let mut slope = Example::synthetic(64, 60, &[]);
    slope.source.chunks_exact_mut(3).enumerate().for_each(|(index, pixel)| pixel.fill((index % 64 * 4) as u8));
    let augment = Augment { scale: [0.8, 1.25], ..UPRIGHT };
    let drawing = Unpaired { count: 60, size: 16, augment: &augment };
    let crops = |seed| draw_unpaired(std::slice::from_ref(&slope), &drawing, seed, &Device::Cpu).unwrap();
    assert_eq!(crops(1).dims(), [60, 3, 16, 16]);
    let values = crops(1).flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert_eq!(values, crops(1).flatten_all().unwrap().to_vec1::<f32>().unwrap());
    // A crop of 16 pixels spans 15 steps of 4 grey levels, divided by the factor.
    let factors: Vec<f32> =
        values.chunks_exact(3 * 256).map(|crop| 60.0 / ((crop[15] - crop[0]) * 255.0).abs()).collect();
    assert!(factors.iter().all(|factor| (0.79..=1.26).contains(factor)), "{factors:?}");
    assert!(factors.iter().any(|&factor| factor < 0.9) && factors.iter().any(|&factor| factor > 1.12), "{factors:?}");
    // A picture too small to be reduced is taken as it is.
    let drawing = Unpaired { size: 60, ..drawing };
    assert!(draw_unpaired(&[slope], &drawing, 1, &Device::Cpu).is_ok());
}
