//! Whatever cannot be done is said in one sentence, with its own exit code, and leaves no file behind.

use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::media::{Clip, launch, times};
use crate::{at, fail, inkcast, names, stderr, succeed};

#[test]
fn inputs_that_are_no_videos_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| at(&folder, name);
    std::fs::write(file("empty.mp4"), b"").unwrap();
    std::fs::write(file("text.mp4"), b"To be, or not to be, that is the question.\n".repeat(50)).unwrap();
    std::fs::write(
        file("noise.mp4"),
        (0..5000u32).map(|n| (n.wrapping_mul(2654435761) >> 13) as u8).collect::<Vec<_>>(),
    )
    .unwrap();
    std::fs::create_dir(file("nothing")).unwrap();
    launch(
        &format!("audiotestsrc num-buffers=20 ! avenc_aac ! mp4mux ! filesink location={}", file("sound.mp4")),
        |_| true,
    );
    launch(&format!("videotestsrc num-buffers=1 ! pngenc ! filesink location={}", file("picture.mp4")), |_| true);
    launch(&format!("videotestsrc num-buffers=1 ! jpegenc ! filesink location={}", file("photo.jpg")), |_| true);
    let before = names(folder.path());

    for (name, words) in [
        ("missing.mp4", "does not exist"),
        ("empty.mp4", "is empty"),
        ("nothing", "has no videos"),
        ("sound.mp4", "sound only"),
        ("picture.mp4", "inkcast image"),
        ("photo.jpg", "inkcast image"),
        ("text.mp4", "not a media file"),
        ("noise.mp4", "not a media file"),
    ] {
        let said = fail(3, &["convert", &file(name)]);
        assert!(said.contains(name) && said.contains(words), "{name}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
        assert_eq!(names(folder.path()), before, "{name}");
    }
}

#[test]
fn a_codec_without_a_decoder_is_named_with_its_package() {
    let folder = tempfile::tempdir().unwrap();
    let input = at(&folder, "in.mp4");
    Clip { frames: 5, ..Clip::default() }.write(&input);
    let decoders =
        "avdec_h264:NONE,openh264dec:NONE,vah264dec:NONE,vaapih264dec:NONE,nvh264dec:NONE,v4l2slh264dec:NONE";
    let output = inkcast(&["convert", &input]).env("GST_PLUGIN_FEATURE_RANK", decoders).output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(said.contains("H.264") && said.contains("apt-get install gstreamer1.0-libav"), "{said}");
    assert_eq!(names(folder.path()), ["in.mp4"]);
}

#[test]
fn outputs_are_guarded() {
    let folder = tempfile::tempdir().unwrap();
    let (input, taken) = (at(&folder, "in.mp4"), at(&folder, "taken.mp4"));
    Clip { frames: 5, sound: "", ..Clip::default() }.write(&input);
    std::fs::write(&taken, b"precious").unwrap();

    let said = fail(4, &["convert", &input, "-o", &taken]);
    assert!(said.contains("taken.mp4") && said.contains("--force"), "{said}");
    assert_eq!(std::fs::read(&taken).unwrap(), b"precious");
    assert!(fail(4, &["convert", &input, "-o", &input, "--force"]).contains("is an input"));
    assert!(fail(4, &["convert", &input, "-o", &at(&folder, "out.gif")]).contains(".mp4"));
    assert!(fail(4, &["convert", &input, "-o", &at(&folder, "no/out.mp4")]).contains("no folder"));
    assert!(fail(4, &["convert", &input, "-o", "/proc/out.mp4"]).contains("/proc/out.mp4"));
    assert!(fail(2, &["convert", &input, "-o", &at(&folder, "a.webm"), "--encoder", "x264"]).contains("webm"));
    assert_eq!(names(folder.path()), ["in.mp4", "taken.mp4"]);

    succeed(&["convert", &input, "-o", &taken, "--force"]);
    assert_eq!(times(&taken).len(), 5);
}

#[test]
fn a_failed_conversion_does_not_touch_what_it_should_replace() {
    let folder = tempfile::tempdir().unwrap();
    let (input, taken) = (at(&folder, "in.mp4"), at(&folder, "taken.mp4"));
    std::fs::write(&input, b"no video").unwrap();
    std::fs::write(&taken, b"precious").unwrap();
    fail(3, &["convert", &input, "-o", &taken, "--force"]);
    assert_eq!(std::fs::read(&taken).unwrap(), b"precious");
}

/// A limit on the size of files stands for a full disk: writing fails in the same place.
#[test]
fn a_full_disk_is_said_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let input = at(&folder, "in.mp4");
    Clip { size: (320, 180), frames: 60, ..Clip::default() }.write(&input);
    for output in ["out.mp4", "out.mkv"] {
        let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";
        let mut command = Command::new("bash");
        command.arg0("bash").args(["-c", script, env!("CARGO_BIN_EXE_inkcast")]);
        let result =
            command.args(["convert", &input, "-o", &at(&folder, output), "--quality", "100"]).output().unwrap();
        let said = stderr(&result);
        assert_eq!(result.status.code(), Some(4), "{said}");
        assert!(said.contains(output), "{said}");
        assert_eq!(names(folder.path()), ["in.mp4"], "{output}");
    }
}

#[test]
fn styles_models_and_devices_are_checked_before_any_work() {
    let folder = tempfile::tempdir().unwrap();
    let input = at(&folder, "in.mp4");
    Clip { frames: 5, sound: "", ..Clip::default() }.write(&input);
    let model = at(&folder, "model");
    std::fs::create_dir(&model).unwrap();
    for (options, words) in [
        (&["--style", "watercolour"][..], "ink"),
        (&["--model", &at(&folder, "no-model")], "no-model"),
        (&["--model", &model], "model.toml"),
        (&["--device", "gpu"], "cuda:N"),
        (&["--device", "cuda:97"], "device cuda:97 cannot be used"),
    ] {
        let said = fail(6, &[&["convert", &input], options].concat());
        assert!(said.contains(words), "{options:?}: {said}");
    }
    for options in [
        ["--strength", "2"],
        ["--quality", "101"],
        ["--start", "1:75"],
        ["--size", "big"],
        ["--size", "161x91"],
        ["--compare", "both"],
    ] {
        let said = fail(2, &[&["convert", &input], &options[..]].concat());
        assert!(said.contains(options[0]), "{said}");
    }
    assert!(fail(3, &["convert", &input, "--start", "10"]).contains("--start"));
    assert_eq!(names(folder.path()), ["in.mp4", "model"]);
}

#[test]
fn a_picture_too_small_for_the_encoder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (at(&folder, "line.mkv"), at(&folder, "out.mp4"));
    let caps = "video/x-raw,format=I420,width=160,height=1";
    launch(&format!("videotestsrc num-buffers=3 ! {caps} ! matroskamux ! filesink location={input}"), |_| true);
    let said = fail(3, &["convert", &input, "-o", &output]);
    assert!(said.contains("160x1") && said.contains("2x2"), "{said}");
    assert_eq!(names(folder.path()), ["line.mkv"]);
}

#[test]
fn sound_that_is_left_out_does_not_make_a_file_look_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (at(&folder, "in.mp4"), at(&folder, "out.mp4"));
    let video = "videotestsrc num-buffers=10 ! video/x-raw,width=64,height=48,framerate=10/1 ! x264enc";
    let sound = "audiotestsrc num-buffers=110 samplesperbuffer=1024 ! avenc_aac";
    launch(&format!("{video} ! mp4mux name=m ! filesink location={input} {sound} ! m."), |_| true);
    let said = succeed(&["convert", &input, "-o", &output, "--no-audio"]);
    assert!(!said.contains("cut off"), "{said}");
}

#[test]
fn a_cut_off_file_is_converted_up_to_its_last_whole_frame() {
    let folder = tempfile::tempdir().unwrap();
    for (name, muxer) in [("in.mp4", "mp4mux faststart=true"), ("in.mkv", "matroskamux")] {
        let (input, output) = (at(&folder, name), at(&folder, &format!("out-{name}")));
        Clip { frames: 90, muxer, ..Clip::default() }.write(&input);
        let whole = std::fs::read(&input).unwrap();
        std::fs::write(&input, &whole[..whole.len() * 6 / 10]).unwrap();
        let said = succeed(&["convert", &input, "-o", &output]);
        assert!(said.contains("cut off"), "{name}: {said}");
        let frames = times(&output).len();
        assert!((20..80).contains(&frames), "{name}: {frames} frames");
    }
}

#[test]
fn a_file_without_its_index_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let input = at(&folder, "in.mp4");
    Clip::default().write(&input);
    let whole = std::fs::read(&input).unwrap();
    std::fs::write(&input, &whole[..whole.len() / 2]).unwrap();
    let said = fail(3, &["convert", &input]);
    assert!(said.contains("index"), "{said}");
    assert_eq!(names(folder.path()), ["in.mp4"]);
}
