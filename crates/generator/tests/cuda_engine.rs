//! The network on a CUDA device against the network on the CPU. Names say that a card is needed.
#![cfg(feature = "cuda")]

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use inkcast_frame::{LAYER_ONE, LAYER_STEP, Layers, Picture, Plane};
use inkcast_generator::{Carried, Convolutions, CpuEngine, CudaEngine, Folded, GeneratorError, Package, Precision};
use inkcast_kernels::Level;
use inkcast_kernels::conv_f16::cuda::DeviceCarried;
use inkcast_kernels::device::{DeviceContext, DevicePlane};
use inkcast_kit::measure;
use inkcast_kit::motion::{Motion, Scene};

mod card;

const SIZES: [(usize, usize); 5] = [(1, 1), (61, 47), (132, 36), (640, 360), (1280, 720)];

/// A frame on both sides.
struct Frame {
    picture: Picture,
    layers: Layers,
    confidence: Plane<u8>,
    device: (DevicePlane<[u8; 4]>, DevicePlane<[i16; 4]>, DevicePlane<u8>),
}

impl Frame {
    fn new(device: &DeviceContext, (width, height): (usize, usize)) -> Self {
        let picture = Scene::new(5, Motion::Still, width, height).picture(0);
        let layers = Plane::from_fn(width, height, |x, y| {
            [3 * x, 5 * y, x + y, x * y].map(|value| (value % 256) as i16 * LAYER_STEP)
        });
        let confidence = Plane::from_fn(width, height, |x, y| (7 * x + 3 * y) as u8);
        let planes = (
            DevicePlane::with_values(device, &picture).unwrap(),
            DevicePlane::with_values(device, &layers).unwrap(),
            DevicePlane::with_values(device, &confidence).unwrap(),
        );
        Frame { picture, layers, confidence, device: planes }
    }

    fn on_the_cpu(&self, folded: &Folded, looks_back: bool) -> Layers {
        let carried = looks_back.then_some(Carried { layers: &self.layers, confidence: &self.confidence });
        let mut layers = Layers::default();
        CpuEngine::new(folded, Level::detect(), Precision::F32).unwrap().run(&self.picture, carried, &mut layers);
        layers
    }

    fn carried(&self) -> DeviceCarried<'_> {
        DeviceCarried { layers: &self.device.1, confidence: &self.device.2 }
    }

    fn output(&self, device: &DeviceContext) -> DevicePlane<[i16; 4]> {
        let unwritten = Plane::from_fn(self.picture.width(), self.picture.height(), |_, _| [-1; 4]);
        DevicePlane::with_values(device, &unwritten).unwrap()
    }

    fn on_the_card(
        &self,
        device: &DeviceContext,
        engine: &mut CudaEngine,
        carried: Option<DeviceCarried<'_>>,
    ) -> Layers {
        let mut layers = self.output(device);
        engine.run(&self.device.0, carried, &mut layers).unwrap();
        layers.download(device).unwrap()
    }
}

/// In decibels.
fn psnr(a: &Layers, b: &Layers) -> f64 {
    let values = |layers: &Layers| -> Vec<f32> {
        layers.data().as_flattened().iter().map(|&value| f32::from(value) / f32::from(LAYER_ONE)).collect()
    };
    measure::psnr(&values(a), &values(b))
}

fn all_convolutions() -> Vec<(Convolutions, f64)> {
    let candle = if cfg!(feature = "cudnn") { Convolutions::Cudnn } else { Convolutions::Candle };
    // Carried layers as whole codes and maps in halves; Candle's may take 10 bits of a float for products.
    vec![(Convolutions::Own, 45.0), (candle, 45.0)]
}

#[test]
fn layers_on_the_card_are_those_of_the_cpu() {
    let Some(device) = card::open() else { return };
    let package = Package::embedded().unwrap();
    for style in ["ink", "halftone"] {
        let folded = package.fold(style).unwrap();
        for (convolutions, least) in all_convolutions() {
            let mut engine = CudaEngine::with(&device, &folded, convolutions).unwrap();
            for size in SIZES {
                let frame = Frame::new(&device, size);
                for looks_back in [false, true] {
                    let expected = frame.on_the_cpu(&folded, looks_back);
                    let carried = looks_back.then(|| frame.carried());
                    let psnr = psnr(&expected, &frame.on_the_card(&device, &mut engine, carried));
                    println!("{convolutions}, {style}, {size:?}, {looks_back}: {psnr:.1} dB");
                    assert!(psnr > least, "{convolutions}, {style}, {size:?}, {looks_back}: {psnr:.1} dB");
                }
            }
        }
    }
}

#[test]
fn recorded_frames_on_the_card_equal_started_ones_and_follow_the_style() {
    let Some(device) = card::open() else { return };
    let package = Package::embedded().unwrap();
    let (ink, halftone) = (package.fold("ink").unwrap(), package.fold("halftone").unwrap());
    let frame = Frame::new(&device, (640, 360));
    let mut engine = CudaEngine::with(&device, &ink, Convolutions::Own).unwrap();
    assert!(engine.can_be_recorded());
    let carried = Some(frame.carried());
    let expected = frame.on_the_card(&device, &mut engine, carried);
    let mut layers = frame.output(&device);
    let mut graph = device.record::<GeneratorError>(|| engine.run(&frame.device.0, carried, &mut layers)).unwrap();
    for _ in 0..20 {
        graph.launch().unwrap();
        assert!(layers.download(&device).unwrap() == expected, "a recorded frame differs");
    }
    engine.set_style(&halftone).unwrap();
    graph.launch().unwrap();
    let other = layers.download(&device).unwrap();
    assert!(other == frame.on_the_card(&device, &mut engine, carried) && other != expected);
}

#[test]
fn streams_that_share_a_network_on_the_card_get_what_each_gets_alone() {
    const STREAMS: usize = 3;
    let Some(device) = card::open() else { return };
    let folded = Package::embedded().unwrap().fold("ink").unwrap();
    for (convolutions, least) in all_convolutions() {
        let begin = Barrier::new(STREAMS);
        thread::scope(|scope| {
            for stream in 0..STREAMS {
                let (device, folded, begin) = (&device, &folded, &begin);
                scope.spawn(move || {
                    let window = Duration::from_secs(2);
                    let mut shared = CudaEngine::batching_with(device, folded, window, convolutions).unwrap();
                    let mut alone = CudaEngine::with(device, folded, convolutions).unwrap();
                    // Two of the streams have one size.
                    for round in 0..3 {
                        let frame = Frame::new(device, SIZES[2 + (stream + round) / 2 % 2]);
                        let carried = (round > 0).then(|| frame.carried());
                        let expected = frame.on_the_card(device, &mut alone, carried);
                        begin.wait();
                        let found = frame.on_the_card(device, &mut shared, carried);
                        let is_own = convolutions == Convolutions::Own;
                        assert!(if is_own { found == expected } else { psnr(&expected, &found) > least });
                    }
                    // Nobody waits for one who is through.
                    begin.wait();
                });
            }
        });
    }
}
