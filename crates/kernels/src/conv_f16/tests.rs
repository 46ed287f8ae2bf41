use half::f16;
use inkcast_device::conv_f16::{self as device, Launch};
use inkcast_frame::{LAYER_ONE, LAYER_STEP, Layers, Picture, Plane};
use inkcast_kit::guard::Guarded;
use inkcast_kit::noise::Random;
use rayon::prelude::*;

use super::packing::place_of;
use super::*;
use crate::conv::{self as conv_f32, PackedConv};
use crate::shuffle::{CARRIED_CHANNELS, Carried, Source, join_row, unshuffle_carried_row};
use crate::{FeatureMap, Level};

/// A convolution as it is before packing, in numbers that f16 has.
#[derive(Debug)]
struct Case {
    inputs: usize,
    outputs: usize,
    kernel: usize,
    stride: usize,
    width: usize,
    height: usize,
    finish: Finish,
}

impl Case {
    fn input(&self) -> MapSize {
        MapSize { width: self.width, height: self.height, channels: self.inputs }
    }

    fn weights(&self) -> (Vec<f32>, Vec<f32>) {
        let mut random = Random::new(7);
        let count = self.outputs * self.inputs * self.kernel * self.kernel;
        let weights = (0..count).map(|_| rounded(random.between(-1.0, 1.0))).collect();
        (weights, (0..self.outputs).map(|_| random.between(-1.0, 1.0)).collect())
    }

    fn packed(&self) -> PackedConvF16 {
        let (weights, bias) = self.weights();
        PackedConvF16::new(&weights, &bias, self.inputs, self.kernel, self.stride, self.finish)
    }

    /// Sums with bias by the plain convolution, `[y][x][output]` before a pixel-shuffle.
    fn sums(&self, input: &FeatureMap) -> Vec<Vec<f32>> {
        let (mut weights, bias) = self.weights();
        weights.iter_mut().for_each(|weight| *weight *= self.finish.scale);
        let packed = PackedConv::new(&weights, &bias, self.inputs, self.kernel, self.stride);
        let (width, height) = (self.width.div_ceil(self.stride), self.height.div_ceil(self.stride));
        let mut output = FeatureMap::new(width, height, self.outputs.next_multiple_of(conv_f32::LANES));
        conv_f32::conv(Level::Plain, &packed, input, None, false, &mut output);
        let padded = output.channels();
        (0..height).flat_map(|y| output.row(y).chunks(padded).map(|sums| sums[..self.outputs].to_vec())).collect()
    }
}

fn rounded(value: f32) -> f32 {
    f16::from_f32(value).to_f32()
}

/// Noise in bits of f16.
fn noise(count: usize, seed: u64) -> Vec<u16> {
    let mut random = Random::new(seed);
    (0..count).map(|_| f16::from_f32(random.between(-1.0, 1.0)).to_bits()).collect()
}

fn as_map(size: MapSize, bits: &[u16]) -> FeatureMap {
    let mut map = FeatureMap::new(size.width, size.height, size.channels);
    map.rows_mut().zip(bits.par_chunks(size.width * size.channels)).for_each(|(row, bits)| {
        row.iter_mut().zip(bits).for_each(|(value, &bits)| *value = f16::from_bits(bits).to_f32());
    });
    map
}

fn launch(packed: &PackedConvF16, input: MapSize, frames: usize, backwards: bool) -> Launch<'_> {
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
        backwards,
    }
}

/// Rounding to f16, and another order of a thousand sums.
fn is_near(expected: f32, found: u16) -> bool {
    (expected - f16::from_bits(found).to_f32()).abs() <= expected.abs() / 1024.0 + 2e-4
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let plain = Finish::default();
    for (kernel, stride) in [(3, 1), (3, 2), (1, 1)] {
        let case =
            |inputs, outputs, width, height, finish| Case { inputs, outputs, kernel, stride, width, height, finish };
        // Channels that fill matrices, groups and tiles, and such that do not.
        for (inputs, outputs) in [(8, 8), (16, 16), (24, 40), (32, 24), (64, 64), (40, 128), (128, 72), (96, 32)] {
            cases.push(case(inputs, outputs, 19, 18, Finish { relu: outputs % 16 == 0, ..plain }));
            cases.push(case(inputs, outputs, 5, 3, Finish { add: true, relu: true, scale: 0.25, ..plain }));
        }
        // Sizes around a tile of 16x16, 16x8 with a stride of 2.
        for (width, height) in [(1, 1), (2, 1), (15, 16), (16, 17), (17, 15), (32, 9), (33, 34), (1, 40), (70, 2)] {
            cases.push(case(16, 32, width, height, Finish { add: width % 2 == 0, ..plain }));
        }
    }
    for (inputs, channels, width, height) in [(32, 16, 20, 17), (64, 32, 9, 5), (8, 8, 1, 1), (40, 24, 3, 18)] {
        for kernel in [1, 3] {
            let finish = Finish { spread: 2, add: true, relu: true, ..plain };
            cases.push(Case { inputs, outputs: 4 * channels, kernel, stride: 1, width, height, finish });
        }
    }
    cases
}

#[test]
fn all_variants_equal_the_convolution_in_f32() {
    for case in cases() {
        let (size, packed) = (case.input(), case.packed());
        let output = packed.output(size);
        let input = Guarded::input(&noise(size.values(), 3));
        let before = noise(output.values(), 5);
        let run = |backwards: bool| {
            let mut result =
                if case.finish.add { Guarded::input(&before) } else { Guarded::<u16>::output(output.values()) };
            device::conv(&launch(&packed, size, 1, backwards), input.values(), result.values_mut());
            result.check_written();
            result.values().to_vec()
        };
        let found = run(false);
        assert!(found == run(true), "the order of threads changes the result of {case:?}");
        let mut plain = before.clone();
        conv(&packed, size, input.values(), &mut plain);

        let Finish { spread, add, relu, .. } = case.finish;
        let (width, channels) = (output.width / spread, output.channels);
        for (pixel, sums) in case.sums(&as_map(size, input.values())).into_iter().enumerate() {
            for (index, sum) in sums.into_iter().enumerate() {
                let (part, channel) = (index / channels, index % channels);
                let (x, y) = (pixel % width * spread + part % spread, pixel / width * spread + part / spread);
                let at = (y * output.width + x) * channels + channel;
                let sum = if add { sum + f16::from_bits(before[at]).to_f32() } else { sum };
                let expected = if relu { sum.max(0.0) } else { sum };
                for (variant, found) in [("scalar", plain[at]), ("device", found[at])] {
                    let near = is_near(expected, found);
                    assert!(near, "{variant} {case:?} at {x}, {y}, {channel}: {found:#x}, expected {expected}");
                }
            }
        }
    }
}

#[test]
fn what_is_larger_than_f16_ends_at_its_largest() {
    let finish = Finish { scale: 1e6, ..Finish::default() };
    let case = Case { inputs: 8, outputs: 8, kernel: 3, stride: 1, width: 4, height: 4, finish };
    let (size, packed) = (case.input(), case.packed());
    let mut result = vec![0; size.values()];
    device::conv(&launch(&packed, size, 1, false), &noise(size.values(), 3), &mut result);
    assert!(result.iter().all(|&bits| f16::from_bits(bits).is_finite()));
    assert!(result.contains(&f16::MAX.to_bits()) && result.contains(&f16::MIN.to_bits()));
}

fn picture(width: usize, height: usize) -> Picture {
    let mut random = Random::new(11);
    Plane::from_fn(width, height, |_, _| (random.bits() as u32).to_le_bytes())
}

/// A picture with layers and the trust in them.
fn frame(width: usize, height: usize, seed: u64) -> (Picture, Layers, Plane<u8>) {
    let mut random = Random::new(seed);
    let picture = Plane::from_fn(width, height, |_, _| (random.bits() as u32).to_le_bytes());
    let layers =
        Plane::from_fn(width, height, |_, _| [(); 4].map(|()| random.between(0.0, f32::from(LAYER_ONE) + 0.9) as i16));
    let confidence = Plane::from_fn(width, height, |_, _| random.bits() as u8);
    (picture, layers, confidence)
}

#[test]
fn the_entry_reads_pictures_and_what_is_carried_as_the_cpu_does() {
    for (width, height) in [(1, 1), (3, 2), (5, 9), (34, 31), (64, 36)] {
        let (picture, layers, confidence) = frame(width, height, 13);
        for (outputs, carries) in [(16, true), (40, true), (24, false), (64, false)] {
            let case = Case {
                inputs: CARRIED_CHANNELS,
                outputs,
                kernel: 3,
                stride: 1,
                width: width.div_ceil(4) * 2,
                height: height.div_ceil(4) * 2,
                finish: Finish { scale: 1.0 / 255.0, relu: true, ..Finish::default() },
            };
            let (size, packed) = (case.input(), case.packed());
            let run = |backwards: bool| {
                let mut result = Guarded::<u16>::output(packed.output(size).values());
                let carried = carries.then_some((&layers, &confidence));
                let launch = launch(&packed, size, 1, backwards);
                device::enter(&launch, &[(&picture, carried)], result.values_mut());
                result.check_written();
                result.values().to_vec()
            };
            let found = run(false);
            assert!(found == run(true), "the order of threads changes the result");

            let mut codes = FeatureMap::new(size.width, size.height, size.channels);
            let carried = Carried { layers: &layers, confidence: &confidence };
            let carried = carries.then_some(carried);
            codes.rows_mut().enumerate().for_each(|(y, row)| {
                let mut bytes = vec![0; row.len()];
                unshuffle_carried_row(&picture, carried, y, &mut bytes);
                row.iter_mut().zip(bytes).for_each(|(value, byte)| *value = byte.into());
            });
            for (found, sums) in found.chunks(outputs).zip(case.sums(&codes)) {
                for (&found, sum) in found.iter().zip(sums) {
                    assert!(is_near(sum.max(0.0), found), "{width}x{height}, {outputs} outputs: {found:#x}, {sum}");
                }
            }
        }
    }
}

#[test]
fn the_exit_gives_the_layers_of_the_cpu() {
    let source = Source::new(&[[0.9, 0.1, -0.2], [0.05, 1.1, 0.3], [-0.4, 0.2, 0.7]]);
    for (width, height, inputs) in [(1, 1, 8), (3, 2, 16), (5, 9, 40), (34, 31, 32), (66, 36, 16)] {
        let picture = picture(width, height);
        let case = Case {
            inputs,
            outputs: 16,
            kernel: 3,
            stride: 1,
            width: width.div_ceil(4) * 2,
            height: height.div_ceil(4) * 2,
            finish: Finish { scale: f32::from(LAYER_ONE) / 32.0, ..Finish::default() },
        };
        let (size, packed) = (case.input(), case.packed());
        let input = Guarded::input(&noise(size.values(), 17));
        let run = |backwards: bool| {
            let mut layers: Layers = Plane::from_fn(width, height, |_, _| [-1; 4]);
            let launch = launch(&packed, size, 1, backwards);
            device::exit(&launch, input.values(), &[(&picture, None)], source.columns(), &mut [&mut layers]);
            layers
        };
        let found = run(false);
        assert!(found == run(true), "the order of threads changes the result");

        let sums = case.sums(&as_map(size, input.values())).concat();
        for y in 0..height {
            let mut expected = vec![[0; 4]; width];
            let change = &sums[y / 2 * size.width * 16..][..size.width * 16];
            join_row(Level::Plain, picture.row(y), &source, change, y % 2 == 1, &mut expected);
            for (found, expected) in found.row(y).iter().zip(&expected) {
                let near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 1);
                assert!(near, "{width}x{height}, row {y}: {found:?}, expected {expected:?}");
            }
        }
        // The picture and the change both show in what is neither empty nor full.
        let between = found.data().as_flattened().iter().filter(|&&value| value > LAYER_STEP && value < LAYER_ONE);
        assert!(between.count() > 0, "{width}x{height}");
    }
}

#[test]
fn frames_of_a_launch_get_what_each_gets_alone() {
    for (index, case) in cases().into_iter().enumerate() {
        let (size, packed) = (case.input(), case.packed());
        let output = packed.output(size);
        let frames = if index % 5 == 0 { MOST_FRAMES } else { 2 + index % 2 };
        let input = Guarded::input(&noise(frames * size.values(), 3));
        let mut together = Guarded::input(&noise(frames * output.values(), 5));
        let mut alone = together.values().to_vec();
        let places = input.values().chunks(size.values()).zip(alone.chunks_mut(output.values()));
        places.for_each(|(input, place)| device::conv(&launch(&packed, size, 1, false), input, place));
        let launch = launch(&packed, size, frames, frames % 2 == 0);
        device::conv(&launch, input.values(), together.values_mut());
        assert!(together.values() == alone, "{frames} frames of {case:?}");
    }
}

#[test]
fn pictures_of_a_launch_give_the_layers_that_each_gives_alone() {
    let source = Source::new(&[[0.9, 0.1, -0.2], [0.05, 1.1, 0.3], [-0.4, 0.2, 0.7]]);
    for (width, height) in [(1, 1), (5, 9), (66, 36)] {
        let frames: Vec<_> = (13..18).map(|seed| frame(width, height, seed)).collect();
        // Some have nothing that is carried.
        let inputs: Vec<device::Input<'_>> = frames
            .iter()
            .enumerate()
            .map(|(at, (picture, layers, confidence))| (picture, (at % 2 == 0).then_some((layers, confidence))))
            .collect();
        let case = |inputs, outputs, scale| Case {
            inputs,
            outputs,
            kernel: 3,
            stride: 1,
            width: width.div_ceil(4) * 2,
            height: height.div_ceil(4) * 2,
            finish: Finish { scale, ..Finish::default() },
        };
        let enter = case(CARRIED_CHANNELS, 40, 1.0 / 255.0);
        let exit = case(40, 16, f32::from(LAYER_ONE) / 32.0);
        let (size, entering, exiting) = (enter.input(), enter.packed(), exit.packed());
        let run = |inputs: &[device::Input<'_>]| {
            let count = inputs.len();
            let mut map = Guarded::<u16>::output(count * entering.output(size).values());
            device::enter(&launch(&entering, size, count, false), inputs, map.values_mut());
            map.check_written();
            let mut layers: Vec<Layers> =
                inputs.iter().map(|_| Plane::from_fn(width, height, |_, _| [-1; 4])).collect();
            let launch = launch(&exiting, exit.input(), count, false);
            let mut places: Vec<&mut Layers> = layers.iter_mut().collect();
            device::exit(&launch, map.values(), inputs, source.columns(), &mut places);
            layers
        };
        let alone: Vec<Layers> = inputs.iter().flat_map(|input| run(std::slice::from_ref(input))).collect();
        assert!(run(&inputs) == alone, "{width}x{height}");
        assert!(width == 1 || alone[0] != alone[2], "the frames differ");
    }
}

#[test]
fn halves_on_the_host_are_those_of_the_standard() {
    for bits in 0..=u16::MAX {
        let (expected, found) = (f16::from_bits(bits).to_f32(), device::half_value(bits));
        assert!(expected.to_bits() == found.to_bits() || (expected.is_nan() && found.is_nan()), "{bits:#x}: {found}");
    }
    let mut random = Random::new(23);
    // Whole f16, halfway between two, and just beside that, of every size.
    let near = (0..0x7c00u16).flat_map(|bits| {
        let middle = (f16::from_bits(bits).to_f64() + f16::from_bits(bits + 1).to_f64()) / 2.0;
        let middle = if middle.is_finite() { middle as f32 } else { 65520.0 };
        [f16::from_bits(bits).to_f32(), middle, middle.next_down(), middle.next_up()]
    });
    let any = (0..100_000).map(|_| f32::from_bits(random.bits() as u32));
    for value in near.chain(any).chain([0.0, 1e-30, f32::MAX, f32::INFINITY]) {
        for value in [value, -value] {
            let (expected, found) = (f16::from_f32(value), device::half_bits(value));
            assert!(
                expected.to_bits() == found || (expected.is_nan() && found & 0x7fff > 0x7c00),
                "{value:e}: {found:#x}"
            );
        }
    }
}

#[cfg(feature = "cuda")]
mod on_the_card {
    use super::cuda::{DeviceCarried, DeviceConv, DeviceInput, DeviceMap, DeviceSource};
    use super::*;
    use crate::device::tests::card;
    use crate::device::{DeviceContext, DevicePlane};

    fn maps(device: &DeviceContext, size: MapSize, frames: usize, bits: &[u16]) -> DeviceMap {
        let mut map = DeviceMap::new(device, size, frames).unwrap();
        map.bits_mut().upload(device, bits).unwrap();
        map
    }

    fn bits(device: &DeviceContext, map: &DeviceMap) -> Vec<u16> {
        let mut bits = vec![0; map.bits().len()];
        map.bits().download(device, &mut bits).unwrap();
        bits
    }

    #[track_caller]
    fn assert_near(expected: &[u16], found: &[u16], what: impl std::fmt::Debug) {
        for (at, (&expected, &found)) in expected.iter().zip(found).enumerate() {
            let value = f16::from_bits(expected).to_f32();
            assert!(is_near(value, found), "{what:?} at {at}: {found:#x}, expected {expected:#x}");
        }
    }

    #[test]
    fn convolutions_on_the_card_equal_those_on_the_host() {
        let Some(device) = card() else { return };
        for (index, case) in cases().into_iter().enumerate() {
            let (size, packed, frames) = (case.input(), case.packed(), 1 + index % 3);
            let output = packed.output(size);
            let input = noise(frames * size.values(), 3);
            // What is not written stays no number.
            let room = frames * output.values();
            let before = if case.finish.add { noise(room, 5) } else { vec![0x7e00; room] };
            let mut expected = before.clone();
            device::conv(&launch(&packed, size, frames, false), &input, &mut expected);
            let conv = DeviceConv::new(&device, packed).unwrap();
            let (input, mut found) = (maps(&device, size, frames, &input), maps(&device, output, frames, &before));
            cuda::conv(&device, &conv, frames, &input, &mut found).unwrap();
            assert_near(&expected, &bits(&device, &found), &case);
        }
    }

    #[test]
    fn entries_and_exits_on_the_card_equal_those_on_the_host() {
        let Some(device) = card() else { return };
        for (width, height) in [(1, 1), (5, 9), (66, 36), (131, 70)] {
            let frames: Vec<_> = (13..16).map(|seed| frame(width, height, seed)).collect();
            // One of them has nothing that is carried.
            let has_past = [true, false, true];
            let inputs: Vec<device::Input<'_>> = frames
                .iter()
                .zip(has_past)
                .map(|((picture, layers, confidence), carries)| (picture, carries.then_some((layers, confidence))))
                .collect();
            let on_device: Vec<_> = frames
                .iter()
                .map(|(picture, layers, confidence)| {
                    let picture = DevicePlane::with_values(&device, picture).unwrap();
                    let layers = DevicePlane::with_values(&device, layers).unwrap();
                    (picture, layers, DevicePlane::with_values(&device, confidence).unwrap())
                })
                .collect();
            let device_inputs: Vec<DeviceInput<'_>> = on_device
                .iter()
                .zip(has_past)
                .map(|((picture, layers, confidence), carries)| DeviceInput {
                    picture,
                    carried: carries.then_some(DeviceCarried { layers, confidence }),
                })
                .collect();
            let case = |inputs, outputs, scale, relu| Case {
                inputs,
                outputs,
                kernel: 3,
                stride: 1,
                width: width.div_ceil(4) * 2,
                height: height.div_ceil(4) * 2,
                finish: Finish { scale, relu, ..Finish::default() },
            };
            let count = inputs.len();
            for outputs in [16, 32, 64] {
                let case = case(CARRIED_CHANNELS, outputs, 1.0 / 255.0, true);
                let (size, packed) = (case.input(), case.packed());
                let output = packed.output(size);
                let mut expected = vec![0x7e00; count * output.values()];
                let mut found = maps(&device, output, count, &expected);
                device::enter(&launch(&packed, size, count, false), &inputs, &mut expected);
                let conv = DeviceConv::new(&device, packed).unwrap();
                cuda::enter(&device, &conv, &device_inputs, &mut found).unwrap();
                assert_near(&expected, &bits(&device, &found), (width, height, outputs));
            }
            let source = Source::new(&[[0.9, 0.1, -0.2], [0.05, 1.1, 0.3], [-0.4, 0.2, 0.7]]);
            let case = case(32, 16, f32::from(LAYER_ONE) / 32.0, false);
            let (size, packed) = (case.input(), case.packed());
            let input = noise(count * size.values(), 17);
            let mut expected = vec![Layers::new(width, height); count];
            let mut places: Vec<&mut Layers> = expected.iter_mut().collect();
            device::exit(&launch(&packed, size, count, false), &input, &inputs, source.columns(), &mut places);
            let conv = DeviceConv::new(&device, packed).unwrap();
            let unwritten = Plane::from_fn(width, height, |_, _| [-1; 4]);
            let mut found: Vec<_> =
                (0..count).map(|_| DevicePlane::with_values(&device, &unwritten).unwrap()).collect();
            let mut places: Vec<_> = found.iter_mut().collect();
            let (source, input) = (DeviceSource::new(&device, &source).unwrap(), maps(&device, size, count, &input));
            cuda::exit(&device, &conv, &input, &device_inputs, &source, &mut places).unwrap();
            for (expected, found) in expected.iter().zip(&found) {
                let found = found.download(&device).unwrap();
                for (expected, found) in expected.data().as_flattened().iter().zip(found.data().as_flattened()) {
                    // Sums in another order, a twentieth of a grey level.
                    assert!((expected - found).abs() <= 6, "{width}x{height}: {found}, expected {expected}");
                }
            }
        }
    }
}

#[test]
fn each_weight_has_one_place() {
    for group in [16, 32, 64] {
        let mut places: Vec<_> = (0..group * DEPTH).map(|at| place_of(at, group)).collect();
        places.sort_unstable();
        let all: Vec<_> = (0..group).flat_map(|output| (0..DEPTH).map(move |input| (output, input))).collect();
        assert!(places == all, "groups of {group}");
    }
}
