//! A style learned on a tiny network: what the package holds, that nothing else changed, what bad input is told.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use image::RgbImage;
use inkcast_generator::{Architecture, CandleOps, Generator, Kind, Manifest, Package, Screen, Style, Training};
use inkcast_train::style::{Job, learn};
use rand::{Rng, SeedableRng, rngs::StdRng};

/// Writes a package of two styles with random numbers everywhere, so that each style folds to weights of its own.
fn write_base(folder: &Path, carried_input: bool) {
    let architecture = Architecture {
        kind: Kind::ComicU,
        half_channels: 4,
        quarter_channels: 4,
        blocks: 1,
        // Two more, and sums over them are still formed in the same order on every processor.
        style_dims: 9,
        experts: if carried_input { 2 } else { 0 },
        carried_input,
    };
    let mut rng = StdRng::seed_from_u64(3);
    let mut random = |shape: &[usize]| {
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| rng.random_range(-0.2..0.2)).collect();
        Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
    };
    let mut tensors: HashMap<String, Tensor> =
        architecture.parameters().iter().map(|parameter| (parameter.name.clone(), random(&parameter.shape))).collect();
    let styles = ["plain", "bold"].map(|name| {
        tensors.insert(format!("style.{name}"), random(&[9]));
        Style {
            name: name.to_string(),
            description: "Made of noise.".to_string(),
            screen: Screen::None,
            paper: [1.0; 3],
            activations: vec![2.0; architecture.activation_names().len()],
        }
    });
    let generator = Generator::from_tensors(architecture, tensors).unwrap();
    let manifest = Manifest {
        format: 1,
        name: "tiny".to_string(),
        version: "1".to_string(),
        description: "For tests.".to_string(),
        licence: "CC0-1.0".to_string(),
        default_style: "plain".to_string(),
        weights: "weights.safetensors".to_string(),
        sha256: String::new(),
        architecture,
        styles: styles.to_vec(),
        training: Training { data: "noise".to_string(), ..Training::default() },
    };
    manifest.save(folder, &safetensors::serialize(generator.tensors(), None).unwrap()).unwrap();
}

/// Panels in two blues with black lines, `count` of them.
fn write_comics(folder: &Path, count: u32) {
    fs::create_dir(folder).unwrap();
    for number in 0..count {
        let panel = RgbImage::from_fn(96, 72, |x, y| {
            let distance = (x as f32 - 30.0 - number as f32).hypot(y as f32 - 36.0);
            image::Rgb(match distance {
                _ if (20.0..22.0).contains(&distance) => [0, 0, 0],
                _ if distance < 20.0 => [130, 150, 250],
                _ => [30, 40, 180],
            })
        });
        panel.save(folder.join(format!("panel-{number:02}.png"))).unwrap();
    }
}

/// Grey discs on grey.
fn write_photos(folder: &Path) {
    fs::create_dir(folder).unwrap();
    for number in 0..4u8 {
        let photo = RgbImage::from_fn(120, 100, |x, y| {
            let distance = (x as f32 - 50.0).hypot(y as f32 - 50.0);
            image::Rgb(if distance < 30.0 { [200 - 10 * number; 3] } else { [60 + x as u8 / 2; 3] })
        });
        photo.save(folder.join(format!("{number}.png"))).unwrap();
    }
}

/// A folder with a base, 21 comics and 4 photos, and a job on them.
fn prepared(carried_input: bool) -> (tempfile::TempDir, Job) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write_base(&at("base"), carried_input);
    write_comics(&at("comics"), 21);
    write_photos(&at("photos"));
    let job = Job {
        from: at("comics"),
        base: Some(at("base")),
        name: "mine".to_string(),
        out: at("out"),
        photos: Some(at("photos")),
        scenes: 4,
        steps: 60,
        seed: 1,
        sheet: Some(at("sheet.png")),
        command: "a test".to_string(),
        commit: "none".to_string(),
    };
    (folder, job)
}

fn base_of(job: &Job) -> Package {
    Package::open(job.base.as_deref().unwrap()).unwrap()
}

/// What a package draws in a style on a grey picture, as bits.
fn drawn(package: &Package, style: &str, carried: bool) -> Vec<u32> {
    let ramp = |count: usize| (0..count).map(|index| index as f32 / count as f32).collect::<Vec<_>>();
    let picture = Tensor::from_vec(ramp(3 * 16 * 12), (1, 3, 12, 16), &Device::Cpu).unwrap();
    let layers = Tensor::from_vec(ramp(5 * 16 * 12), (1, 5, 12, 16), &Device::Cpu).unwrap();
    let drawn = package.fold(style).unwrap().forward(&CandleOps, &picture, carried.then_some(&layers)).unwrap();
    drawn.flatten_all().unwrap().to_vec1::<f32>().unwrap().into_iter().map(f32::to_bits).collect()
}

/// What lies in a folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

#[test]
fn a_learned_style_joins_the_others_which_stay_bit_by_bit() {
    for carried_input in [false, true] {
        let (folder, job) = prepared(carried_input);
        fs::write(job.from.join("broken.png"), b"no picture").unwrap();
        learn(&job).unwrap();
        let (base, package) = (base_of(&job), Package::open(&job.out).unwrap());
        for style in &base.manifest().styles {
            assert_eq!(package.style(&style.name).unwrap(), style, "what the manifest says stays too");
            for carried in [false, true] {
                assert_eq!(drawn(&base, &style.name, carried), drawn(&package, &style.name, carried), "{}", style.name);
            }
            assert_ne!(drawn(&package, "mine", false), drawn(&package, &style.name, false));
        }
        let mine = package.style("mine").unwrap();
        assert_eq!(mine.activations.len(), package.generator().architecture().activation_names().len());
        assert!(mine.description.contains("21 pictures") && package.manifest().training.command == "a test");
        assert_eq!(package.manifest().default_style, "plain");
        // Nothing half made is left beside it.
        let names = ["base", "comics", "out", "photos", "sheet.png"].map(|name| folder.path().join(name));
        assert_eq!(entries(folder.path()), names);
        assert_eq!(image::open(job.sheet.unwrap()).unwrap().height(), 4 * 304);
    }
}

#[test]
fn greys_take_on_the_blues_of_the_comics() {
    let (_folder, job) = prepared(false);
    learn(&job).unwrap();
    let package = Package::open(&job.out).unwrap();
    let grey = Tensor::full(0.5f32, (1, 3, 32, 32), &Device::Cpu).unwrap();
    let blueness = |style: &str| {
        let layers = package.fold(style).unwrap().forward(&CandleOps, &grey, None).unwrap();
        let mean = |channel| layers.narrow(1, channel, 1).unwrap().mean_all().unwrap().to_scalar::<f32>().unwrap();
        mean(2) - mean(0)
    };
    let (before, after) = (blueness("plain").max(blueness("bold")), blueness("mine"));
    assert!(after > before + 0.2, "{before} before, {after} after");
}

#[test]
fn the_seed_decides_everything_and_a_package_is_a_base_again() {
    let (folder, mut job) = prepared(true);
    job.steps = 5;
    learn(&job).unwrap();
    let weights = |out: &Path| fs::read(out.join("weights.safetensors")).unwrap();
    let first = weights(&job.out);
    job.out = folder.path().join("again");
    learn(&job).unwrap();
    assert_eq!(first, weights(&job.out));
    job.out = folder.path().join("another");
    job.seed = 2;
    learn(&job).unwrap();
    assert_ne!(first, weights(&job.out));

    job.base = Some(folder.path().join("out"));
    job.out = folder.path().join("two");
    let error = format!("{:#}", learn(&job).unwrap_err());
    assert!(error.contains("\"mine\" already"), "{error}");
    job.name = "yours".to_string();
    learn(&job).unwrap();
    let (base, package) = (base_of(&job), Package::open(&job.out).unwrap());
    assert_eq!(package.manifest().styles.len(), 4);
    assert_eq!(drawn(&base, "mine", true), drawn(&package, "mine", true));
}

#[test]
fn bad_input_is_named_and_leaves_nothing() {
    let fails = |change: &dyn Fn(&mut Job), expected: &[&str]| {
        let (folder, mut job) = prepared(false);
        change(&mut job);
        let before = entries(folder.path());
        let error = format!("{:#}", learn(&job).unwrap_err());
        expected.iter().for_each(|expected| assert!(error.contains(expected), "{expected:?} is not in {error:?}"));
        assert_eq!(entries(folder.path()), before, "{error}");
    };
    let empty = |job: &mut Job| {
        fs::remove_dir_all(&job.from).unwrap();
        fs::create_dir(&job.from).unwrap();
    };
    fails(&empty, &["comics has 0 pictures", "20 at least"]);
    fails(&|job| fs::remove_dir_all(&job.from).unwrap(), &["there is no folder", "comics"]);
    let two_missing = |job: &mut Job| {
        fs::remove_file(job.from.join("panel-00.png")).unwrap();
        fs::remove_file(job.from.join("panel-01.png")).unwrap();
    };
    fails(&two_missing, &["comics has 19 pictures"]);
    let two_broken = |job: &mut Job| {
        fs::write(job.from.join("panel-00.png"), b"no picture").unwrap();
        fs::write(job.from.join("panel-01.png"), b"no picture").unwrap();
    };
    fails(&two_broken, &["comics has 19 pictures that can be read"]);
    fails(&|job| job.name = "bold".to_string(), &["tiny has a style \"bold\" already", "plain, bold"]);
    fails(&|job| job.name = "my style".to_string(), &["not \"my style\""]);
    fails(&|job| job.out = job.from.clone(), &["comics is there already"]);
    fails(&|job| job.photos = Some(job.base.clone().unwrap()), &["base has no photos"]);
    fails(&|job| job.base = Some(job.photos.clone().unwrap()), &["photos is no model package"]);
    let of_tomorrow = |job: &mut Job| {
        let path = job.base.as_ref().unwrap().join("model.toml");
        let text = fs::read_to_string(&path).unwrap().replace("format = 1", "format = 2");
        fs::write(path, text).unwrap();
    };
    fails(&of_tomorrow, &["package format 2 is not known"]);
}
