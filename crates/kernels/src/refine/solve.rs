use super::equations::Equations;
use super::{EDGE, HALO, TALL, Tile, WIDE};
use crate::vectorised::vectorised;

/// Sweeps of successive over-relaxation, each over the red and then the black pixels of a chessboard.
const SWEEPS: usize = 5;
/// How far a pixel goes beyond what solves its own equation.
const BEYOND: f32 = 1.6;

/// The first row and column that are solved for, and as many remain at the end.
const FIRST: usize = EDGE - HALO;
const HALF: usize = WIDE / 2;
/// Pixels of one colour in a row that are solved for, and the number of the first of them.
const COUNT: usize = HALF - FIRST;
const START: usize = FIRST / 2;

/// A tile whose even columns lie before the odd ones in each row: pixels of one colour are neighbours.
type Split = [[[f32; HALF]; 2]; TALL];

/// [`Equations`] in that order.
struct Chessboard {
    x: Split,
    y: Split,
    weight: Split,
    mixed: Split,
    rest_x: Split,
    rest_y: Split,
    inverse_x: Split,
    inverse_y: Split,
}

vectorised! {
    /// Solves for the tile and its halo, outside of which the flow stays.
    pub(super) fn solve(equations: &mut Equations) {
        let mut board = Chessboard {
            x: split(&equations.x),
            y: split(&equations.y),
            weight: split(&equations.weight),
            mixed: split(&equations.mixed),
            rest_x: split(&equations.rest_x),
            rest_y: split(&equations.rest_y),
            inverse_x: split(&equations.inverse_x),
            inverse_y: split(&equations.inverse_y),
        };
        // A half sweep needs of the one before it only the row below its own: all of them go down the tile one after
        // another, a row apart, through rows that the innermost cache still holds.
        for front in FIRST..TALL - FIRST + 2 * SWEEPS - 1 {
            for half in 0..2 * SWEEPS {
                let Some(j) = front.checked_sub(half).filter(|j| (FIRST..TALL - FIRST).contains(j)) else { continue };
                // The last sweep leaves no trace of the chessboard.
                let share = if half < 2 * SWEEPS - 2 { BEYOND } else { 1.0 };
                match (half + j) % 2 {
                    0 => row::<0>(&mut board, j, share),
                    _ => row::<1>(&mut board, j, share),
                }
            }
        }
        join(&board.x, &mut equations.x);
        join(&board.y, &mut equations.y);
    }
}

/// Moves every second pixel of row `j` towards what solves its equation: the even ones, or with a `PARITY` of 1 the odd ones.
#[inline(always)]
fn row<const PARITY: usize>(board: &mut Chessboard, j: usize, share: f32) {
    let Chessboard { x, y, weight, mixed, rest_x, rest_y, inverse_x, inverse_y } = board;
    const { assert!(PARITY < 2) };
    let other = 1 - PARITY;
    // The pixel on the left of an even one is the odd one of the pair before, that of an odd one the even one beside it.
    let (to_here, to_above) = (part(weight, j, PARITY, START), part(weight, j - 1, PARITY, START));
    let to_left = part(weight, j, other, START + PARITY - 1);
    let neighbours = |flow: &Split| {
        let (above, below) = (part(flow, j - 1, PARITY, START), part(flow, j + 1, PARITY, START));
        let (left, right) = (part(flow, j, other, START + PARITY - 1), part(flow, j, other, START + PARITY));
        let mut sums = [0.0; COUNT];
        for k in 0..COUNT {
            sums[k] = (to_here[k] * (right[k] + below[k])) + (to_left[k] * left[k] + to_above[k] * above[k]);
        }
        sums
    };
    let (around_x, around_y) = (neighbours(x), neighbours(y));
    let mixed = part(mixed, j, PARITY, START);
    let (rest_x, rest_y) = (part(rest_x, j, PARITY, START), part(rest_y, j, PARITY, START));
    let (inverse_x, inverse_y) = (part(inverse_x, j, PARITY, START), part(inverse_y, j, PARITY, START));
    let (xs, ys) = (&mut x[j][PARITY][START..START + COUNT], &mut y[j][PARITY][START..START + COUNT]);
    for k in 0..COUNT {
        let (u, v) = (xs[k], ys[k]);
        let u = u + share * ((rest_x[k] - mixed[k] * v + around_x[k]) * inverse_x[k] - u);
        let v = v + share * ((rest_y[k] - mixed[k] * u + around_y[k]) * inverse_y[k] - v);
        (xs[k], ys[k]) = (u, v);
    }
}

/// `COUNT` pixels of one parity in row `j`, from number `start` on.
#[inline(always)]
fn part(split: &Split, j: usize, parity: usize, start: usize) -> &[f32; COUNT] {
    split[j][parity][start..].first_chunk().expect("a half row has so many pixels")
}

#[inline(always)]
fn split(tile: &Tile) -> Split {
    let mut split = [[[0.0; HALF]; 2]; TALL];
    for (row, [even, odd]) in tile.iter().zip(&mut split) {
        for k in 0..HALF {
            (even[k], odd[k]) = (row[2 * k], row[2 * k + 1]);
        }
    }
    split
}

#[inline(always)]
fn join(split: &Split, tile: &mut Tile) {
    for ([even, odd], row) in split.iter().zip(tile) {
        for k in 0..HALF {
            (row[2 * k], row[2 * k + 1]) = (even[k], odd[k]);
        }
    }
}
