use inkcast_frame::LAYER_ONE;

use super::Inside;

/// The definition: one pixel after another.
pub(super) fn samples(inside: &Inside<'_>, layers: &mut [[i16; 4]], age: &mut [u8]) {
    for i in inside.pixels.clone() {
        let (left, top, across, down) = inside.places.taps(i);
        let first = (top - 1) as usize * inside.width + (left - 1) as usize;
        layers[i] = sum(inside.layers, first, inside.width, across, down);
        let (x, y) = inside.places.nearest(i);
        age[i] = inside.age[y as usize * inside.width + x as usize];
    }
}

/// The sum over four rows and four columns of pixels from index `first` on, rows `stride` pixels apart.
/// Columns are summed first, then rows in the order in which a register is folded in half and in half again.
pub(super) fn sum(layers: &[[i16; 4]], first: usize, stride: usize, across: &[f32; 4], down: &[f32; 4]) -> [i16; 4] {
    let mut columns = [[0.0; 4]; 4];
    for (i, column) in columns.iter_mut().enumerate() {
        for (c, value) in column.iter_mut().enumerate() {
            let row = |j: usize| f32::from(layers[first + j * stride + i][c]) * down[j];
            *value = ((row(0) + row(1)) + (row(2) + row(3))) * across[i];
        }
    }
    std::array::from_fn(|c| {
        let sum = (columns[0][c] + columns[2][c]) + (columns[1][c] + columns[3][c]);
        (sum.round_ties_even() as i32).clamp(0, i32::from(LAYER_ONE)) as i16
    })
}
