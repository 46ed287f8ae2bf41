//! The fast CPU engine computes what the network's definition in tensors computes.

use std::cell::RefCell;

use candle_core::{Device, Result, Tensor};
use inkcast_frame::{LAYER_ONE, LAYER_STEP, Layers, Picture, Plane};
use inkcast_generator::{
    Activation, Architecture, CandleOps, Carried, ConvOps, CpuEngine, Folded, Kind, Package, Precision, TensorEngine,
};
use inkcast_kernels::Level;

mod network;
use network::random;

/// Hundreds of products are summed in another order: a part of a grey level.
const TOLERANCE: i16 = LAYER_STEP / 16;

/// One engine sees every size in turn, as a stream whose caps change does.
const SIZES: [(usize, usize); 6] = [(1, 1), (2, 2), (4, 4), (5, 3), (64, 36), (61, 47)];

fn picture(width: usize, height: usize) -> Picture {
    Plane::from_fn(width, height, |x, y| {
        let wave = |a: f32, b: f32| 0.5 + 0.5 * (a * x as f32 + b * y as f32).sin();
        [wave(0.3, 0.1), wave(0.05, 0.4), wave(0.7, -0.6), 0.9].map(|value| (255.0 * value) as u8)
    })
}

/// Layers and the trust in them, for networks that look back.
fn previous(width: usize, height: usize) -> (Layers, Plane<u8>) {
    let layers = Plane::from_fn(width, height, |x, y| {
        // Whole codes, because the engine rounds to them.
        [3 * x, 5 * y, x + y, x * y].map(|value| (value % 256) as i16 * LAYER_STEP)
    });
    (layers, Plane::from_fn(width, height, |x, y| (7 * x + 3 * y) as u8))
}

fn differences(a: &Layers, b: &Layers) -> impl Iterator<Item = i16> {
    let pairs = a.data().as_flattened().iter().zip(b.data().as_flattened());
    pairs.map(|(a, b)| (a - b).abs())
}

fn difference(a: &Layers, b: &Layers) -> i16 {
    differences(a, b).max().unwrap_or(0)
}

/// In decibels.
fn psnr(a: &Layers, b: &Layers) -> f64 {
    let squares: f64 = differences(a, b).map(|difference| f64::from(difference).powi(2)).sum();
    10.0 * (f64::from(LAYER_ONE).powi(2) * (4 * a.data().len()) as f64 / squares).log10()
}

fn run(engine: &mut CpuEngine, source: &Picture) -> Layers {
    let mut layers = Layers::default();
    engine.run(source, None, &mut layers);
    layers
}

fn levels() -> impl Iterator<Item = Level> {
    Level::ALL.into_iter().filter(|level| level.is_available())
}

/// Notes the largest value that each convolution reads.
#[derive(Default)]
struct Watch {
    largest: RefCell<Vec<f32>>,
}

impl ConvOps for Watch {
    fn conv2d(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        addend: Option<&Tensor>,
        stride: usize,
        activation: Activation,
    ) -> Result<Tensor> {
        self.largest.borrow_mut().push(x.flatten_all()?.max(0)?.to_scalar()?);
        CandleOps.conv2d(x, weight, bias, addend, stride, activation)
    }
}

/// `folded` with the activations that it has on a picture.
fn calibrated(folded: Folded) -> Folded {
    let source = picture(64, 48);
    let values = (0..3).flat_map(|c| source.data().iter().map(move |pixel| f32::from(pixel[c]) / 255.0));
    let rgb = Tensor::from_iter(values, &Device::Cpu).unwrap().reshape((1, 3, 48, 64)).unwrap();
    let watch = Watch::default();
    folded.forward(&watch, &rgb, None).unwrap();
    // The first convolution reads the picture, every other one the activations of the one before.
    let ends: Vec<f32> = watch.largest.borrow()[1..].iter().map(|end| end.max(1e-3)).collect();
    folded.with_activations(&ends).unwrap()
}

/// Channels that fill no register, no blocks at all, and a look back.
fn odd_architectures() -> [Architecture; 3] {
    let plain = Architecture {
        kind: Kind::ComicU,
        half_channels: 16,
        quarter_channels: 32,
        blocks: 1,
        style_dims: 2,
        experts: 0,
        carried_input: false,
    };
    [
        Architecture { half_channels: 5, quarter_channels: 7, blocks: 2, ..plain },
        Architecture { half_channels: 24, quarter_channels: 40, blocks: 0, ..plain },
        Architecture { carried_input: true, ..plain },
    ]
}

#[test]
fn f32_equals_the_tensors_for_every_style_level_and_size() {
    let package = Package::embedded().unwrap();
    for style in &package.manifest().styles {
        let folded = package.fold(&style.name).unwrap();
        let mut tensors = TensorEngine::new(&folded, Device::Cpu).unwrap();
        let mut engines: Vec<_> =
            levels().map(|level| CpuEngine::new(&folded, level, Precision::F32).unwrap()).collect();
        for (width, height) in SIZES {
            let source = picture(width, height);
            let mut expected = Layers::default();
            tensors.run(&source, None, &mut expected).unwrap();
            for cpu in &mut engines {
                let difference = difference(&expected, &run(cpu, &source));
                assert!(difference < TOLERANCE, "{} {} {width}x{height}: {difference}", style.name, cpu.level());
            }
        }
    }
}

#[test]
fn f32_equals_the_tensors_for_other_architectures() {
    for architecture in odd_architectures() {
        let folded = random(architecture);
        let mut tensors = TensorEngine::new(&folded, Device::Cpu).unwrap();
        for level in levels() {
            let mut cpu = CpuEngine::new(&folded, level, Precision::F32).unwrap();
            for (width, height) in SIZES {
                let (source, (layers, confidence)) = (picture(width, height), previous(width, height));
                for carried in [None, Some(Carried { layers: &layers, confidence: &confidence })] {
                    let [mut expected, mut got] = [Layers::default(), Layers::default()];
                    tensors.run(&source, carried, &mut expected).unwrap();
                    cpu.run(&source, carried, &mut got);
                    let difference = difference(&expected, &got);
                    let sees = carried.is_some();
                    assert!(difference < TOLERANCE, "{architecture:?} {level} {width}x{height} {sees}: {difference}");
                }
            }
        }
    }
}

#[test]
fn what_is_carried_matters_to_networks_that_look_back() {
    let [.., architecture] = odd_architectures();
    let folded = calibrated(random(architecture));
    let (source, (layers, confidence)) = (picture(40, 24), previous(40, 24));
    for precision in [Precision::F32, Precision::Int8] {
        let mut engine = CpuEngine::new(&folded, Level::detect(), precision).unwrap();
        let (without, mut with) = (run(&mut engine, &source), Layers::default());
        engine.run(&source, Some(Carried { layers: &layers, confidence: &confidence }), &mut with);
        assert!(difference(&without, &with) > LAYER_STEP, "{precision:?}");
        // No trust, no layers: as without.
        let nothing = (Layers::new(40, 24), Plane::new(40, 24));
        engine.run(&source, Some(Carried { layers: &nothing.0, confidence: &nothing.1 }), &mut with);
        assert_eq!(without, with, "{precision:?}");
    }
}

#[test]
fn int8_is_the_same_on_every_level() {
    let package = Package::embedded().unwrap();
    let shipped = package.manifest().styles.iter().map(|style| package.fold(&style.name).unwrap());
    for folded in shipped.chain(odd_architectures().map(random)).map(calibrated) {
        let mut plain = CpuEngine::new(&folded, Level::Plain, Precision::Int8).unwrap();
        let mut engines: Vec<_> =
            levels().map(|level| CpuEngine::new(&folded, level, Precision::Int8).unwrap()).collect();
        for (width, height) in SIZES {
            let source = picture(width, height);
            let expected = run(&mut plain, &source);
            for engine in &mut engines {
                assert_eq!(run(engine, &source), expected, "{} {width}x{height}", engine.level());
            }
        }
    }
}

#[test]
fn int8_is_close_to_f32() {
    let package = Package::embedded().unwrap();
    let shipped = package.manifest().styles.iter().map(|style| package.fold(&style.name).unwrap());
    for folded in shipped.chain(odd_architectures().map(random)).map(calibrated) {
        let source = picture(64, 48);
        let engine = |precision| CpuEngine::new(&folded, Level::detect(), precision).unwrap();
        let (exact, bytes) = (run(&mut engine(Precision::F32), &source), run(&mut engine(Precision::Int8), &source));
        let psnr = psnr(&exact, &bytes);
        println!("{psnr:.1} dB, {:?}", folded.architecture());
        assert!(psnr > 40.0 && psnr.is_finite(), "{psnr:.1} dB, {:?}", folded.architecture());
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let folded = calibrated(Package::embedded().unwrap().fold("ink").unwrap());
    let source = picture(150, 94);
    for precision in [Precision::F32, Precision::Int8] {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut engine = CpuEngine::new(&folded, Level::detect(), precision).unwrap();
            pool.install(|| run(&mut engine, &source))
        };
        let one = run(1);
        assert!([2, 3, 7].into_iter().all(|threads| run(threads) == one), "{precision:?}");
    }
}

#[test]
fn precision_is_chosen_by_what_is_known_of_the_style() {
    let package = Package::embedded().unwrap();
    let style = package.style_vector("ink").unwrap();
    let bare = package.generator().fold(style).unwrap();
    let known = calibrated(bare.clone());
    let engine = |folded, precision| CpuEngine::new(folded, Level::Plain, precision);
    for level in levels() {
        let auto = |folded| CpuEngine::new(folded, level, Precision::Auto).unwrap().precision();
        let gains = !matches!(level, Level::Plain | Level::Avx512);
        assert_eq!(auto(&bare), Precision::F32);
        assert_eq!(auto(&known), if gains { Precision::Int8 } else { Precision::F32 }, "{level}");
    }
    assert_eq!(engine(&known, Precision::Int8).unwrap().precision(), Precision::Int8);
    assert_eq!(engine(&known, Precision::F32).unwrap().precision(), Precision::F32);
    let message = engine(&bare, Precision::Int8).unwrap_err().to_string();
    assert!(message.contains("activations") && message.contains("model.toml"), "{message}");

    // A running engine follows its style and stays as it is where it cannot.
    let mut running = CpuEngine::new(&known, Level::detect(), Precision::Auto).unwrap();
    running.set_style(&bare).unwrap();
    assert_eq!(running.precision(), Precision::F32);
    let mut running = engine(&known, Precision::Int8).unwrap();
    assert!(running.set_style(&bare).is_err());
    assert_eq!(running.precision(), Precision::Int8);
}

#[test]
fn wrong_activations_are_refused() {
    let folded = Package::embedded().unwrap().fold("ink").unwrap();
    let needed = folded.architecture().activation_names().len();
    for ends in [vec![1.0], vec![1.0; needed + 1], vec![f32::NAN; needed], vec![0.0; needed]] {
        assert!(folded.clone().with_activations(&ends).is_err(), "{ends:?}");
    }
    assert!(folded.with_activations(&vec![1.0; needed]).is_ok());
}

#[test]
fn styles_differ_and_can_be_changed_in_a_running_engine() {
    let package = Package::embedded().unwrap();
    let (ink, halftone) = (package.fold("ink").unwrap(), package.fold("halftone").unwrap());
    let source = picture(64, 48);
    let mut engine = CpuEngine::new(&ink, Level::detect(), Precision::Auto).unwrap();
    let first = run(&mut engine, &source);
    engine.set_style(&halftone).unwrap();
    let second = run(&mut engine, &source);
    assert!(difference(&first, &second) > 12 * LAYER_STEP, "the styles give the same layers");
    engine.set_style(&ink).unwrap();
    assert_eq!(difference(&first, &run(&mut engine, &source)), 0);
}
