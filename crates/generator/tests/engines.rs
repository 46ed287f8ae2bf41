//! The fast CPU engine computes what the network's definition in tensors computes.

use candle_core::Device;
use inkcast_frame::{LAYER_STEP, Layers, Picture, Plane};
use inkcast_generator::{CpuEngine, Package, TensorEngine};
use inkcast_kernels::Level;

/// Hundreds of products are summed in another order: a part of a grey level.
const TOLERANCE: i16 = LAYER_STEP / 16;

fn picture(width: usize, height: usize) -> Picture {
    Plane::from_fn(width, height, |x, y| {
        let wave = |a: f32, b: f32| 0.5 + 0.5 * (a * x as f32 + b * y as f32).sin();
        [wave(0.3, 0.1), wave(0.05, 0.4), wave(0.7, -0.6), 0.0].map(|value| (255.0 * value) as u8)
    })
}

fn difference(a: &Layers, b: &Layers) -> i16 {
    let pairs = a.data().as_flattened().iter().zip(b.data().as_flattened());
    pairs.map(|(a, b)| (a - b).abs()).max().unwrap_or(0)
}

#[test]
fn cpu_engine_equals_the_tensors_for_every_style_level_and_size() {
    let package = Package::embedded().unwrap();
    for style in &package.manifest().styles {
        let folded = package.generator().fold(package.generator().style(&style.name).unwrap()).unwrap();
        let mut tensors = TensorEngine::new(&folded, Device::Cpu).unwrap();
        for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
            let mut cpu = CpuEngine::new(&folded, level).unwrap();
            // One engine sees every size in turn, as a stream whose caps change does.
            for (width, height) in [(1, 1), (2, 2), (4, 4), (5, 3), (64, 36), (61, 47)] {
                let source = picture(width, height);
                let (mut expected, mut got) = (Layers::default(), Layers::default());
                tensors.run(&source, &mut expected).unwrap();
                cpu.run(&source, &mut got);
                let difference = difference(&expected, &got);
                assert!(difference < TOLERANCE, "{} {level} {width}x{height}: {difference}", style.name);
            }
        }
    }
}

#[test]
fn styles_differ_and_can_be_changed_in_a_running_engine() {
    let package = Package::embedded().unwrap();
    let fold = |name: &str| package.generator().fold(package.generator().style(name).unwrap()).unwrap();
    let (ink, halftone) = (fold("ink"), fold("halftone"));
    let source = picture(64, 48);
    let run = |engine: &mut CpuEngine| {
        let mut layers = Layers::default();
        engine.run(&source, &mut layers);
        layers
    };
    let mut engine = CpuEngine::new(&ink, Level::detect()).unwrap();
    let first = run(&mut engine);
    engine.set_style(&halftone).unwrap();
    let second = run(&mut engine);
    assert!(difference(&first, &second) > 12 * LAYER_STEP, "the styles give the same layers");
    engine.set_style(&ink).unwrap();
    assert_eq!(difference(&first, &run(&mut engine)), 0);
}
