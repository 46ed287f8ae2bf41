use inkcast_frame::Plane;

use super::{ACROSS, BAND, EDGE, Refine, TALL, Tile, WIDE};
use crate::bordered::Bordered;
use crate::vectorised::vectorised;

/// Reach in pixels of the mean that smooths the flow.
const REACH: usize = 2;

/// What a tile starts from.
pub(super) struct Start {
    /// The smoothed flow.
    pub x: Tile,
    pub y: Tile,
    /// Mean of the new frame's luma and that of the previous frame where the flow leads.
    pub mean: Tile,
    /// What the previous frame has there beyond the new one.
    pub difference: Tile,
}

impl Start {
    pub fn new() -> Start {
        let tile = [[0.0; WIDE]; TALL];
        Start { x: tile, y: tile, mean: tile, difference: tile }
    }
}

/// Whether nothing moves in the tile at `(x, y)` and around it, as far as anything counts there.
pub(super) fn stands(flow: &Plane<[f32; 2]>, x: usize, y: usize) -> bool {
    let far = EDGE + REACH;
    let columns = x.saturating_sub(far)..(x + ACROSS + far).min(flow.width());
    let mut rows = y.saturating_sub(far)..(y + BAND + far).min(flow.height());
    rows.all(|y| flow.row(y)[columns.clone()].iter().all(|d| *d == [0.0; 2]))
}

/// The flow around a tile, as far as the mean reaches.
type Around = [[f32; WIDE + 2 * REACH]; TALL + 2 * REACH];

vectorised! {
    /// Smooths the flow of the tile at `(x, y)` and looks at the frames there; outside the picture its edge goes on.
    pub(super) fn fill(refine: &Refine<'_>, x: usize, y: usize, start: &mut Start) {
        let Refine { previous, current, flow, .. } = *refine;
        let (width, height) = current.size();
        let inside = |at: usize, length: usize| at.saturating_sub(EDGE + REACH).min(length - 1);
        let mut around: [Around; 2] = [[[0.0; WIDE + 2 * REACH]; TALL + 2 * REACH]; 2];
        for j in 0..TALL + 2 * REACH {
            let row = flow.row(inside(y + j, height));
            let [xs, ys] = &mut around;
            for (i, (to_x, to_y)) in xs[j].iter_mut().zip(&mut ys[j]).enumerate() {
                let [dx, dy] = row[inside(x + i, width)];
                (*to_x, *to_y) = (dx, dy);
            }
        }
        smooth(&around[0], &mut start.x);
        smooth(&around[1], &mut start.y);
        for j in 0..TALL {
            // No further outside than the border reaches.
            let here_y = ((y + j) as isize - EDGE as isize).min((height + EDGE) as isize);
            let mut here = [0i32; WIDE];
            let mut now = [0.0; WIDE];
            for i in 0..WIDE {
                here[i] = ((x + i) as i32 - EDGE as i32).min((width + EDGE) as i32);
                now[i] = current.at(here[i] as isize, here_y);
            }
            let before = between(previous, &here, here_y as f32, &start.x[j], &start.y[j]);
            for i in 0..WIDE {
                start.mean[j][i] = 0.5 * (before[i] + now[i]);
                start.difference[j][i] = before[i] - now[i];
            }
        }
    }
}

/// Means of 5x5 pixels.
#[inline(always)]
fn smooth(around: &Around, out: &mut Tile) {
    for j in 0..TALL {
        let mut columns = [0.0; WIDE + 2 * REACH];
        for i in 0..WIDE + 2 * REACH {
            let [a, b, c, d, e]: [f32; 5] = std::array::from_fn(|row| around[j + row][i]);
            columns[i] = (a + b) + (c + d) + e;
        }
        for i in 0..WIDE {
            let sum = (columns[i] + columns[i + 1]) + (columns[i + 2] + columns[i + 3]) + columns[i + 4];
            out[j][i] = sum * (1.0 / 25.0);
        }
    }
}

/// The values where the flow `(dx, dy)` of a row's pixels leads, between pixels by linear interpolation; places far outside
/// look like the border's end. In three passes, of which only the middle one has to go pixel by pixel.
#[inline(always)]
fn between(plane: &Bordered, here: &[i32; WIDE], y: f32, dx: &[f32; WIDE], dy: &[f32; WIDE]) -> [f32; WIDE] {
    let reach = (Bordered::BORDER - 2) as f32;
    let (most_x, most_y) = (plane.width() as f32 + reach - 1.0, plane.height() as f32 + reach - 1.0);
    let (mut at, mut across, mut down) = ([0u32; WIDE], [0.0; WIDE], [0.0; WIDE]);
    let stride = plane.stride() as u32;
    for i in 0..WIDE {
        let x = (here[i] as f32 + dx[i]).max(-reach).min(most_x) + Bordered::BORDER as f32;
        let y = (y + dy[i]).max(-reach).min(most_y) + Bordered::BORDER as f32;
        let (left, top) = (x as u32, y as u32);
        (across[i], down[i]) = (x - left as f32, y - top as f32);
        at[i] = top * stride + left;
    }
    let mut corners = [[0.0; WIDE]; 4];
    for i in 0..WIDE {
        let (upper, lower) = (at[i] as usize, (at[i] + stride) as usize);
        let (upper, lower) = (&plane.data()[upper..upper + 2], &plane.data()[lower..lower + 2]);
        (corners[0][i], corners[1][i]) = (upper[0], upper[1]);
        (corners[2][i], corners[3][i]) = (lower[0], lower[1]);
    }
    let mut values = [0.0; WIDE];
    for i in 0..WIDE {
        let above = corners[0][i] + across[i] * (corners[1][i] - corners[0][i]);
        let below = corners[2][i] + across[i] * (corners[3][i] - corners[2][i]);
        values[i] = above + down[i] * (below - above);
    }
    values
}
