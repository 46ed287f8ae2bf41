use candle_core::{Device, Tensor};
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::super::prepare::{Preparation, prepare};
use super::super::tests::{NONE, launch, write_clip};
use super::super::{Augment, Drawing, Sequences, draw};
use super::*;
use crate::ops::{Kernel, warp};

/// How far the scene of [`scrolled`] moves to the left and down from frame to frame, in pixels.
const STEP: [f32; 2] = [6.0, -3.0];

/// Frame `number` of a scene that moves as a whole.
fn scrolled(number: usize, width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (x as f32 + number as f32 * STEP[0], y as f32 + number as f32 * STEP[1]);
        let wave = |a: f32, b: f32, c: f32| 40.0 * (a * x + b * y + c).sin();
        let value = |c: f32| wave(0.21, 0.05, c) + wave(-0.06, 0.19, 2.0 * c) + wave(0.11, -0.13, 0.7);
        image::Rgb([0.0, 0.4, 0.9].map(|c| (128.0 + value(c)) as u8))
    })
}

/// A sequence whose layers are the last frame itself with blue repeated.
fn sequence() -> ClipSequence {
    let frames: Vec<RgbImage> = (0..LENGTH).map(|number| scrolled(number, 200, 160)).collect();
    let mut newest = Example::new("scrolled", &frames[LENGTH - 1], &[]);
    let repeated = newest.source.chunks_exact(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], pixel[2]]).collect();
    newest.layers.insert(Look::Ink, repeated);
    ClipSequence::new(&frames, newest).unwrap()
}

fn clips_alone(frames: usize) -> Sequences {
    Sequences {
        frames,
        share: 1.0,
        clips: 1.0,
        still: 0.0,
        shift: 6.0,
        turn: 1.5,
        waves: 1.0,
        occluders: 1.0,
        flicker: 0.0,
        motion_error: 0.0,
    }
}

fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn crops_of_a_clip_keep_its_motion_however_they_are_turned() {
    let (clips, still) = ([sequence()], [Example::synthetic(100, 100, &[Look::Ink])]);
    let (count, size) = (8, 80);
    let augment = Augment { turns: 0.5, rotation: 20.0, scale: [1.0; 2] };
    for frames in [2, 3, 4] {
        let sequences = clips_alone(frames);
        let drawing = Drawing {
            look: Look::Ink,
            count,
            size,
            augment: &augment,
            damage: &NONE,
            sequences: Some(&sequences),
            clips: &clips,
        };
        let batch = draw(&still, &drawing, 3, &Device::Cpu).unwrap();
        assert_eq!((batch.frames.len(), batch.links.len()), (frames, frames - 1));
        assert_eq!(flat(&batch.frames[frames - 1]), flat(&batch.target.narrow(1, 0, 3).unwrap()));
        for (index, link) in batch.links.iter().enumerate() {
            let moved = flat(&warp(&batch.frames[index], &link.places, Kernel::Cubic).unwrap());
            let newer = flat(&batch.frames[index + 1]);
            let confidence = flat(&link.confidence.broadcast_as((count, 3, size, size)).unwrap());
            let sure: Vec<usize> = (0..confidence.len()).filter(|&at| confidence[at] > 0.7).collect();
            assert!(sure.len() > confidence.len() / 2, "{} of {}", sure.len(), confidence.len());
            let wrong = sure.iter().filter(|&&at| (moved[at] - newer[at]).abs() > 0.04).count();
            assert!(wrong < sure.len() / 50, "{wrong} of {}", sure.len());
            // What has left the crop is not trusted.
            assert!(confidence.contains(&0.0));
            let ways = ways(&flat(&link.places), size);
            let length = STEP[0].hypot(STEP[1]);
            assert!(ways.iter().all(|[x, y]| (x.hypot(*y) - length).abs() < 0.3), "{ways:?}");
            assert!(ways.iter().any(|way| way[0] > 0.0) && ways.iter().any(|way| way[0] < 0.0), "{ways:?}");
        }
    }
}

/// The way in the middle of each crop.
fn ways(places: &[f32], size: usize) -> Vec<[f32; 2]> {
    let middle = (size / 2) * size + size / 2;
    let way = |crop: &[f32]| [0, 1].map(|axis| crop[axis * size * size + middle] - (size / 2) as f32);
    places.chunks_exact(2 * size * size).map(way).collect()
}

#[test]
fn the_same_seed_draws_the_same_and_a_share_leaves_stills() {
    let (clips, still) = ([sequence()], [Example::synthetic(100, 100, &[Look::Ink])]);
    let sequences = Sequences { clips: 0.5, ..clips_alone(3) };
    let augment = Augment::default();
    let drawing = Drawing {
        look: Look::Ink,
        count: 40,
        size: 16,
        augment: &augment,
        damage: &NONE,
        sequences: Some(&sequences),
        clips: &clips,
    };
    let batch = || draw(&still, &drawing, 1, &Device::Cpu).unwrap();
    assert_eq!(flat(&batch().links[0].places), flat(&batch().links[0].places));
    // Layers of the clip are its source, those of the still are not.
    let (frame, target) = (flat(&batch().frames[2]), flat(&batch().target));
    let is_clip = |index: &usize| frame[index * 768..][..768] == target[index * 1024..][..768];
    let count = (0..40).filter(is_clip).count();
    assert!((10..=30).contains(&count), "{count}");
    let error = draw(&still, &Drawing { clips: &[], ..drawing }, 1, &Device::Cpu).err().unwrap().to_string();
    assert!(error.contains("no sequences of clips"), "{error}");
}

/// Where sequences are prepared from two clips, one to train on and one held out.
fn preparation(folder: &Path) -> Preparation {
    let at = |path: &str| {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    };
    for number in 0..12 {
        scrolled(number, 160, 128).save(at(&format!("frames/{number:02}.png"))).unwrap();
    }
    launch(&format!(
        "multifilesrc location=\"{}\" caps=image/png,framerate=10/1 ! pngdec ! videoconvert ! video/x-raw,format=I420 \
         ! jpegenc quality=98 ! avimux ! filesink location=\"{}\"",
        folder.join("frames/%02d.png").display(),
        at("clips/train/real_images/moving.avi").display()
    ));
    write_clip(&at("clips/test/real_images/bars.avi"));
    Preparation {
        photos: vec![],
        comics: vec![],
        clips: vec![folder.join("clips")],
        only: None,
        out: folder.join("out"),
        limit: None,
        frames_per_clip: 2,
        clip_sequences: 2,
        sizes: 1,
        held_out: 1,
        seed: 7,
    }
}

#[test]
fn prepared_sequences_know_the_motion_of_their_clip() {
    let folder = tempfile::tempdir().unwrap();
    let preparation = preparation(folder.path());
    let report = prepare(&preparation).unwrap();
    assert_eq!((report.photos, report.sequences, report.computed), ([2, 2], 2, 6));
    assert!(report.to_string().contains("2 sequences of clips"), "{report}");
    let out = folder.path().join("out");
    let sequences = load_clip_sequences(&out, &[Look::Manga]).unwrap();
    assert_eq!(sequences.len(), 2);
    for ClipSequence { newest, earlier, flows } in &sequences {
        // Nothing of the clip that is held out.
        assert!(newest.name.starts_with("moving-"), "{}", newest.name);
        assert_eq!((newest.width, newest.height), (200, 160), "enlarged by a quarter at most");
        assert_eq!((earlier.len(), flows.len(), newest.layers.len()), (LENGTH - 1, LENGTH - 1, 1));
        for flow in flows {
            let ([x, y], trust) = flow.at([100.0, 80.0]);
            let (right, down) = (STEP[0] * 1.25, STEP[1] * 1.25);
            // The scene moves to the left and down, so it was further to the right and up.
            assert!((x - right).abs() < 0.3 && (y - down).abs() < 0.3 && trust > 0.9, "{x} {y} {trust}");
        }
    }
    // Frames of one sequence follow each other, and the second begins where the first has ended or later.
    assert!(sequences[0].newest.source != sequences[1].newest.source);

    let report = prepare(&preparation).unwrap();
    assert_eq!((report.sequences, report.computed, report.unused), (2, 0, 0));
    // Four frames do not fit six times into twelve.
    let report = prepare(&Preparation { clip_sequences: 6, ..preparation }).unwrap();
    assert_eq!((report.sequences, report.computed, report.unused), (3, 3, 2));
    // Data of earlier versions has no such folder.
    std::fs::remove_dir_all(out.join("sequences")).unwrap();
    assert!(load_clip_sequences(&out, &[Look::Manga]).unwrap().is_empty());
}

#[test]
fn a_sequence_without_its_motion_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("sequences/train");
    std::fs::create_dir_all(&place).unwrap();
    let whole = sequence();
    whole.save(&place).unwrap();
    let read = load_clip_sequences(folder.path(), &[Look::Ink]).unwrap();
    assert!(read[0].flows == whole.flows && read[0].earlier == whole.earlier);
    ClipSequence { flows: whole.flows[1..].to_vec(), ..whole }.save(&place).unwrap();
    let error = format!("{:#}", load_clip_sequences(folder.path(), &[Look::Ink]).err().unwrap());
    assert!(error.contains("scrolled.safetensors") && error.contains("ways.2"), "{error}");
}

#[test]
fn after_a_cut_nothing_is_trusted() {
    let blocks = |seed: u64| {
        let mut rng = StdRng::seed_from_u64(seed);
        let shades: Vec<[u8; 3]> = (0..20 * 16).map(|_| rng.random()).collect();
        RgbImage::from_fn(160, 128, |x, y| image::Rgb(shades[(y / 8 * 20 + x / 8) as usize]))
    };
    let before = blocks(1);
    let flow = Flow::estimate(&before, &blocks(2)).unwrap();
    assert!((0..160).all(|x| flow.at([x as f32, 60.0]).1 == 0.0));
    let still = Flow::estimate(&before, &before).unwrap();
    assert!((0..160).all(|x| still.at([x as f32, 60.0]) == ([0.0; 2], 1.0)));
}
