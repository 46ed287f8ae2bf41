//! Reading model packages: what is sound loads, what is not is refused with the file and the reason.

use std::fs;
use std::path::{Path, PathBuf};

use inkcast_generator::{Manifest, Origin, Package};

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/inkcast-s")
}

fn manifest() -> String {
    fs::read_to_string(shipped().join("model.toml")).unwrap()
}

/// The shipped manifest without the ranges of activations, which some tests put in themselves.
fn uncalibrated() -> String {
    let mut manifest = Manifest::parse("test", &manifest()).unwrap();
    manifest.styles.iter_mut().for_each(|style| style.activations.clear());
    toml::to_string(&manifest).unwrap()
}

fn weights() -> Vec<u8> {
    fs::read(shipped().join("model.safetensors")).unwrap()
}

/// A package in a folder of its own, with other bytes where they are given.
fn package(manifest: &str, weights: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("model.toml"), manifest).unwrap();
    fs::write(folder.path().join("model.safetensors"), weights).unwrap();
    folder
}

/// Opening must fail; the message names the folder or what was given as its name.
fn refusal(folder: &Path) -> String {
    let message = Package::open(folder).unwrap_err().to_string();
    assert!(message.contains(&folder.display().to_string()), "no path in: {message}");
    message
}

/// Saves through `Manifest::save`, so that the checksum fits whatever the weights are.
fn saved(manifest: &str, weights: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    Manifest::parse("test", manifest).unwrap().save(folder.path(), weights).unwrap();
    folder
}

#[test]
fn the_embedded_model_is_the_one_in_the_folder() {
    let (embedded, opened) = (Package::embedded().unwrap(), Package::open(&shipped()).unwrap());
    assert_eq!(embedded.manifest(), opened.manifest());
    assert_eq!(*embedded.origin(), Origin::Embedded);
    assert_eq!(*opened.origin(), Origin::Folder(shipped()));
    // The path of the manifest itself is as good.
    assert_eq!(Package::open(&shipped().join("model.toml")).unwrap().manifest(), opened.manifest());
}

#[test]
fn a_saved_package_opens_again() {
    let folder = saved(&manifest(), &weights());
    assert_eq!(Package::open(folder.path()).unwrap().manifest(), Package::embedded().unwrap().manifest());
}

#[test]
fn activations_survive_saving() {
    let mut manifest = Manifest::parse("test", &manifest()).unwrap();
    let ends: Vec<f32> = (1..=12).map(|index| index as f32 * 0.1).collect();
    manifest.styles[1].activations = ends.clone();
    let folder = tempfile::tempdir().unwrap();
    manifest.save(folder.path(), &weights()).unwrap();
    assert_eq!(Package::open(folder.path()).unwrap().style("halftone").unwrap().activations, ends);
}

#[test]
fn missing_files_are_named() {
    let nowhere = shipped().join("nowhere");
    assert!(refusal(&nowhere).starts_with("cannot read"));
    let empty = tempfile::tempdir().unwrap();
    assert!(refusal(empty.path()).contains("is no model package"));
    let folder = package(&manifest(), &weights());
    fs::remove_file(folder.path().join("model.safetensors")).unwrap();
    assert!(refusal(folder.path()).contains("model.safetensors"));
}

#[test]
fn damaged_weights_are_refused() {
    let mut flipped = weights();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    assert!(refusal(package(&manifest(), &flipped).path()).contains("checksum"));
    assert!(refusal(package(&manifest(), &weights()[..1000]).path()).contains("checksum"));

    // A checksum that fits does not save what is no weight file.
    for bytes in [&weights()[..weights().len() / 2], b"", b"not a tensor in sight", &[0xff; 64]] {
        assert!(refusal(saved(&manifest(), bytes).path()).contains("no safetensors weights"), "{} bytes", bytes.len());
    }

    let mut not_a_number = weights();
    not_a_number[last - 3..].copy_from_slice(&f32::NAN.to_le_bytes());
    assert!(refusal(saved(&manifest(), &not_a_number).path()).contains("not finite"));
}

#[test]
fn weights_of_another_architecture_are_refused() {
    let wider = manifest().replace("quarter-channels = 32", "quarter-channels = 48");
    assert_ne!(wider, manifest(), "the shipped architecture has changed; change this test with it");
    let message = refusal(saved(&wider, &weights()).path());
    assert!(message.contains("tensor") && message.contains("shape"), "{message}");
}

#[test]
fn wrong_manifests_are_refused_with_the_reason() {
    let ends = |last: &str| format!("screen = \"none\"\nactivations = [{}{last}]", "1.0, ".repeat(11));
    for (from, to, reason) in [
        ("format = 1", "format = 2", "package format 2 is not known"),
        ("default-style = \"ink\"", "default-style = \"oil\"", "default-style \"oil\" is none of the styles"),
        ("name = \"halftone\"", "name = \"ink\"", "style \"ink\" is there twice"),
        ("weights = \"model.safetensors\"", "weights = \"../model.safetensors\"", "must be a plain file name"),
        ("half-channels", "half-chanels", "half-chanels"),
        ("half-channels = 16", "half-channels = 0", "half-channels is 0"),
        ("screen = \"process\"", "screen = \"dots\"", "dots"),
        ("screen = \"none\"", "screen = \"none\"\nactivations = [1.0, 2.0]", "style \"ink\" has 2 activations"),
        ("screen = \"none\"", &ends("0.0"), "activations of style \"ink\" must be finite and above 0"),
        ("screen = \"none\"", &ends("inf"), "activations of style \"ink\" must be finite and above 0"),
    ] {
        let changed = uncalibrated().replacen(from, to, 1);
        assert_ne!(changed, uncalibrated(), "{from} is not in the shipped manifest");
        let message = Manifest::parse("model.toml", &changed).unwrap_err().to_string();
        assert!(message.starts_with("model.toml: ") && message.contains(reason), "{reason}: {message}");
    }
}

#[test]
fn a_style_without_its_vector_is_refused() {
    let renamed = manifest().replacen("name = \"halftone\"", "name = \"oil\"", 1);
    assert!(refusal(saved(&renamed, &weights()).path()).contains("no tensor style.oil"));
}

#[test]
fn styles_are_found_by_name() {
    let package = Package::embedded().unwrap();
    assert_eq!(package.style("").unwrap().name, package.manifest().default_style);
    assert_eq!(package.style("halftone").unwrap().name, "halftone");
    let message = package.style("Ink").unwrap_err().to_string();
    assert!(message.contains("\"Ink\"") && message.contains("halftone"), "{message}");
}
