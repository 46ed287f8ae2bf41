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

fn launch<'a>(packed: &'a PackedConvF16, input: MapSize, backwards: bool) -> Launch<'a> {
    let (size, blocks) = (packed.size(input), packed.blocks(input));
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
            device::conv(&launch(&packed, size, backwards), input.values(), result.values_mut());
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
    device::conv(&launch(&packed, size, false), &noise(size.values(), 3), &mut result);
    assert!(result.iter().all(|&bits| f16::from_bits(bits).is_finite()));
    assert!(result.contains(&f16::MAX.to_bits()) && result.contains(&f16::MIN.to_bits()));
}

fn picture(width: usize, height: usize) -> Picture {
    let mut random = Random::new(11);
    Plane::from_fn(width, height, |_, _| (random.bits() as u32).to_le_bytes())
}

#[test]
fn the_entry_reads_pictures_and_what_is_carried_as_the_cpu_does() {
    for (width, height) in [(1, 1), (3, 2), (5, 9), (34, 31), (64, 36)] {
        let mut random = Random::new(13);
        let picture = picture(width, height);
        let layers: Layers = Plane::from_fn(width, height, |_, _| {
            [(); 4].map(|()| random.between(0.0, f32::from(LAYER_ONE) + 0.9) as i16)
        });
        let confidence: Plane<u8> = Plane::from_fn(width, height, |_, _| random.bits() as u8);
        for (outputs, carries, history) in
            [(16, true, None), (40, true, Some(1)), (24, true, Some(0)), (64, false, None)]
        {
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
                let launch = launch(&packed, size, backwards);
                device::enter(&launch, &picture, carried, history, result.values_mut());
                result.check_written();
                result.values().to_vec()
            };
            let found = run(false);
            assert!(found == run(true), "the order of threads changes the result");

            let mut codes = FeatureMap::new(size.width, size.height, size.channels);
            let carried = Carried { layers: &layers, confidence: &confidence };
            let carried = (carries && history != Some(0)).then_some(carried);
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
            let launch = launch(&packed, size, backwards);
            device::exit(&launch, input.values(), &picture, source.columns(), &mut layers);
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
    use super::cuda::{DeviceCarried, DeviceConv, DeviceMap, DeviceSource};
    use super::*;
    use crate::device::tests::card;
    use crate::device::{DeviceBuffer, DeviceContext, DevicePlane};

    fn map(device: &DeviceContext, size: MapSize, bits: &[u16]) -> DeviceMap {
        let mut map = DeviceMap::new(device, size).unwrap();
        map.bits_mut().upload(device, bits).unwrap();
        map
    }

    fn bits(device: &DeviceContext, map: &DeviceMap) -> Vec<u16> {
        let mut bits = vec![0; map.size().values()];
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
        for case in cases() {
            let (size, packed) = (case.input(), case.packed());
            let output = packed.output(size);
            let input = noise(size.values(), 3);
            // What is not written stays no number.
            let before = if case.finish.add { noise(output.values(), 5) } else { vec![0x7e00; output.values()] };
            let mut expected = before.clone();
            device::conv(&launch(&packed, size, false), &input, &mut expected);
            let conv = DeviceConv::new(&device, packed).unwrap();
            let (input, mut found) = (map(&device, size, &input), map(&device, output, &before));
            cuda::conv(&device, &conv, &input, &mut found).unwrap();
            assert_near(&expected, &bits(&device, &found), &case);
        }
    }

    #[test]
    fn entries_and_exits_on_the_card_equal_those_on_the_host() {
        let Some(device) = card() else { return };
        for (width, height) in [(1, 1), (5, 9), (66, 36), (131, 70)] {
            let (picture, mut random) = (picture(width, height), Random::new(13));
            let layers: Layers =
                Plane::from_fn(width, height, |_, _| [(); 4].map(|()| random.between(0.0, LAYER_ONE.into()) as i16));
            let confidence: Plane<u8> = Plane::from_fn(width, height, |_, _| random.bits() as u8);
            let device_picture = DevicePlane::with_values(&device, &picture).unwrap();
            let device_layers = DevicePlane::with_values(&device, &layers).unwrap();
            let device_confidence = DevicePlane::with_values(&device, &confidence).unwrap();
            let case = |inputs, outputs, scale, relu| Case {
                inputs,
                outputs,
                kernel: 3,
                stride: 1,
                width: width.div_ceil(4) * 2,
                height: height.div_ceil(4) * 2,
                finish: Finish { scale, relu, ..Finish::default() },
            };
            for (outputs, history) in [(16, None), (32, Some(0)), (64, Some(1))] {
                let case = case(CARRIED_CHANNELS, outputs, 1.0 / 255.0, true);
                let (size, packed) = (case.input(), case.packed());
                let output = packed.output(size);
                let mut expected = vec![0x7e00; output.values()];
                let carried = Some((&layers, &confidence));
                device::enter(&launch(&packed, size, false), &picture, carried, history, &mut expected);
                let history = history.map(|history| DeviceBuffer::with_values(&device, &[history]).unwrap());
                let carried =
                    DeviceCarried { layers: &device_layers, confidence: &device_confidence, history: history.as_ref() };
                let conv = DeviceConv::new(&device, packed).unwrap();
                let mut found = map(&device, output, &vec![0x7e00; output.values()]);
                cuda::enter(&device, &conv, &device_picture, Some(carried), &mut found).unwrap();
                assert_near(&expected, &bits(&device, &found), (width, height, outputs));
            }
            let source = Source::new(&[[0.9, 0.1, -0.2], [0.05, 1.1, 0.3], [-0.4, 0.2, 0.7]]);
            let case = case(32, 16, f32::from(LAYER_ONE) / 32.0, false);
            let (size, packed) = (case.input(), case.packed());
            let input = noise(size.values(), 17);
            let mut expected = Layers::new(width, height);
            device::exit(&launch(&packed, size, false), &input, &picture, source.columns(), &mut expected);
            let conv = DeviceConv::new(&device, packed).unwrap();
            let mut found = DevicePlane::with_values(&device, &Plane::from_fn(width, height, |_, _| [-1; 4])).unwrap();
            let (source, input) = (DeviceSource::new(&device, &source).unwrap(), map(&device, size, &input));
            cuda::exit(&device, &conv, &input, &device_picture, &source, &mut found).unwrap();
            let found = found.download(&device).unwrap();
            for (expected, found) in expected.data().as_flattened().iter().zip(found.data().as_flattened()) {
                // Sums in another order, a twentieth of a grey level.
                assert!((expected - found).abs() <= 6, "{width}x{height}: {found}, expected {expected}");
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
