//! Runs the bodies of the fuzz targets on seeded random inputs, so that every change is tried against them with a
//! stable compiler. The fuzzer itself, which looks for inputs cleverly, runs on demand: `just fuzz yuv`.

use std::collections::BTreeMap;

use inkcast_generator::{Architecture, Kind, Manifest, Screen, Style, Training};
use inkcast_kit::noise::Random;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

#[path = "../../fuzz/src/lib.rs"]
mod targets;

#[test]
fn frame_views_hold_against_any_size_and_stride() {
    let mut random = Random::new(1);
    let accepted = (0..50_000).filter(|_| {
        let length = random.below(60);
        targets::frame_view(&random.bytes(length))
    });
    let accepted = accepted.count();
    assert!(accepted > 5_000, "only {accepted} views are accepted, hardly any is read");
}

#[test]
fn conversions_hold_against_any_frame() {
    let mut random = Random::new(2);
    for _ in 0..5_000 {
        let length = random.below(8_000);
        targets::yuv(&random.bytes(length));
    }
}

#[test]
fn model_packages_hold_against_damage() {
    let (manifest, weights) = small_package();
    assert!(targets::model_package(&joined(&manifest, &weights)), "the whole package is opened");

    let mut random = Random::new(3);
    for _ in 0..10_000 {
        let (mut manifest, mut weights) = (manifest.clone(), weights.clone());
        match random.below(3) {
            0 => damage(&mut manifest, &mut random),
            // The header with names, shapes and offsets comes first: most of the damage goes there.
            1 => damage(&mut weights[..2000], &mut random),
            _ => weights.truncate(random.below(weights.len())),
        }
        targets::model_package(&joined(&manifest, &weights));
    }
    for length in 0..200 {
        targets::model_package(&random.bytes(length));
    }
}

/// Changes a few bytes to something near, to a character that means something in TOML or JSON, or to anything.
fn damage(bytes: &mut [u8], random: &mut Random) {
    for _ in 0..1 + random.below(4) {
        let place = random.below(bytes.len());
        bytes[place] = match random.below(3) {
            0 => bytes[place].wrapping_add(1),
            1 => b"\"[]{},:=-.0189eE\n"[random.below(17)],
            _ => random.bits() as u8,
        };
    }
}

fn joined(manifest: &[u8], weights: &[u8]) -> Vec<u8> {
    let length = u16::try_from(manifest.len()).unwrap();
    [&length.to_le_bytes(), manifest, weights].concat()
}

/// Manifest and weights of the smallest network that is whole.
fn small_package() -> (Vec<u8>, Vec<u8>) {
    let architecture = Architecture {
        kind: Kind::ComicU,
        half_channels: 1,
        quarter_channels: 1,
        blocks: 1,
        style_dims: 1,
        experts: 2,
        carried_input: false,
    };
    let mut shapes: BTreeMap<String, Vec<usize>> =
        architecture.parameters().into_iter().map(|parameter| (parameter.name, parameter.shape)).collect();
    shapes.insert("style.plain".into(), vec![1]);
    let zeros = vec![0u8; 4 * 512];
    let tensors = shapes.into_iter().map(|(name, shape)| {
        let bytes = 4 * shape.iter().product::<usize>();
        (name, TensorView::new(Dtype::F32, shape, &zeros[..bytes]).unwrap())
    });
    let weights = safetensors::serialize(tensors, None).unwrap();

    let manifest = Manifest {
        format: 1,
        name: "small".into(),
        version: "1".into(),
        description: String::new(),
        licence: "MIT".into(),
        default_style: "plain".into(),
        weights: "model.safetensors".into(),
        sha256: String::new(),
        architecture,
        styles: vec![Style {
            name: "plain".into(),
            description: String::new(),
            screen: Screen::None,
            paper: [1.0, 1.0, 1.0],
            activations: vec![1.0; architecture.activation_names().len()],
        }],
        training: Training::default(),
    };
    let folder = tempfile::tempdir().unwrap();
    manifest.save(folder.path(), &weights).unwrap();
    (std::fs::read(folder.path().join("model.toml")).unwrap(), weights)
}
