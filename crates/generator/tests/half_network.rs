//! The launches of the network in 16-bit floats, with the kernels' bodies on the host.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use inkcast_device::conv_f16::{self as device, Launch};
use inkcast_frame::{LAYER_ONE, LAYER_STEP, Layers, Picture, Plane};
use inkcast_generator::{
    Architecture, Carried, CpuEngine, Folded, GeneratorError, HalfBatch, HalfNetwork, Kind, Machine, Package, Precision,
};
use inkcast_kernels::Level;
use inkcast_kernels::conv_f16::{MapSize, PackedConvF16};
use inkcast_kernels::shuffle::Source;
use inkcast_kit::measure;
use inkcast_kit::motion::{Motion, Scene};

mod network;
use network::random;

/// Counts launches, so that a frame of a size always has the same.
#[derive(Default)]
struct Host {
    backwards: bool,
    launches: Arc<AtomicUsize>,
}

struct HostMap {
    size: MapSize,
    bits: Vec<u16>,
}

/// A frame of a stream.
struct HostFrame {
    picture: Picture,
    past: Option<(Layers, Plane<u8>)>,
    layers: Layers,
}

#[derive(Clone, Copy)]
struct HostInput<'a> {
    picture: &'a Picture,
    carried: Option<Carried<'a>>,
}

impl Host {
    fn launch<'a>(&self, packed: &'a PackedConvF16, input: MapSize, frames: usize) -> Launch<'a> {
        self.launches.fetch_add(1, Ordering::Relaxed);
        let (size, blocks) = (packed.size(input), packed.blocks(input, frames));
        let (kernel, stride) = packed.kernel_and_stride();
        Launch {
            input: size.input,
            output: size.output,
            spread: size.spread,
            add: size.add != 0,
            relu: size.relu != 0,
            scale: size.scale,
            kernel,
            stride,
            weights: packed.weights(),
            bias: packed.bias(),
            frames,
            grid: blocks.grid,
            outputs: blocks.outputs,
            slots: blocks.slots,
            backwards: self.backwards,
        }
    }
}

impl Machine for Host {
    type Map = HostMap;
    type Conv = PackedConvF16;
    type Source = Source;
    type Input<'a> = HostInput<'a>;
    type Layers = Layers;
    type Frame = HostFrame;

    fn parts(frame: &mut HostFrame) -> (HostInput<'_>, &mut Layers) {
        let HostFrame { picture, past, layers } = frame;
        let carried = past.as_ref().map(|(layers, confidence)| Carried { layers, confidence });
        (HostInput { picture, carried }, layers)
    }

    fn new_map(&self, size: MapSize, frames: usize) -> Result<HostMap, GeneratorError> {
        // A value that nothing has written would show.
        Ok(HostMap { size, bits: vec![0x7e00; frames * size.values()] })
    }

    fn new_conv(&self, packed: PackedConvF16) -> Result<PackedConvF16, GeneratorError> {
        Ok(packed)
    }

    fn set_conv(&self, conv: &mut PackedConvF16, packed: PackedConvF16) -> Result<(), GeneratorError> {
        assert!(conv.is_like(&packed));
        *conv = packed;
        Ok(())
    }

    fn new_source(&self, source: &Source) -> Result<Source, GeneratorError> {
        Ok(*source)
    }

    fn set_source(&self, place: &mut Source, source: &Source) -> Result<(), GeneratorError> {
        *place = *source;
        Ok(())
    }

    fn enter(
        &self,
        conv: &PackedConvF16,
        inputs: &[HostInput<'_>],
        output: &mut HostMap,
    ) -> Result<(), GeneratorError> {
        let size = conv.entry_size(inputs[0].picture.size());
        assert_eq!(output.size, conv.output(size));
        let room = inputs.len() * output.size.values();
        device::enter(&self.launch(conv, size, inputs.len()), &brought(inputs), &mut output.bits[..room]);
        Ok(())
    }

    fn conv(
        &self,
        conv: &PackedConvF16,
        frames: usize,
        input: &HostMap,
        output: &mut HostMap,
    ) -> Result<(), GeneratorError> {
        assert_eq!(output.size, conv.output(input.size));
        let (input_room, room) = (frames * input.size.values(), frames * output.size.values());
        let launch = self.launch(conv, input.size, frames);
        device::conv(&launch, &input.bits[..input_room], &mut output.bits[..room]);
        Ok(())
    }

    fn exit(
        &self,
        conv: &PackedConvF16,
        map: &HostMap,
        inputs: &[HostInput<'_>],
        source: &Source,
        layers: &mut [&mut Layers],
    ) -> Result<(), GeneratorError> {
        let room = inputs.len() * map.size.values();
        let launch = self.launch(conv, map.size, inputs.len());
        device::exit(&launch, &map.bits[..room], &brought(inputs), source.columns(), layers);
        Ok(())
    }
}

fn brought<'a>(inputs: &[HostInput<'a>]) -> Vec<device::Input<'a>> {
    let carried = |carried: Carried<'a>| (carried.layers, carried.confidence);
    inputs.iter().map(|input| (input.picture, input.carried.map(carried))).collect()
}

fn picture(width: usize, height: usize) -> Picture {
    Scene::new(5, Motion::Still, width, height).picture(0)
}

/// Layers and the trust in them.
fn previous(width: usize, height: usize) -> (Layers, Plane<u8>) {
    let layers = Plane::from_fn(width, height, |x, y| {
        [3 * x, 5 * y, x + y, x * y].map(|value| (value % 256) as i16 * LAYER_STEP)
    });
    (layers, Plane::from_fn(width, height, |x, y| (7 * x + 3 * y) as u8))
}

fn run(network: &mut HalfNetwork<Host>, picture: &Picture, carried: Option<Carried<'_>>) -> Layers {
    let mut layers = Plane::from_fn(picture.width(), picture.height(), |_, _| [-1; 4]);
    network.fit(picture.size(), 1).unwrap();
    network.run(&[HostInput { picture, carried }], &mut [&mut layers]).unwrap();
    layers
}

/// In decibels, of layers in full floats and in halves.
fn agreement(folded: &Folded, size: (usize, usize), looks_back: bool) -> f64 {
    let (picture, (layers, confidence)) = (picture(size.0, size.1), previous(size.0, size.1));
    let carried = looks_back.then_some(Carried { layers: &layers, confidence: &confidence });
    let mut exact = Layers::default();
    CpuEngine::new(folded, Level::detect(), Precision::F32).unwrap().run(&picture, carried, &mut exact);
    let found = run(&mut HalfNetwork::new(Host::default(), folded).unwrap(), &picture, carried);
    let values = |layers: &Layers| -> Vec<f32> {
        layers.data().as_flattened().iter().map(|&value| f32::from(value) / f32::from(LAYER_ONE)).collect()
    };
    measure::psnr(&values(&exact), &values(&found))
}

#[test]
fn halves_give_the_picture_of_full_floats() {
    let package = Package::embedded().unwrap();
    for style in ["ink", "halftone"] {
        let folded = package.fold(style).unwrap();
        for (size, looks_back) in [((1, 1), false), ((61, 47), true), ((96, 64), false), ((132, 36), true)] {
            let psnr = agreement(&folded, size, looks_back);
            println!("{style}, {size:?}: {psnr:.1} dB");
            assert!(psnr > 75.0, "{style}, {size:?}: {psnr:.1} dB");
        }
    }
}

#[test]
fn other_shapes_of_networks_run_too() {
    let plain = Architecture {
        kind: Kind::ComicU,
        half_channels: 5,
        quarter_channels: 7,
        blocks: 2,
        style_dims: 2,
        experts: 0,
        carried_input: false,
    };
    let wide = Architecture { half_channels: 32, quarter_channels: 72, blocks: 1, carried_input: true, ..plain };
    for architecture in [plain, Architecture { half_channels: 24, quarter_channels: 40, blocks: 0, ..plain }, wide] {
        let folded = random(architecture);
        let psnr = agreement(&folded, (37, 30), architecture.carried_input);
        println!("{architecture:?}: {psnr:.1} dB");
        assert!(psnr > 75.0, "{architecture:?}: {psnr:.1} dB");
    }
}

#[test]
fn frames_of_a_size_take_the_same_launches_and_styles_follow_each_other() {
    let package = Package::embedded().unwrap();
    let (ink, halftone) = (package.fold("ink").unwrap(), package.fold("halftone").unwrap());
    let small = picture(20, 12);
    let mut network = HalfNetwork::new(Host::default(), &ink).unwrap();
    let first = run(&mut network, &small, None);
    let launches = network.machine().launches.swap(0, Ordering::Relaxed);
    assert_eq!(launches, ink.convs().len());
    // Another size in between, another style, and back.
    run(&mut network, &picture(41, 23), None);
    assert_eq!(network.machine().launches.load(Ordering::Relaxed), launches);
    network.set_style(&halftone).unwrap();
    assert!(run(&mut network, &small, None) != first, "the styles give the same layers");
    network.set_style(&ink).unwrap();
    assert!(run(&mut network, &small, None) == first);
    // A network of another shape takes the place of this one.
    let other = random(Architecture { blocks: 1, ..*ink.architecture() });
    network.set_style(&other).unwrap();
    let fresh = run(&mut HalfNetwork::new(Host::default(), &other).unwrap(), &small, None);
    assert!(run(&mut network, &small, None) == fresh);
}

#[test]
fn the_order_of_threads_changes_no_bit() {
    let folded = Package::embedded().unwrap().fold("ink").unwrap();
    let picture = picture(40, 36);
    let run =
        |backwards| run(&mut HalfNetwork::new(Host { backwards, ..Host::default() }, &folded).unwrap(), &picture, None);
    assert!(run(false) == run(true));
}

/// A picture of one stream, and what was drawn of the one before.
fn frame(stream: u64, index: usize, size: (usize, usize), past: Option<Layers>) -> HostFrame {
    let picture = Scene::new(stream, Motion::Shift(1.0, 0.0), size.0, size.1).picture(index);
    let confidence = Plane::from_fn(size.0, size.1, |x, y| (x + 3 * y + index) as u8);
    let layers = Plane::from_fn(size.0, size.1, |_, _| [-1; 4]);
    HostFrame { picture, past: past.map(|past| (past, confidence)), layers }
}

#[test]
fn frames_of_a_batch_get_the_layers_that_each_gets_alone() {
    let folded = Package::embedded().unwrap().fold("ink").unwrap();
    for (size, backwards) in [((1, 1), false), ((37, 30), true), ((68, 20), false)] {
        let mut together = HalfNetwork::new(Host { backwards, ..Host::default() }, &folded).unwrap();
        let mut alone = HalfNetwork::new(Host::default(), &folded).unwrap();
        // Room grows, and is more than a batch needs.
        for count in [2, 5, 3, 1] {
            let past = |stream| (stream % 2 == 1).then(|| previous(size.0, size.1).0);
            let mut frames: Vec<HostFrame> =
                (0..count).map(|stream| frame(stream, count as usize, size, past(stream))).collect();
            together.machine().launches.store(0, Ordering::Relaxed);
            together.fit(size, frames.len()).unwrap();
            let (inputs, mut layers): (Vec<_>, Vec<_>) = frames.iter_mut().map(Host::parts).unzip();
            together.run(&inputs, &mut layers).unwrap();
            assert_eq!(together.machine().launches.load(Ordering::Relaxed), folded.convs().len(), "of a batch");
            for HostFrame { picture, past, layers } in &frames {
                let carried = past.as_ref().map(|(layers, confidence)| Carried { layers, confidence });
                assert!(*layers == run(&mut alone, picture, carried), "{count} frames of {size:?}");
            }
        }
    }
}

#[test]
fn streams_that_share_a_network_keep_their_own_past() {
    const STREAMS: u64 = 3;
    const FRAMES: usize = 4;
    let folded = Package::embedded().unwrap().fold("ink").unwrap();
    let size = (21, 18);
    let launches = Arc::<AtomicUsize>::default();
    let network = HalfNetwork::new(Host { launches: launches.clone(), ..Host::default() }, &folded).unwrap();
    let batch = Arc::new(HalfBatch::start(network, size, Duration::from_secs(20)).unwrap());
    let begin = Barrier::new(STREAMS as usize);
    let streams: Vec<_> = (0..STREAMS).map(|_| batch.join()).collect();
    thread::scope(|scope| {
        for (number, stream) in (0..).zip(streams) {
            let (begin, folded) = (&begin, &folded);
            scope.spawn(move || {
                let mut alone = HalfNetwork::new(Host::default(), folded).unwrap();
                let mut past = None;
                for index in 0..FRAMES {
                    let frame = frame(number, index, size, past.clone());
                    let carried = frame.past.as_ref().map(|(layers, confidence)| Carried { layers, confidence });
                    let expected = run(&mut alone, &frame.picture, carried);
                    begin.wait();
                    let drawn = stream.run(frame).unwrap();
                    assert!(drawn.layers == expected, "stream {number}, frame {index}");
                    past = Some(drawn.layers);
                }
                // Nobody waits for one who is through.
                begin.wait();
            });
        }
    });
    assert_eq!(launches.load(Ordering::Relaxed), FRAMES * folded.convs().len(), "a batch for all streams");
}
