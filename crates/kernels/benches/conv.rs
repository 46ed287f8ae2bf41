//! Convolutions of the small model, layer by layer: `cargo bench -p inkcast-kernels --bench conv [-- THREADS]`.
//!
//! Every level and both kinds of numbers take turns, so that a busy machine disturbs all of them alike; what is
//! printed are medians, in ms a tenth of a 1280x720 frame and in 10^9 operations a second, and the best run, which says
//! more about the code where other programs run beside it.

use std::time::{Duration, Instant};

use inkcast_kernels::conv::PackedConv;
use inkcast_kernels::conv_u8::{PackedConvU8, Steps};
use inkcast_kernels::{FeatureMap, Level, conv, conv_u8};
use inkcast_kit::noise::Random;

const ROUNDS: usize = 101;

struct Layer {
    name: &'static str,
    inputs: usize,
    outputs: usize,
    kernel: usize,
    stride: usize,
    /// Size of the output.
    size: (usize, usize),
}

// A tenth of the rows of a frame: short runs are seldom interrupted.
const HALF: (usize, usize) = (640, 36);
const QUARTER: (usize, usize) = (320, 18);

const LAYERS: [Layer; 4] = [
    Layer { name: "mix", inputs: 16, outputs: 16, kernel: 3, stride: 1, size: HALF },
    Layer { name: "down", inputs: 16, outputs: 32, kernel: 3, stride: 2, size: QUARTER },
    Layer { name: "block", inputs: 32, outputs: 32, kernel: 3, stride: 1, size: QUARTER },
    Layer { name: "up", inputs: 32, outputs: 64, kernel: 1, stride: 1, size: QUARTER },
];

fn main() {
    let threads = std::env::args().skip(1).find_map(|text| text.parse().ok()).unwrap_or(2);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads start");
    println!(
        "{threads} threads\n{:>8} {:>12} {:>6} {:>9} {:>9} {:>9} {:>9}",
        "layer", "level", "kind", "ms", "GOP/s", "best ms", "GOP/s"
    );
    for layer in LAYERS {
        let mut cases: Vec<Case> = Vec::new();
        for level in Level::ALL.into_iter().filter(|&level| level.is_available() && level != Level::Plain) {
            cases.push((level, "u8", Box::new(bytes(level, &layer)), Vec::new()));
            cases.push((level, "f32", Box::new(floats(level, &layer)), Vec::new()));
        }
        for _ in 0..ROUNDS {
            for (_, _, run, times) in &mut cases {
                let start = Instant::now();
                pool.install(&mut *run);
                times.push(start.elapsed());
            }
        }
        let Layer { inputs, outputs, kernel, size: (width, height), .. } = layer;
        let operations = 2 * inputs * outputs * kernel * kernel * width * height;
        for (level, kind, _, times) in &mut cases {
            times.sort();
            let columns = [times[times.len() / 2], times[0]].map(|time| {
                let seconds = time.as_secs_f64();
                format!("{:>9.3} {:>9.0}", seconds * 1e3, operations as f64 / seconds / 1e9)
            });
            println!("{:>8} {:>12} {kind:>6} {}", layer.name, level.name(), columns.join(" "));
        }
    }
}

type Case<'a> = (Level, &'static str, Box<dyn FnMut() + Send + 'a>, Vec<Duration>);

fn bytes(level: Level, layer: &Layer) -> impl FnMut() + Send + use<> {
    let (weights, bias) = weights(layer);
    let steps = Steps { input: 0.01, output: 0.05, addend: 0.05 };
    let packed = PackedConvU8::new(&weights, &bias, layer.inputs, layer.kernel, layer.stride, steps);
    let mut input = input_map(layer);
    let mut random = Random::new(2);
    let codes: Vec<u8> = (0..input.width() * input.channels() + 997).map(|_| random.bits() as u8).collect();
    fill(&mut input, &codes);
    let mut output = FeatureMap::new(layer.size.0, layer.size.1, packed.padded_outputs());
    move || conv_u8::conv(level, &packed, &input, None, &mut output)
}

fn floats(level: Level, layer: &Layer) -> impl FnMut() + Send + use<> {
    let (weights, bias) = weights(layer);
    let packed = PackedConv::new(&weights, &bias, layer.inputs, layer.kernel, layer.stride);
    let mut input = input_map(layer);
    let mut random = Random::new(2);
    let values: Vec<f32> = (0..input.width() * input.channels() + 997).map(|_| random.unit()).collect();
    fill(&mut input, &values);
    let mut output = FeatureMap::new(layer.size.0, layer.size.1, packed.padded_outputs());
    move || conv::conv(level, &packed, &input, None, true, &mut output)
}

fn weights(layer: &Layer) -> (Vec<f32>, Vec<f32>) {
    let mut random = Random::new(1);
    let count = layer.inputs * layer.outputs * layer.kernel * layer.kernel;
    ((0..count).map(|_| random.between(-1.0, 1.0)).collect(), vec![0.1; layer.outputs])
}

fn input_map<T: Copy + Default + Send>(layer: &Layer) -> FeatureMap<T> {
    FeatureMap::new(layer.size.0 * layer.stride, layer.size.1 * layer.stride, layer.inputs)
}

fn fill<T: Copy + Default + Send + Sync>(map: &mut FeatureMap<T>, values: &[T]) {
    use rayon::prelude::*;
    map.rows_mut().enumerate().for_each(|(y, row)| row.copy_from_slice(&values[y % 997..][..row.len()]));
}
