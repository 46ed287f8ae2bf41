//! `inkcast styles`, `inkcast model inspect`, `inkcast doctor`, and the help.

use inkcast_generator::Package;
use serde_json::Value;

use crate::{fail, inkcast};

fn stdout(arguments: &[&str]) -> String {
    let output = inkcast(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", crate::stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&stdout(arguments)).unwrap()
}

#[test]
fn styles_are_those_of_the_model() {
    let package = Package::embedded().unwrap();
    let listed = json(&["styles", "--json"]);
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), package.manifest().styles.len());
    for (listed, style) in listed.iter().zip(&package.manifest().styles) {
        assert_eq!(listed["name"], *style.name);
        assert_eq!(listed["default"], style.name == package.manifest().default_style);
        assert!(stdout(&["styles"]).contains(&style.description));
    }
}

#[test]
fn a_model_is_described() {
    let manifest = Package::embedded().unwrap().manifest().clone();
    let inspected = json(&["model", "inspect", "--json"]);
    assert_eq!(inspected["checksum"], "matches");
    assert_eq!(inspected["manifest"]["name"], *manifest.name);
    assert_eq!(inspected["operations_720p"], manifest.architecture.operations(1280, 720));
    let text = stdout(&["model", "inspect"]);
    assert!(text.contains(&manifest.sha256) && text.contains(&manifest.licence), "{text}");
    assert!(fail(6, &["model", "inspect", "/no/such/model"]).contains("/no/such/model"));
}

#[test]
fn the_doctor_finds_what_is_there_and_names_what_is_not() {
    let report = json(&["doctor", "--json"]);
    assert_eq!(report["can_convert"], true);
    assert!(report["gstreamer"].as_str().unwrap().contains("GStreamer"));
    assert!(report["abilities"].as_array().unwrap().iter().any(|ability| ability["name"] == "decode H.264"));

    // An empty registry has nothing but the core: the main job cannot run, and the packages for it are named.
    let folder = tempfile::tempdir().unwrap();
    let output = inkcast(&["doctor"])
        .env("GST_REGISTRY", folder.path().join("registry"))
        .env("GST_PLUGIN_SYSTEM_PATH_1_0", folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(5));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("NO   encode H.264") && text.contains("gstreamer1.0-plugins-ugly"), "{text}");
}

#[test]
fn help_teaches_with_examples_and_lists_the_exit_codes() {
    for command in ["convert", "image", "live"] {
        let help = stdout(&[command, "--help"]);
        for words in ["Examples:", "Exit codes:", "--style", "--force"] {
            assert!(help.contains(words), "{command}: {words}");
        }
    }
    for (command, words) in [("compare", "dense inverse search"), ("bench", "Codecs are not part")] {
        // Wherever its lines end.
        let help = stdout(&[command, "--help"]).split_whitespace().collect::<Vec<_>>().join(" ");
        for words in ["Examples:", "Exit codes:", "--json", words] {
            assert!(help.contains(words), "{command}: {words}");
        }
    }
    assert!(stdout(&["--help"]).contains("130"));
    assert!(stdout(&["convert", "--help"]).contains("openh264"));
    fail(2, &["convert"]);
    fail(2, &["transmogrify"]);
}
