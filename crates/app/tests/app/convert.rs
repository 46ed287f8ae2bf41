//! `inkcast convert`: what goes through it unharmed.

use std::time::{Duration, Instant};

use crate::media::{Clip, caps, difference, frames, is_tagged_to_turn, launch, packets, size, tag_to_turn, times};
use crate::{at, inkcast, names, succeed};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn timestamps_and_sound_are_kept_exactly() {
    let folder = folder();
    let opus = "opusenc";
    let vp8 = "vp8enc deadline=1 cpu-used=8 keyframe-max-dist=10";
    for (name, output, clip) in [
        ("b-frames.mp4", "mp4", Clip::default()),
        ("to-mov.mp4", "mov", Clip::default()),
        ("to-matroska.mp4", "mkv", Clip::default()),
        ("varying.mp4", "mp4", Clip { keeps: |n| n % 3 == 0 || n % 7 == 1, frames: 60, ..Clip::default() }),
        ("late.mp4", "mp4", Clip { keeps: |n| n >= 11, frames: 40, ..Clip::default() }),
        ("matroska.mkv", "mkv", Clip { muxer: "matroskamux", ..Clip::default() }),
        ("matroska-to.mkv", "mp4", Clip { muxer: "matroskamux", ..Clip::default() }),
        ("web.webm", "webm", Clip { video: vp8, sound: opus, muxer: "webmmux", ..Clip::default() }),
        ("web-to.webm", "mp4", Clip { video: vp8, sound: opus, muxer: "webmmux", ..Clip::default() }),
        (
            "two-sounds.mkv",
            "mkv",
            Clip {
                sound: "tee name=t t. ! queue ! audioconvert ! flacenc ! m. t. ! queue ! audioconvert ! vorbisenc",
                muxer: "matroskamux",
                ..Clip::default()
            },
        ),
    ] {
        let (input, output) = (at(&folder, name), at(&folder, &format!("out-{name}.{output}")));
        clip.write(&input);
        let said = succeed(&["convert", &input, "-o", &output]);
        assert!(!said.contains("note:"), "{name}: {said}");

        let (expected, got) = (times(&input), times(&output));
        // The muxer of the clip may guess the length of the last frame too short, and its reader then leaves it out.
        let made = (0..clip.frames).filter(|&n| (clip.keeps)(n)).count();
        assert!((made - 1..=made).contains(&expected.len()), "{name}: the clip itself");
        // Matroska counts in milliseconds, the others in the units of the source.
        let tolerance = if output.ends_with("mkv") || output.ends_with("webm") { 1_000_000 } else { 1 };
        assert_eq!(got.len(), expected.len(), "{name}");
        for (got, expected) in got.iter().zip(&expected) {
            assert!(got.abs_diff(*expected) <= tolerance, "{name}: {got} for {expected}");
        }

        let (expected, got) = (packets(&input, "audio/"), packets(&output, "audio/"));
        assert_eq!(got.len(), expected.len(), "{name}");
        assert!(got.iter().zip(&expected).all(|(got, expected)| got.bytes == expected.bytes), "{name}");
        let late = got.iter().zip(&expected).map(|(got, expected)| got.time.abs_diff(expected.time)).max().unwrap();
        assert!(late <= tolerance.max(1_000_000), "{name}: sound is {late} ns off");
    }
    assert!(!names(folder.path()).iter().any(|name| name.starts_with('.')), "{:?}", names(folder.path()));
}

#[test]
fn it_is_a_comic_and_strength_zero_is_the_source() {
    let folder = folder();
    let (input, source, comic) = (at(&folder, "in.mp4"), at(&folder, "source.mp4"), at(&folder, "comic.mp4"));
    Clip { sound: "", ..Clip::default() }.write(&input);
    succeed(&["convert", &input, "-o", &source, "--strength", "0", "--quality", "100"]);
    succeed(&["convert", &input, "-o", &comic, "--quality", "100"]);
    let (input, source, comic) = (frames(&input), frames(&source), frames(&comic));
    assert!(difference(&input[9].bytes, &source[9].bytes) < 2.0);
    assert!(difference(&input[9].bytes, &comic[9].bytes) > 4.0);
}

/// The first packets of most recordings are there for the decoder only; an edit list says so.
#[test]
fn priming_of_sound_goes_over() {
    let folder = folder();
    let (input, output) = (at(&folder, "in.mp4"), at(&folder, "out.mp4"));
    Clip::default().write(&input);
    let all = packets(&input, "audio/");
    set_audio_edit(&input, 1024);
    assert_eq!(packets(&input, "audio/").len(), all.len() - 1, "the clip itself");

    succeed(&["convert", &input, "-o", &output]);
    assert_eq!(set_audio_edit(&output, 0), 1024);
    hide_audio_edit(&output);
    let got = packets(&output, "audio/");
    assert_eq!(got.len(), all.len());
    assert!(got.iter().zip(&all).all(|(got, expected)| got.bytes == expected.bytes));
    assert_eq!(times(&output), times(&input));
}

/// Hides the edit list of the sound of an MP4 file, so that all packets come out.
fn hide_audio_edit(path: &str) {
    let mut bytes = std::fs::read(path).unwrap();
    let list = bytes.windows(4).rposition(|window| window == b"elst").unwrap();
    bytes[list..list + 4].copy_from_slice(b"skip");
    std::fs::write(path, bytes).unwrap();
}

/// Sets where the sound of an MP4 file begins to be heard, and gives what it was.
fn set_audio_edit(path: &str, media_time: u32) -> u32 {
    let mut bytes = std::fs::read(path).unwrap();
    // The track of the sound comes last.
    let list = bytes.windows(4).rposition(|window| window == b"elst").unwrap();
    let field = list + 16..list + 20;
    let before = u32::from_be_bytes(bytes[field.clone()].try_into().unwrap());
    bytes[field].copy_from_slice(&media_time.to_be_bytes());
    std::fs::write(path, bytes).unwrap();
    before
}

#[test]
fn rotation_is_carried_out_once() {
    let folder = folder();
    for (tag, direction, is_sideways, matrix) in [
        ("rotate-90", "90r", true, [0, 1, -1, 0]),
        ("rotate-180", "180", false, [-1, 0, 0, -1]),
        ("rotate-270", "90l", true, [0, -1, 1, 0]),
    ] {
        let (input, output) = (at(&folder, &format!("{tag}.mp4")), at(&folder, &format!("{tag}-out.mp4")));
        Clip::default().write(&input);
        tag_to_turn(&input, matrix);
        assert!(is_tagged_to_turn(&input), "the clip itself");
        succeed(&["convert", &input, "-o", &output, "--strength", "0", "--quality", "100"]);
        assert!(!is_tagged_to_turn(&output), "{tag}");
        assert_eq!(size(&output), if is_sideways { (90, 160) } else { (160, 90) }, "{tag}");
        assert_eq!(times(&output), times(&input), "{tag}");

        let turned = at(&folder, &format!("{tag}.rgb"));
        launch(
            &format!(
                "filesrc location={input} ! qtdemux ! avdec_h264 ! videoflip video-direction={direction} ! \
                 videoconvert ! video/x-raw,format=RGB ! filesink location={turned}"
            ),
            |_| true,
        );
        let upright = std::fs::read(&turned).unwrap();
        let got = frames(&output);
        let stride = upright.len() / got.len();
        assert!(difference(&upright[9 * stride..10 * stride], &got[9].bytes) < 3.0, "{tag}");
    }
}

#[test]
fn colorimetry_is_kept() {
    let folder = folder();
    // None of these is what a decoder would assume for so small a picture.
    for (index, colorimetry) in ["bt709", "1:3:5:1", "2:6:16:7"].iter().enumerate() {
        let (input, output) = (at(&folder, &format!("{index}.mp4")), at(&folder, &format!("{index}-out.mp4")));
        let fields = format!(",colorimetry=(string){colorimetry}");
        Clip { caps: Box::leak(fields.into_boxed_str()), ..Clip::default() }.write(&input);
        succeed(&["convert", &input, "-o", &output]);
        let of = |path: &str| caps(path, "video/").get::<String>("colorimetry").unwrap();
        assert_eq!(of(&output), of(&input), "{colorimetry}");
    }
}

#[test]
fn clips_begin_and_end_where_they_should() {
    let folder = folder();
    let (input, output) = (at(&folder, "in.mp4"), at(&folder, "out.mp4"));
    Clip { frames: 90, ..Clip::default() }.write(&input);
    // Frame 30 is at 1.001 s.
    succeed(&[
        "convert",
        &input,
        "-o",
        &output,
        "--start",
        "1.001",
        "--duration",
        "0:01",
        "--strength",
        "0",
        "--quality",
        "100",
    ]);
    let (all, got) = (frames(&input), frames(&output));
    assert_eq!(got.len(), 30);
    assert_eq!(got[0].time, 0);
    let nearest =
        |bytes: &[u8]| (0..all.len()).min_by_key(|&n| (difference(&all[n].bytes, bytes) * 1000.0) as u64).unwrap();
    assert_eq!((nearest(&got[0].bytes), nearest(&got[29].bytes)), (30, 59));
    let sound = packets(&output, "audio/");
    assert!((44..=48).contains(&sound.len()), "{} packets of sound in a second", sound.len());
}

#[test]
fn sizes_follow_the_options() {
    let folder = folder();
    let input = at(&folder, "in.mp4");
    Clip { frames: 5, sound: "", ..Clip::default() }.write(&input);
    for (options, expected) in [
        (&["--compare", "side-by-side"][..], (320, 90)),
        (&["--compare", "split"], (160, 90)),
        (&["--size", "64x48"], (64, 48)),
        (&["--size", "320x-1"], (320, 180)),
        (&["--size", "-1x45", "--encoder", "vp9"], (80, 45)),
    ] {
        let output = at(&folder, "out.mp4");
        succeed(&[&["convert", &input, "-o", &output, "--force"], options].concat());
        assert_eq!(size(&output), expected, "{options:?}");
        assert_eq!(times(&output).len(), 5, "{options:?}");
    }
}

#[test]
fn odd_sizes_become_even_where_the_encoder_asks_for_it() {
    let folder = folder();
    let (input, even, odd) = (at(&folder, "in.webm"), at(&folder, "even.mp4"), at(&folder, "odd.webm"));
    let video = "vp8enc deadline=1 cpu-used=8";
    Clip { size: (161, 91), frames: 5, video, sound: "", muxer: "webmmux", ..Clip::default() }.write(&input);
    let said = succeed(&["convert", &input, "-o", &even]);
    assert!(said.contains("160x90"), "{said}");
    succeed(&["convert", &input, "-o", &odd]);
    assert_eq!((size(&even), size(&odd)), ((160, 90), (161, 91)));
}

#[test]
fn sound_that_does_not_fit_is_encoded_anew_and_said_so() {
    let folder = folder();
    let (input, output) = (at(&folder, "in.mkv"), at(&folder, "out.mp4"));
    Clip { sound: "vorbisenc", muxer: "matroskamux", ..Clip::default() }.write(&input);
    let said = succeed(&["convert", &input, "-o", &output]);
    assert!(said.contains("Vorbis") && said.contains("AAC"), "{said}");
    assert_eq!(caps(&output, "audio/").name(), "audio/mpeg");

    let silent = at(&folder, "silent.mp4");
    let said = succeed(&["convert", &input, "-o", &silent, "--no-audio"]);
    assert!(!said.contains("note"), "{said}");
    assert!(!std::fs::read(&silent).unwrap().windows(4).any(|handler| handler == b"soun"));
}

#[test]
fn every_installed_encoder_makes_a_whole_file() {
    let folder = folder();
    let input = at(&folder, "in.mp4");
    Clip { frames: 12, ..Clip::default() }.write(&input);
    for (encoder, name) in [
        ("x264", "video/x-h264"),
        ("x265", "video/x-h265"),
        ("vp9", "video/x-vp9"),
        ("av1", "video/x-av1"),
        ("openh264", "video/x-h264"),
    ] {
        let output = at(&folder, &format!("{encoder}.mkv"));
        let result = inkcast(&["convert", &input, "-o", &output, "--encoder", encoder]).output().unwrap();
        if result.status.code() == Some(5) {
            eprintln!("skipped: {encoder} is not installed");
            continue;
        }
        assert!(result.status.success(), "{encoder}: {}", crate::stderr(&result));
        assert_eq!(caps(&output, "video/").name(), name);
        assert_eq!(times(&output).len(), 12, "{encoder}");
    }
}

#[test]
fn no_bit_rate_stands_in_the_way_of_quality() {
    let folder = folder();
    let (input, output) = (at(&folder, "snow.mkv"), at(&folder, "out.mp4"));
    let snow = "videotestsrc num-buffers=30 pattern=snow ! video/x-raw,format=I420,width=320,height=180,framerate=30/1";
    launch(&format!("{snow} ! matroskamux ! filesink location={input}"), |_| true);
    succeed(&["convert", &input, "-o", &output, "--encoder", "x264", "--quality", "100", "--strength", "0"]);
    // One second of noise; two million bits, which is what x264enc keeps to if it is not told otherwise, are a quarter.
    let bytes = std::fs::metadata(&output).unwrap().len();
    assert!(bytes > 900_000, "{bytes}");
}

#[test]
fn folders_go_into_folders() {
    let folder = folder();
    let clips = folder.path().join("clips");
    std::fs::create_dir(&clips).unwrap();
    for name in ["b.mp4", "a.mkv"] {
        let muxer = if name == "a.mkv" { "matroskamux" } else { "mp4mux" };
        Clip { frames: 5, sound: "", muxer, ..Clip::default() }.write(clips.join(name).to_str().unwrap());
    }
    std::fs::write(clips.join("c.mp4"), b"no video at all, only text").unwrap();
    let out = at(&folder, "out");
    let said = crate::fail(3, &["convert", clips.to_str().unwrap(), "-o", &out]);
    assert!(said.contains("c.mp4"), "{said}");
    assert_eq!(names(out.as_ref()), ["a.comic.mkv", "b.comic.mp4"]);
}

#[test]
fn progress_is_one_json_object_a_line() {
    let folder = folder();
    let (input, output) = (at(&folder, "in.mp4"), at(&folder, "out.mp4"));
    Clip { size: (640, 360), frames: 40, ..Clip::default() }.write(&input);
    let result = inkcast(&["convert", &input, "-o", &output, "--progress", "json"]).output().unwrap();
    let lines: Vec<serde_json::Value> = String::from_utf8(result.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect();
    let last = lines.last().unwrap();
    assert_eq!((&last["event"], last["frames"].as_u64()), (&"done".into(), Some(40)), "{lines:?}");
    for line in &lines[..lines.len() - 1] {
        assert_eq!(line["event"], "progress");
        assert!((0.0..=100.0).contains(&line["percent"].as_f64().unwrap()), "{line}");
    }
    assert!(crate::inkcast(&["convert", &input, "-o", &output, "-f", "-q"]).output().unwrap().stderr.is_empty());
}

#[test]
fn an_interruption_leaves_nothing_behind() {
    let folder = folder();
    let (input, output) = (at(&folder, "in.mp4"), at(&folder, "out.mp4"));
    Clip { size: (640, 360), frames: 600, ..Clip::default() }.write(&input);
    let mut running =
        inkcast(&["convert", &input, "-o", &output]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    while !names(folder.path()).iter().any(|name| name.starts_with('.')) {
        assert!(began.elapsed() < Duration::from_secs(20), "it never began");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(300));
    let kill = std::process::Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let code = running.wait().unwrap().code();
    assert_eq!(code, Some(130));
    assert_eq!(names(folder.path()), ["in.mp4"]);
}
