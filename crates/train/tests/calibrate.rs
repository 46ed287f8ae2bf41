//! Calibration on files: what it writes, what it measures, what it says to bad input.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use image::RgbImage;
use inkcast_frame::{LAYER_STEP, Layers, Picture, Plane};
use inkcast_generator::{Activation, Carried, ConvOps, CpuEngine, Package, Precision};
use inkcast_kernels::{Level, weight_codes};
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
    for style in ["ink", "halftone", "manga", "noir", "watercolor"] {
        let folded = package.fold(style).unwrap();
        let mut engine = CpuEngine::new(&folded, Level::detect(), Precision::Int8).unwrap();
        let mut made = Layers::default();
        engine.run(&picture, Some(seen), &mut made);
        let made = tensor(4, &|x, y, c| f32::from(made.at(x, y)[c]) / f32::from(LAYER_STEP));
        let exact = Exact::new(folded.activations());
        let against = |ops: &dyn ConvOps, carried: Option<&Tensor>| {
            psnr(&folded.forward(ops, &rgb, carried).unwrap(), &made).unwrap()
        };
        let same = against(&exact, Some(&carried));
        let floats = against(&Simulation::new(folded.activations(), Codes::None), Some(&carried));
        assert!(same > 90.0 && same > floats + 10.0, "{style}: {same} dB, in floats {floats} dB");
        // A sum in floats that lies between two codes may go to the other one, and all that follows differs.
        let (codes, others) = (exact.codes.get(), exact.others.get());
        assert!(codes > 40_000 && others * 10_000 < codes, "{style}: {others} of {codes} codes are others");
        let simulation = Simulation::new(folded.activations(), Codes::All);
        assert!(against(&simulation, None) < floats, "what is carried must matter");
        // The second run of a simulation is as good as the first.
        let layers = || folded.forward(&simulation, &rgb, Some(&carried)).unwrap();
        assert_eq!(psnr(&layers(), &layers()).unwrap(), f64::INFINITY);
    }
}

/// The arithmetic of the contract, sums of whole numbers and all, which also looks at what a [`Simulation`] makes of the same
/// maps.
struct Exact<'a> {
    ends: &'a [f32],
    next: Cell<usize>,
    simulation: Simulation<'a>,
    /// Codes of maps, and those in which the simulation takes another.
    codes: Cell<usize>,
    others: Cell<usize>,
}

impl<'a> Exact<'a> {
    fn new(ends: &'a [f32]) -> Self {
        let simulation = Simulation::new(ends, Codes::All);
        Exact { ends, next: Cell::new(0), simulation, codes: Cell::new(0), others: Cell::new(0) }
    }
}

impl ConvOps for Exact<'_> {
    fn conv2d(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        addend: Option<&Tensor>,
        stride: usize,
        activation: Activation,
    ) -> candle_core::Result<Tensor> {
        let simulated = self.simulation.conv2d(x, weight, bias, addend, stride, activation)?;
        let index = self.next.replace(self.next.get() + 1);
        let step = |map: usize| self.ends[map] / 255.0;
        let input = if index == 0 { 1.0 / 255.0 } else { step(index - 1) };
        // What a skip joined is not in codes yet.
        let x = (x / f64::from(input))?.clamp(0f32, 255f32)?.round()?;
        let (outputs, inputs, kernel, _) = weight.dims4()?;
        let (mut codes, mut steps) = (Vec::new(), Vec::new());
        for output in weight.flatten_all()?.to_vec1::<f32>()?.chunks_exact(inputs * kernel * kernel) {
            let of_output = weight_codes(output, kernel * kernel);
            codes.extend(of_output.codes.iter().map(|&code| f32::from(code)));
            steps.push(of_output.step);
        }
        // At most 255 * 127 * 288, which floats hold exactly.
        let codes = Tensor::from_vec(codes, weight.shape(), weight.device())?;
        let sums = x.conv2d(&codes, kernel / 2, stride, 1, 1)?;
        let unit = if index < self.ends.len() { step(index) } else { 1.0 };
        let row = |values: Vec<f32>| Tensor::from_vec(values, (1, outputs, 1, 1), weight.device());
        let scale = row(steps.iter().map(|step| step * input / unit).collect())?;
        let bias = row(bias.to_vec1::<f32>()?.iter().map(|bias| bias / unit).collect())?;
        let mut value = sums.broadcast_mul(&scale)?.broadcast_add(&bias)?;
        if let Some(addend) = addend {
            // The map before the block.
            let before = step(index - 2);
            let addend = (addend / f64::from(before))?.round()?;
            value = (value + (addend * f64::from(before / unit))?)?;
        }
        if activation == Activation::None {
            return value * f64::from(unit);
        }
        let mine = value.clamp(0f32, 255f32)?.flatten_all()?.to_vec1::<f32>()?;
        let theirs = (simulated / f64::from(unit))?.flatten_all()?.to_vec1::<f32>()?;
        for (mine, theirs) in mine.iter().zip(&theirs) {
            if mine.round_ties_even() != theirs.round() {
                let from_middle = (mine.fract() - 0.5).abs();
                assert!(from_middle < 1e-4, "map {index}: {mine} in codes became {theirs}");
                self.others.set(self.others.get() + 1);
            }
        }
        self.codes.set(self.codes.get() + mine.len());
        let coded: Vec<f32> = mine.iter().map(|value| value.round_ties_even() * unit).collect();
        Tensor::from_vec(coded, value.shape(), value.device())
    }
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
