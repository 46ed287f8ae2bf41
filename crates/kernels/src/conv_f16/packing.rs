use half::f16;

/// Input channels of one matrix.
pub(super) const DEPTH: usize = 16;
/// Threads of a warp.
pub(super) const LANES: usize = 32;
/// Numbers of a slot of shared memory, which is what a thread loads at once.
pub(super) const SLOT: usize = 8;

/// Outputs that a block computes: as many as fill the tensor cores, unless there are fewer.
pub(super) fn group_of(outputs: usize) -> usize {
    match outputs {
        0..=16 => 16,
        17..=32 => 32,
        _ => 64,
    }
}

/// Where each packed weight is in `[O, I, K, K]`, in the order of [`super::PackedConvF16`]; those that fill up a group or a matrix
/// are nowhere.
pub(super) fn places(outputs: usize, inputs: usize, taps: usize) -> impl Iterator<Item = Option<usize>> {
    let group = group_of(outputs);
    let (groups, depths) = (outputs.div_ceil(group), inputs.div_ceil(DEPTH));
    let count = group * DEPTH;
    (0..groups * depths * taps * count).map(move |at| {
        let (output, input) = place_of(at % count, group);
        let (tap, depth, index) = (at / count % taps, at / count / taps % depths, at / count / taps / depths);
        let (output, input) = (index * group + output, depth * DEPTH + input);
        (output < outputs && input < inputs).then_some((output * inputs + input) * taps + tap)
    })
}

/// Which output of a group and which of 16 inputs the number at `at` of a tap's weights belongs to.
///
/// A lane holds, of two matrices of 16 inputs by 8 outputs, the column `lane / 4` and in it the rows `2 (lane % 4)` and
/// the next, and those eight below (PTX ISA, mma.m16n8k16). Of the results it holds the columns `2 (lane % 4)` and the
/// next, so the columns of neighbouring matrices are those outputs that lie side by side in a map.
pub(super) fn place_of(at: usize, group: usize) -> (usize, usize) {
    let (number, lane, pair) = (at % SLOT, at / SLOT % LANES, at / (SLOT * LANES));
    let (matrix, row) = (2 * pair + number / 4, 2 * (lane % 4) + number % 2 + number / 2 % 2 * 8);
    // A lane writes this many neighbouring outputs, two of each matrix.
    let neighbours = if group == 16 { 4 } else { 8 };
    let (unit, matrix) = (matrix / (neighbours / 2), matrix % (neighbours / 2));
    let column = lane / 4;
    (unit * 4 * neighbours + column / 2 * neighbours + 2 * matrix + column % 2, row)
}

/// The nearest finite f16.
pub(super) fn half_bits(value: f32) -> u16 {
    f16::from_f32(value.clamp(f16::MIN.to_f32(), f16::MAX.to_f32())).to_bits()
}
