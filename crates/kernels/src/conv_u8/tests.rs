use inkcast_kit::guard::Guarded;
use inkcast_kit::noise::Random;
use inkcast_kit::variants;

use super::*;

const STEPS: Steps = Steps { input: 0.01, output: 0.05, addend: 0.02 };

#[derive(Debug)]
struct Case {
    inputs: usize,
    outputs: usize,
    kernel: usize,
    stride: usize,
    pixels: usize,
    /// Without it the outputs are floats.
    codes: bool,
    addend: bool,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (inputs, outputs) in [(1, 1), (16, 16), (16, 32), (32, 64), (5, 48), (33, 17)] {
        for (kernel, stride) in [(3, 1), (3, 2), (1, 1)] {
            // Widths around the tiles of 4, 6, 10 and 20 pixels.
            for pixels in [1, 2, 4, 5, 6, 7, 9, 10, 11, 19, 20, 21, 49] {
                for (codes, addend) in [(true, false), (true, true), (false, false)] {
                    cases.push(Case { inputs, outputs, kernel, stride, pixels, codes, addend });
                }
            }
        }
    }
    cases
}

fn packed(inputs: usize, outputs: usize, kernel: usize, stride: usize, steps: Steps) -> PackedConvU8 {
    let mut random = Random::new(7);
    let size = (inputs * kernel * kernel) as f32;
    // Scaled so that results spread over the codes with some of them beyond either end.
    let weights: Vec<f32> = (0..outputs * size as usize).map(|_| random.between(-8.0, 8.0) / size.sqrt()).collect();
    let bias: Vec<f32> = (0..outputs).map(|_| random.between(-1.0, 5.0)).collect();
    PackedConvU8::new(&weights, &bias, inputs, kernel, stride, steps)
}

/// Runs a case between guards and gives the bits of what it wrote.
fn run(level: &Level, case: &Case) -> Vec<u32> {
    let conv = packed(case.inputs, case.outputs, case.kernel, case.stride, STEPS);
    let mut random = Random::new(3);
    let mut bytes = |count: usize| -> Vec<u8> { (0..count).map(|_| random.bits() as u8).collect() };
    let channels = case.inputs.next_multiple_of(QUAD) + 4;
    let width = (case.pixels - 1) * case.stride + case.kernel;
    // The last pixel ends with the last channel in use: nothing behind it may be read.
    let rows: Vec<Guarded<u8>> = (0..case.kernel).map(|_| Guarded::input(&bytes(width * channels - 4))).collect();
    let rows: Vec<&[u8]> = rows.iter().map(|row| row.values()).collect();
    let values = case.pixels * conv.padded_outputs();
    let addend = Guarded::input(&bytes(values));
    let addend = case.addend.then_some(addend.values());
    if case.codes {
        let mut output = Guarded::<u8>::output(values);
        conv_row(*level, &conv, &rows, channels, addend, Output::Codes(output.values_mut()));
        output.check();
        output.values().iter().map(|&code| code.into()).collect()
    } else {
        let mut output = Guarded::<f32>::output(values);
        conv_row(*level, &conv, &rows, channels, addend, Output::Floats(output.values_mut()));
        output.check_written();
        output.values().iter().map(|value| value.to_bits()).collect()
    }
}

#[test]
fn every_level_equals_the_plain_one_bit_for_bit() {
    variants::check("conv_u8", &Level::variants(), &cases(), run, variants::equal);
}

#[test]
fn sums_of_the_largest_codes_do_not_saturate() {
    // 9 * 64 products of 255 and 127: more than 16 bits in every partial sum.
    let weights = vec![1.0; 64 * 9];
    let steps = Steps { input: 1.0, output: 1.0, addend: 0.0 };
    let conv = PackedConvU8::new(&weights, &[0.0], 64, 3, 1, steps);
    let row = [255u8; 3 * 64];
    for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
        let mut output = [0.0; LANES];
        conv_row(level, &conv, &[&row, &row, &row], 64, None, Output::Floats(&mut output));
        // The weight's step is 1/127, so the scale carries its rounding.
        assert!((output[0] - 255.0 * 64.0 * 9.0).abs() < 0.05, "{level}: {}", output[0]);
    }
}

#[test]
fn by_hand_halves_round_to_even_and_ends_saturate() {
    let steps = Steps { input: 1.0, output: 2.0, addend: 1.0 };
    // A weight of 127 has the step 1: one code in gives half a code out, for each unit of the weight.
    let conv = PackedConvU8::new(&[127.0, 1.0, -127.0, 127.0], &[1.0, 0.0, 0.0, 0.0], 1, 1, 1, steps);
    for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
        let row = |input: u8, addend: u8| {
            let mut output = [9; LANES];
            conv_row(level, &conv, &[&[input, 0, 0, 0]], 4, Some(&[addend; LANES]), Output::Codes(&mut output));
            output
        };
        // (127 * 1 + 1) / 2 = 64 and (127 * 3 + 1) / 2 = 191; one weight of 1 has the step 1/127.
        assert_eq!(row(1, 0)[..5], [64, 0, 0, 64, 0], "{level}: 127 / 2 = 63.5 rounds to 64, 0.5 to 0");
        assert_eq!(row(3, 0)[..4], [191, 2, 0, 190], "{level}: 190.5 rounds to 190, 1.5 to 2");
        assert_eq!(row(5, 0)[..4], [255, 2, 0, 255], "{level}: 2.5 rounds to 2");
        assert_eq!(row(1, 254)[..5], [191, 128, 64, 190, 127], "{level}: 127 is added");
    }
}

#[test]
fn quantised_weights_are_within_a_step() {
    let mut random = Random::new(5);
    let weights: Vec<f32> = (0..32 * 16 * 9).map(|_| random.between(-1.0, 1.0)).collect();
    let steps = Steps { input: 1.0 / 255.0, output: 1.0, addend: 0.0 };
    let conv = PackedConvU8::new(&weights, &[0.0; 32], 16, 3, 1, steps);
    // One input at a time: the result is the weight itself.
    for (input, tap) in [(0, 0), (7, 4), (15, 8)] {
        let mut rows = [[0u8; 3 * 16]; 3];
        rows[tap / 3][tap % 3 * 16 + input] = 255;
        let mut output = [0.0; 32];
        conv_row(Level::Plain, &conv, &[&rows[0], &rows[1], &rows[2]], 16, None, Output::Floats(&mut output));
        for (o, found) in output.iter().enumerate() {
            let expected = weights[(o * 16 + input) * 9 + tap];
            assert!((found - expected).abs() <= 1.0 / 127.0 + 1e-6, "output {o}: {found}, weight {expected}");
        }
    }
}

#[test]
fn a_map_is_its_rows_and_threads_do_not_change_it() {
    let conv_of = packed(16, 32, 3, 2, STEPS);
    let mut random = Random::new(11);
    let codes: Vec<Vec<u8>> = (0..37).map(|_| (0..50 * 16).map(|_| random.bits() as u8).collect()).collect();
    let mut input = FeatureMap::new(50, 37, 16);
    input.rows_mut().enumerate().for_each(|(y, row)| row.copy_from_slice(&codes[y]));
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut output = FeatureMap::new(25, 19, 32);
        pool.install(|| conv(Level::detect(), &conv_of, &input, None, &mut output));
        output
    };
    let output = run(1);
    assert_eq!(output.data(), run(3).data());
    let mut row = vec![0; 25 * 32];
    conv_row(Level::Plain, &conv_of, &input.neighbourhood(36), 16, None, Output::Codes(&mut row));
    assert_eq!(output.row(18), row);
}
