//! Calibration on files: what it writes, what it measures, what it says to bad input.

use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use image::RgbImage;
use inkcast_frame::{LAYER_STEP, Layers, Picture, Plane};
use inkcast_generator::{Carried, CpuEngine, Package, Precision};
use inkcast_kernels::Level;
use inkcast_train::int8::{Calibration, Codes, Simulation, calibrate, psnr};

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/inkcast-s")
}

/// A copy of the shipped package without its ranges, and a folder of pictures beside it.
fn prepared(pictures: u8) -> (tempfile::TempDir, Calibration) {
    let folder = tempfile::tempdir().unwrap();
    let (package, photos) = (folder.path().join("package"), folder.path().join("photos"));
    let mut manifest = Package::open(&shipped()).unwrap().manifest().clone();
    manifest.styles.iter_mut().for_each(|style| style.activations.clear());
    manifest.save(&package, &fs::read(shipped().join("model.safetensors")).unwrap()).unwrap();
    fs::create_dir(&photos).unwrap();
    for number in 0..pictures {
        let centre = 30.0 + 4.0 * f32::from(number);
        let picture = RgbImage::from_fn(98, 80, |x, y| {
            let distance = (x as f32 - centre).hypot(y as f32 - 40.0);
            image::Rgb(if distance < 22.0 { [250, 30 * number, 60] } else { [x as u8, 140, 255 - 25 * number] })
        });
        picture.save(photos.join(format!("{number}.png"))).unwrap();
    }
    let calibration =
        Calibration { package, pictures: photos, count: 3, percentile: 99.99, check: None, check_count: 2 };
    (folder, calibration)
}

#[test]
fn a_calibrated_package_says_its_ranges_and_costs_little() {
    let (_folder, calibration) = prepared(6);
    let weights = fs::read(calibration.package.join("model.safetensors")).unwrap();
    // A file that is no picture is passed over: 3 of 7 are taken, the last is the broken one.
    fs::write(calibration.pictures.join("x.jpg"), b"no picture").unwrap();
    let costs = calibrate(&calibration).unwrap();
    let package = Package::open(&calibration.package).unwrap();
    assert_eq!(costs.len(), package.manifest().styles.len());
    for (style, cost) in package.manifest().styles.iter().zip(&costs) {
        let ends: Vec<f32> = cost.maps.iter().map(|(_, end, _)| *end).collect();
        assert_eq!((&style.name, &style.activations), (&cost.style, &ends));
        assert!(cost.mean > 42.0 && cost.worst <= cost.mean, "{cost:?}");
        // Parts of the noise cannot be as strong as all of it.
        assert!(cost.weights > cost.mean - 1.0 && cost.maps.iter().all(|map| map.2 > cost.mean), "{cost:?}");
    }
    assert_eq!(fs::read(calibration.package.join("model.safetensors")).unwrap(), weights);
    assert!(!calibration.package.join("model.part").exists());
}

#[test]
fn the_simulation_is_what_the_engine_computes() {
    let package = Package::open(&shipped()).unwrap();
    let (width, height) = (48, 40);
    let byte = |x: usize, y: usize, c: usize| ((x * 5 + y * 3 + c * 40 + (x / 9 + y / 7) % 2 * 90) % 256) as u8;
    let picture = Picture::from_fn(width, height, |x, y| [0, 1, 2, 3].map(|c| byte(x, y, c)));
    let layers = Layers::from_fn(width, height, |x, y| [4, 5, 6, 7].map(|c| i16::from(byte(y, x, c)) * LAYER_STEP));
    let confidence = Plane::from_fn(width, height, |x, y| byte(x / 4, y / 4, 8));
    let seen = Carried { layers: &layers, confidence: &confidence };

    let tensor = |channels: usize, value: &dyn Fn(usize, usize, usize) -> f32| {
        let at = |i: usize| value(i % width, i / width % height, i / (width * height)) / 255.0;
        let values: Vec<f32> = (0..channels * width * height).map(at).collect();
        Tensor::from_vec(values, (1, channels, height, width), &Device::Cpu).unwrap()
    };
    let rgb = tensor(3, &|x, y, c| picture.at(x, y)[c].into());
    let carried = tensor(5, &|x, y, c| match c {
        4 => confidence.at(x, y).into(),
        _ => f32::from(layers.at(x, y)[c] / LAYER_STEP),
    });
    let of_style = |style: &str| {
        let folded = package.fold(style).unwrap();
        let mut engine = CpuEngine::new(&folded, Level::detect(), Precision::Int8).unwrap();
        let mut made = Layers::default();
        engine.run(&picture, Some(seen), &mut made);
        let made = tensor(4, &|x, y, c| f32::from(made.at(x, y)[c]) / f32::from(LAYER_STEP));
        let simulated = |codes: Codes, carried: Option<&Tensor>| {
            let simulation = Simulation::new(folded.activations(), codes);
            // The second run of a simulation is as good as the first.
            folded.forward(&simulation, &rgb, carried).unwrap();
            psnr(&folded.forward(&simulation, &rgb, carried).unwrap(), &made).unwrap()
        };
        let (same, floats) = (simulated(Codes::All, Some(&carried)), simulated(Codes::None, Some(&carried)));
        assert!(same > floats + 5.0, "{style}: {same} dB, in floats {floats} dB");
        assert!(simulated(Codes::All, None) < floats, "what is carried must matter");
        same
    };
    let same = ["ink", "halftone", "manga", "noir", "watercolor"].map(of_style);
    // Sums in floats are rounded; where one of them lies between two codes the other may be taken, and all that follows from
    // it differs. That is rare.
    assert!(same.iter().filter(|&&decibels| decibels > 90.0).count() >= 3, "{same:?} dB");
}

#[test]
fn ranges_that_cut_off_more_cost_more() {
    let (_folder, mut calibration) = prepared(5);
    let fair = calibrate(&calibration).unwrap();
    calibration.percentile = 90.0;
    let cut = calibrate(&calibration).unwrap();
    for (fair, cut) in fair.iter().zip(&cut) {
        assert!(cut.mean < fair.mean - 3.0, "{} instead of {} dB", cut.mean, fair.mean);
    }
}

#[test]
fn folders_without_enough_pictures_are_named() {
    let (_folder, calibration) = prepared(0);
    let before = fs::read(calibration.package.join("model.toml")).unwrap();
    let error = calibrate(&calibration).unwrap_err().to_string();
    assert!(error.contains("photos has no pictures"), "{error}");
    let (_folder, calibration) = prepared(2);
    let error = calibrate(&calibration).unwrap_err().to_string();
    assert!(error.contains("no pictures are left") && error.contains("photos"), "{error}");
    assert_eq!(fs::read(calibration.package.join("model.toml")).unwrap(), before);
}
