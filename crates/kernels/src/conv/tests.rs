use inkcast_kit::guard::Guarded;
use inkcast_kit::noise::Random;
use inkcast_kit::variants;

use super::*;

/// Sums of up to 9 * 32 products of numbers around 1; fused and separate rounding differ by a few units in the last place.
const TOLERANCE: f32 = 2e-4;

fn filled(width: usize, height: usize, channels: usize, seed: u64) -> FeatureMap {
    let mut map = FeatureMap::new(width, height, channels);
    let mut random = Random::new(seed);
    let rows: Vec<Vec<f32>> =
        (0..height).map(|_| (0..width * channels).map(|_| random.between(-1.0, 1.0)).collect()).collect();
    map.rows_mut().enumerate().for_each(|(y, row)| row.copy_from_slice(&rows[y]));
    map
}

fn packed(inputs: usize, outputs: usize, kernel: usize, stride: usize, seed: u64) -> PackedConv {
    let mut random = Random::new(seed);
    let weights: Vec<f32> = (0..outputs * inputs * kernel * kernel).map(|_| random.between(-1.0, 1.0)).collect();
    let bias: Vec<f32> = (0..outputs).map(|_| random.between(-1.0, 1.0)).collect();
    PackedConv::new(&weights, &bias, inputs, kernel, stride)
}

#[test]
fn by_hand_a_single_pixel_sees_its_centre_tap_only() {
    let mut input = FeatureMap::new(1, 1, 1);
    input.rows_mut().for_each(|row| row[0] = 2.0);
    let weights: Vec<f32> = (1..=9).map(|tap| tap as f32).collect();
    let packed = PackedConv::new(&weights, &[0.5], 1, 3, 1);
    let mut output = FeatureMap::new(1, 1, LANES);
    for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
        conv(level, &packed, &input, None, false, &mut output);
        assert_eq!(output.row(0)[0], 0.5 + 2.0 * 5.0, "{level}");
        assert!(output.row(0)[1..].iter().all(|&value| value == 0.0), "padding lanes hold zero");
    }
}

#[test]
fn by_hand_neighbours_come_from_the_right_side() {
    // The kernel picks the pixel to the upper left.
    let mut weights = [0.0; 9];
    weights[0] = 1.0;
    let packed = PackedConv::new(&weights, &[0.0], 1, 3, 1);
    let mut input = FeatureMap::new(3, 2, 1);
    input.rows_mut().enumerate().for_each(|(y, row)| (0..3).for_each(|x| row[x] = (10 * y + x) as f32 + 1.0));
    let mut output = FeatureMap::new(3, 2, LANES);
    conv(Level::Plain, &packed, &input, None, false, &mut output);
    let lane0 = |y: usize| -> Vec<f32> { output.row(y).iter().step_by(LANES).copied().collect() };
    assert_eq!(lane0(0), [0.0, 0.0, 0.0]);
    assert_eq!(lane0(1), [0.0, 1.0, 2.0]);
}

#[derive(Debug)]
struct Case {
    inputs: usize,
    outputs: usize,
    kernel: usize,
    stride: usize,
    width: usize,
    height: usize,
    relu: bool,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (inputs, outputs) in [(1, 1), (12, 16), (16, 32), (32, 64), (5, 48), (33, 17)] {
        for (kernel, stride) in [(3, 1), (3, 2), (1, 1)] {
            // Widths around the tiles of 4, 6, 10 and 20 pixels.
            for (width, height) in [(1, 1), (2, 3), (5, 1), (6, 2), (9, 4), (10, 3), (11, 3), (20, 2), (21, 5), (49, 3)]
            {
                let relu = width % 2 == 0;
                cases.push(Case { inputs, outputs, kernel, stride, width, height, relu });
            }
        }
    }
    cases
}

#[test]
fn every_level_equals_the_plain_one() {
    let run = |level: &Level, case: &Case| {
        let weights = packed(case.inputs, case.outputs, case.kernel, case.stride, 7);
        let input = filled(case.width, case.height, case.inputs, 3);
        let (width, height) = (case.width.div_ceil(case.stride), case.height.div_ceil(case.stride));
        let addend = filled(width, height, weights.padded_outputs(), 5);
        let mut output = FeatureMap::new(width, height, weights.padded_outputs());
        conv(*level, &weights, &input, Some(&addend), case.relu, &mut output);
        output.data().to_vec()
    };
    variants::check("conv", &Level::variants(), &cases(), run, variants::within(TOLERANCE));
}

#[test]
fn nothing_is_read_beyond_the_channels_in_use_nor_written_outside() {
    // Channels that do not belong to the convolution hold NaN: one product with them would show.
    let mut input = FeatureMap::new(13, 3, 8);
    input.rows_mut().for_each(|row| {
        row.chunks_mut(8).for_each(|pixel| {
            pixel[..5].fill(0.25);
            pixel[5..].fill(f32::NAN);
        })
    });
    let packed = packed(5, 16, 3, 1, 9);
    for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
        let mut output = FeatureMap::new(13, 3, 16);
        conv(level, &packed, &input, None, false, &mut output);
        assert!(output.data().iter().all(|value| value.is_finite()), "{level}");
        let inside: usize = (0..3).map(|y| output.row(y).iter().filter(|&&value| value != 0.0).count()).sum();
        let all = output.data().iter().filter(|&&value| value != 0.0).count();
        assert_eq!(inside, all, "{level} wrote into the border");
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let (input, packed) = (filled(50, 37, 16, 11), packed(16, 32, 3, 2, 12));
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut output = FeatureMap::new(25, 19, 32);
        pool.install(|| conv(Level::detect(), &packed, &input, None, true, &mut output));
        output
    };
    assert_eq!(run(1).data(), run(3).data());
}

#[test]
fn rows_stay_between_their_guards() {
    for (kernel, stride, pixels) in [(3, 1, 25), (3, 2, 13), (1, 1, 7), (3, 1, 1)] {
        let packed = packed(5, 48, kernel, stride, 9);
        let width = (pixels - 1) * stride + kernel;
        // The last pixel ends with the last channel in use: what lies behind it is not a number.
        let rows: Vec<Guarded<f32>> = (0..kernel).map(|_| Guarded::input(&vec![0.25; width * 8 - 3])).collect();
        let rows: Vec<&[f32]> = rows.iter().map(|row| row.values()).collect();
        let addend = Guarded::input(&vec![0.5; pixels * 48]);
        for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
            let mut output = Guarded::<f32>::output(pixels * 48);
            conv_row(level, &packed, &rows, 8, Some(addend.values()), false, output.values_mut());
            output.check_written();
            assert!(output.values().iter().all(|value| value.is_finite()), "{level} {kernel} {stride} {pixels}");
        }
    }
}
