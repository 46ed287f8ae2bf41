use super::equations::Equations;
use super::{EDGE, HALO, TALL, Tile, WIDE};
use crate::vectorised::vectorised;

/// Sweeps of successive over-relaxation, each over the red and then the black pixels of a chessboard.
const SWEEPS: usize = 5;
/// How far a pixel goes beyond what solves its own equation.
const BEYOND: f32 = 1.6;

/// Pixels that are solved for.
const FIRST: usize = EDGE - HALO;
const COLUMNS: usize = WIDE - 2 * FIRST;

vectorised! {
    /// Solves for the tile and its halo, outside of which the flow stays.
    pub(super) fn solve(equations: &mut Equations) {
        for half in 0..2 * SWEEPS {
            // The last sweep leaves no trace of the chessboard.
            let share = if half < 2 * SWEEPS - 2 { BEYOND } else { 1.0 };
            for j in FIRST..TALL - FIRST {
                row(equations, j, (half + j) % 2, share);
            }
        }
    }
}

/// Moves every second pixel of row `j` towards what solves its equation: those whose column is `parity` more than an even
/// one.
#[inline(always)]
fn row(equations: &mut Equations, j: usize, parity: usize, share: f32) {
    let Equations { x, y, weight, mixed, rest_x, rest_y, inverse_x, inverse_y } = equations;
    let (mut new_x, mut new_y) = ([0.0; COLUMNS], [0.0; COLUMNS]);
    let neighbours = |flow: &Tile, i: usize| {
        (weight[j][i] * (flow[j][i + 1] + flow[j + 1][i]))
            + (weight[j][i - 1] * flow[j][i - 1] + weight[j - 1][i] * flow[j - 1][i])
    };
    let turn = [1.0 - parity as f32, parity as f32];
    for k in 0..COLUMNS {
        let i = k + FIRST;
        let goes = share * turn[i % 2];
        let (u, v) = (x[j][i], y[j][i]);
        let u = u + goes * ((rest_x[j][i] - mixed[j][i] * v + neighbours(x, i)) * inverse_x[j][i] - u);
        let v = v + goes * ((rest_y[j][i] - mixed[j][i] * u + neighbours(y, i)) * inverse_y[j][i] - v);
        (new_x[k], new_y[k]) = (u, v);
    }
    x[j][FIRST..WIDE - FIRST].copy_from_slice(&new_x);
    y[j][FIRST..WIDE - FIRST].copy_from_slice(&new_y);
}
