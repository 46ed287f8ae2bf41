//! Training on sequences of a clip, from the file to checkpoints.

mod photos;

use std::fs;
use std::path::{Path, PathBuf};

use candle_core::Device;
use gstreamer as gst;
use gstreamer::prelude::*;
use image::RgbImage;
use inkcast_train::data::{Preparation, prepare};
use inkcast_train::fit::{Job, fit};
use inkcast_train::table::Rows;

/// A ball that moves, in a folder for training, and a picture in one for tests, so that it is known what is held out.
fn write_clip(folder: &Path) {
    for part in ["train/real_images", "test/real_images"] {
        fs::create_dir_all(folder.join(part)).unwrap();
    }
    let picture = RgbImage::from_fn(96, 80, |x, y| image::Rgb([x as u8 * 2, y as u8 * 3, 200 - x as u8]));
    picture.save(folder.join("test/real_images/ramp.png")).unwrap();
    gst::init().unwrap();
    let pipeline = gst::parse::launch(&format!(
        "videotestsrc num-buffers=20 pattern=ball ! video/x-raw,width=96,height=80,framerate=10/1 ! jpegenc ! avimux \
         ! filesink location=\"{}\"",
        folder.join("train/real_images/ball.avi").display()
    ))
    .unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let bus = pipeline.bus().unwrap();
    let message = bus.timed_pop_filtered(None, &[gst::MessageType::Eos, gst::MessageType::Error]).unwrap();
    pipeline.set_state(gst::State::Null).unwrap();
    assert_eq!(message.type_(), gst::MessageType::Eos, "{message:?}");
}

/// Photos in `data`, and sequences of a clip too if there are to be any.
fn prepare_data(work: &Path, clip_sequences: usize) -> PathBuf {
    let (data, clips) = (work.join("data"), work.join("clips"));
    photos::prepare_photos(work, &data);
    write_clip(&clips);
    let preparation = Preparation {
        photos: vec![work.join("photos"), clips.join("test")],
        comics: vec![],
        clips: vec![clips.join("train")],
        only: None,
        out: data.clone(),
        limit: None,
        frames_per_clip: 1,
        clip_sequences,
        sizes: 1,
        held_out: 2,
        seed: 1,
    };
    assert_eq!(prepare(&preparation).unwrap().sequences, clip_sequences);
    data
}

/// A fit of eight steps on sequences alone, this share of them of clips.
fn job(work: &Path, run: &str, clips: f32, resume: bool) -> Job {
    let temporal = format!(
        "[temporal]\noutput = 1.0\nfeatures = 0.5\nluminance-aware = true\nthrough-time = true\n[temporal.sequences]\n\
         frames = 3\nshare = 1.0\nclips = {clips}\nstill = 0.0\nshift = 2.0\nturn = 1.0\nwaves = 0.5\noccluders = 0.5\n\
         flicker = 0.02\nmotion-error = 0.1\n\n[losses]"
    );
    let text = include_str!("../configs/debug.toml")
        .replace("style-dims = 2", "style-dims = 2\ncarried-input = true")
        .replace("steps = 20", "steps = 8")
        .replace("checkpoint-every = 10", "checkpoint-every = 4")
        .replace("[losses]", &temporal);
    let config = work.join(format!("{run}.toml"));
    fs::write(&config, text).unwrap();
    Job {
        config,
        data: work.join("data"),
        run: work.join(run),
        base: None,
        device: Device::Cpu,
        resume,
        steps: None,
        command: String::new(),
        commit: String::new(),
    }
}

#[test]
fn a_resumed_fit_on_clips_is_an_unbroken_one() {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path();
    prepare_data(work, 2);
    for (run, clips) in [("stills", 0.0), ("clips", 0.5)] {
        fit(&job(work, run, clips, false)).unwrap();
    }
    let losses = |run: &str| Rows::read(&work.join(run).join("log.csv")).unwrap().column("loss").unwrap();
    assert_ne!(losses("stills"), losses("clips"));

    let checkpoint = |run: &str, steps: u32| work.join(run).join(format!("checkpoints/step-{steps:08}.safetensors"));
    fs::create_dir_all(work.join("broken/checkpoints")).unwrap();
    for file in ["run.toml", "log.csv", "measured.csv", "checkpoints/step-00000004.safetensors"] {
        fs::copy(work.join("clips").join(file), work.join("broken").join(file)).unwrap();
    }
    fit(&job(work, "broken", 0.5, true)).unwrap();
    assert!(fs::read(checkpoint("broken", 8)).unwrap() == fs::read(checkpoint("clips", 8)).unwrap());
    assert_eq!(losses("broken"), losses("clips"));
}

#[test]
fn data_without_sequences_of_clips_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = prepare_data(folder.path(), 0);
    let error = format!("{:#}", fit(&job(folder.path(), "run", 0.5, false)).unwrap_err());
    for expected in ["temporal.sequences.clips is 0.5", "--clip-sequences", &data.display().to_string()] {
        assert!(error.contains(expected), "{error}");
    }
}
