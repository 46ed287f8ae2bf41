//! `inkcast bench`.

use inkcast_stylize::STAGES;
use serde_json::Value;

use crate::{fail, inkcast, stderr};

fn stdout(arguments: &[&str]) -> String {
    let output = inkcast(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_stage_of_every_size_is_timed() {
    let text = stdout(&["bench", "--size", "96x64", "--size", "-1x18", "--frames", "3", "--threads", "1", "--json"]);
    let output: Value = serde_json::from_str(&text).unwrap();
    assert!(output["device"].as_str().unwrap().contains("1 thread"), "{output}");
    assert_eq!((output["frames"].as_u64(), output["format"].as_str()), (Some(3), Some("i420")));
    let sizes = output["sizes"].as_array().unwrap();
    let expected = [(96, 64), (32, 18)];
    assert_eq!(sizes.len(), expected.len());
    for (timing, (width, height)) in sizes.iter().zip(expected) {
        assert_eq!((timing["width"].as_u64(), timing["height"].as_u64()), (Some(width), Some(height)));
        let names: Vec<&str> =
            timing["stages"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
        assert_eq!(names, STAGES);
        let time = |name: &str| timing[name].as_f64().unwrap();
        assert!(time("total_ms") > 0.0 && time("p90_ms") >= time("total_ms"), "{timing}");
        assert!((time("fps") * time("total_ms") - 1000.0).abs() < 1e-6, "{timing}");
        assert!(time("peak_mib") > 1.0, "{timing}");
        // The network always takes time, and no stage takes more than the longest frame.
        let stage = |index: usize| timing["stages"][index]["ms"].as_f64().unwrap();
        assert!(stage(3) > 0.0 && (0..STAGES.len()).all(|index| stage(index) <= time("p90_ms")), "{timing}");
    }
}

#[test]
fn times_come_as_a_table_for_people() {
    let text = stdout(&["bench", "--size", "64x48", "--frames", "2", "--format", "nv12", "--style", "manga"]);
    for words in STAGES.iter().chain(&["64x48", "style manga", "nv12", "fps", "MiB", "cpu"]) {
        assert!(text.contains(words), "{words}: {text}");
    }
    // The source beside the comic is a wider output.
    stdout(&["bench", "--size", "64x48", "--frames", "1", "--compare", "side-by-side"]);
}

#[test]
fn frames_of_a_clip_are_timed_in_their_own_size() {
    let clip = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/people.mp4");
    let text = stdout(&["bench", clip, "--frames", "4", "--format", "nv12", "--json"]);
    let output: Value = serde_json::from_str(&text).unwrap();
    let timing = &output["sizes"][0];
    let numbers = ["width", "height", "frames"].map(|name| timing[name].as_u64().unwrap());
    assert_eq!((numbers, output["sizes"].as_array().unwrap().len()), ([640, 360, 4], 1), "{output}");
    assert!(output["clip"].as_str().unwrap().ends_with("people.mp4"), "{output}");
    assert!(stdout(&["bench", clip, "--frames", "2"]).contains("people.mp4"));
    assert!(fail(2, &["bench", clip, "--size", "64x64"]).contains("--size"));
    assert!(fail(3, &["bench", "no-such.mp4"]).contains("does not exist"));
    assert!(fail(3, &["bench", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]).contains("Cargo.toml"));
}

#[test]
fn what_cannot_be_timed_is_said() {
    for (code, options, words) in [
        (2, ["--size", "8x8"], "16 to 8192"),
        (2, ["--frames", "0"], "--frames"),
        (2, ["--format", "rgb"], "nv12"),
        (6, ["--style", "watercolour"], "ink"),
        (6, ["--device", "gpu"], "cuda:N"),
        (6, ["--model", "/no/such/model"], "/no/such/model"),
    ] {
        let said = fail(code, &["bench", options[0], options[1]]);
        assert!(said.contains(words), "{options:?}: {said}");
    }
}
