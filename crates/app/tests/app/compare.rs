//! `inkcast compare` on files whose figures are known.

use serde_json::Value;

use crate::media::{Clip, launch, tag_to_turn};
use crate::{at, fail, inkcast, stderr, succeed};

/// Writes frames without loss: `source` is a `videotestsrc` with its properties.
fn write(path: &str, source: &str, size: (u32, u32)) {
    let caps = format!("video/x-raw,format=I420,width={},height={},framerate=10/1", size.0, size.1);
    launch(&format!("{source} ! {caps} ! matroskamux ! filesink location={path}"), |_| true);
}

/// One colour everywhere, `level` of 255.
fn grey(level: u32, frames: u32) -> String {
    let colour = 0xff00_0000 + level * 0x0001_0101;
    format!("videotestsrc num-buffers={frames} pattern=solid-color foreground-color={colour}")
}

fn compare(arguments: &[&str]) -> Value {
    let output = inkcast(&[&["compare", "--json"], arguments].concat()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn number(figures: &Value, name: &str) -> f64 {
    figures[name].as_f64().unwrap_or_else(|| panic!("{name} in {figures}"))
}

#[test]
fn a_video_is_like_itself() {
    let folder = tempfile::tempdir().unwrap();
    let clip = at(&folder, "clip.mp4");
    Clip { frames: 12, ..Clip::default() }.write(&clip);
    let figures = compare(&[&clip, &clip, "--per-frame", &clip]);
    for (name, expected) in [
        ("frames_src", 12.0),
        ("frames_out", 12.0),
        ("frames_pf", 12.0),
        ("cuts", 0.0),
        ("change", 0.0),
        ("sharp_kept", 1.0),
        ("gain", 1.0),
        ("ratio_to_src", 1.0),
        ("width", 160.0),
        ("height", 90.0),
    ] {
        assert_eq!(number(&figures, name), expected, "{name} in {figures}");
    }
    assert!(figures["flow"].as_str().unwrap().contains("inkcast-motion"));
    assert_eq!(figures["notes"], Value::Array(vec![]));
}

#[test]
fn known_flicker_and_change_are_measured() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| at(&folder, name);
    let (source, calm, blinking) = (file("source.mkv"), file("calm.mkv"), file("blinking.mkv"));
    write(&source, &grey(100, 8), (96, 64));
    write(&calm, &grey(120, 8), (96, 64));
    // Two colours by turns, 30 grey levels apart.
    let blink = grey(120, 8).replace("solid-color", "blink") + &format!(" background-color={}", 0xff5a_5a5au32);
    write(&blinking, &blink, (96, 64));

    // Luma in I420 has 219 levels, so a level of RGB may be off by one.
    let near = |figures: &Value, name: &str, expected: f64, tolerance: f64| {
        let value = number(figures, name);
        assert!((value - expected).abs() <= tolerance, "{name}: {value} for {expected}");
    };
    let figures = compare(&[&source, &calm, "--per-frame", &blinking]);
    near(&figures, "change", 20.0, 1.5);
    near(&figures, "flat_flicker", 0.0, 0.0);
    near(&figures, "flat_flicker_pf", 30.0, 1.5);
    near(&figures, "e_warp_src", 0.0, 0.0);
    near(&figures, "e_warp_out", 0.0, 0.0);
    near(&figures, "e_warp_pf", (30.0f64 / 255.0).powi(2), 1.4e-3);
    near(&figures, "flat_out", 1.0, 0.0);
    near(&figures, "ink_out", 0.0, 0.0);

    let alone = compare(&[&source, &blinking]);
    near(&alone, "flat_flicker", 30.0, 1.5);
    assert!(alone["gain"].is_null() && alone["e_warp_pf"].is_null() && alone["frames_pf"].is_null(), "{alone}");
}

#[test]
fn figures_come_as_a_table_for_people() {
    let folder = tempfile::tempdir().unwrap();
    let (source, comic) = (at(&folder, "source.mkv"), at(&folder, "comic.mkv"));
    write(&source, "videotestsrc num-buffers=6 pattern=smpte horizontal-speed=2", (96, 64));
    succeed(&["convert", &source, "-o", &comic, "--quiet"]);
    let output = inkcast(&["compare", &source, &comic, "--per-frame", &comic]).output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    for words in ["per frame", "warping error", "gain", "1.000", "sharpness kept", "cuts", "96x64", "inkcast-motion"] {
        assert!(table.contains(words), "{words}: {table}");
    }
    let output = inkcast(&["compare", &source, &comic]).output().unwrap();
    assert!(!String::from_utf8(output.stdout).unwrap().contains("gain"));
}

#[test]
fn videos_of_different_lengths_and_sizes_are_compared_as_far_as_they_go() {
    let folder = tempfile::tempdir().unwrap();
    let (long, short) = (at(&folder, "long.mkv"), at(&folder, "short.mkv"));
    write(&long, &grey(100, 9), (192, 128));
    write(&short, &grey(100, 6), (96, 64));
    let figures = compare(&[&long, &short]);
    assert_eq!((number(&figures, "frames_src"), number(&figures, "frames_out")), (9.0, 6.0));
    assert_eq!((number(&figures, "width"), number(&figures, "change")), (192.0, 0.0));
    assert!(figures["notes"][0].as_str().unwrap().contains("first 6"), "{figures}");
    let said = succeed(&["compare", &long, &short]);
    assert!(said.contains("note:") && said.contains("9 frames") && said.contains("has 6"), "{said}");

    let figures = compare(&[&long, &short, "--max-frames", "4", "--width", "48"]);
    assert_eq!((number(&figures, "frames_src"), number(&figures, "frames_out")), (4.0, 4.0));
    assert_eq!((number(&figures, "width"), number(&figures, "height")), (48.0, 32.0));
}

#[test]
fn turned_recordings_are_compared_upright() {
    let folder = tempfile::tempdir().unwrap();
    let (input, copy) = (at(&folder, "in.mp4"), at(&folder, "copy.mp4"));
    Clip { frames: 5, sound: "", ..Clip::default() }.write(&input);
    tag_to_turn(&input, [0, 1, -1, 0]);
    succeed(&["convert", &input, "-o", &copy, "--strength", "0", "--quality", "95"]);
    let figures = compare(&[&input, &copy]);
    assert_eq!((number(&figures, "width"), number(&figures, "height")), (90.0, 160.0));
    assert!(number(&figures, "change") < 4.0, "{figures}");
}

#[test]
fn files_that_cannot_be_compared_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| at(&folder, name);
    let (good, wide, text) = (file("good.mkv"), file("wide.mkv"), file("text.mp4"));
    write(&good, &grey(100, 3), (96, 64));
    write(&wide, &grey(100, 3), (192, 64));
    std::fs::write(&text, "not a video, only words\n".repeat(40)).unwrap();
    std::fs::write(file("empty.mp4"), b"").unwrap();
    launch(
        &format!("audiotestsrc num-buffers=20 ! avenc_aac ! mp4mux ! filesink location={}", file("sound.mp4")),
        |_| true,
    );
    // An index that lists no frame.
    let frameless = file("frameless.mp4");
    launch(&format!("videotestsrc num-buffers=0 ! x264enc ! mp4mux ! filesink location={frameless}"), |_| true);

    for (name, words) in [
        ("missing.mp4", "does not exist"),
        ("empty.mp4", "is empty"),
        ("sound.mp4", "sound only"),
        ("text.mp4", "not a media file"),
        ("wide.mkv", "different shapes"),
    ] {
        let name = file(name);
        for arguments in [[&good, &name], [&name, &good]] {
            let said = fail(3, &["compare", arguments[0], arguments[1]]);
            assert!(said.contains(&name) && said.contains(words), "{name}: {said}");
            assert_eq!(said.trim_end().lines().count(), 1, "{said}");
        }
        let said = fail(3, &["compare", &good, &good, "--per-frame", &name]);
        assert!(said.contains(&name), "{said}");
    }
    // Once is enough: GStreamer may look for a frame for half a minute.
    let said = fail(3, &["compare", &good, &frameless]);
    assert!(said.contains(&frameless), "{said}");
    let here = folder.path().to_str().unwrap();
    assert!(fail(3, &["compare", &good, here]).contains("is a folder"));
    for options in [["--width", "0"], ["--width", "wide"], ["--max-frames", "0"]] {
        assert!(fail(2, &[&["compare", &good, &good], &options[..]].concat()).contains(options[0]));
    }
    assert!(fail(2, &["compare", &good]).contains("STYLISED"));
}
