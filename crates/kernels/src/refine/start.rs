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
        let mut around: [Around; 2] = [[[0.0; WIDE + 2 * REACH]; TALL + 2 * REACH]; 2];
        let [xs, ys] = &mut around;
        for j in 0..TALL + 2 * REACH {
            let row = flow.row((y + j).saturating_sub(EDGE + REACH).min(height - 1));
            apart(row, x as isize - (EDGE + REACH) as isize, &mut xs[j], &mut ys[j]);
        }
        smooth(&around[0], &mut start.x);
        smooth(&around[1], &mut start.y);
        for j in 0..TALL {
            // No further outside than the border reaches.
            let here_y = ((y + j) as isize - EDGE as isize).min((height + EDGE) as isize);
            let (mut here, mut now) = ([0i32; WIDE], [0.0; WIDE]);
            for i in 0..WIDE {
                here[i] = ((x + i) as i32 - EDGE as i32).min((width + EDGE) as i32);
            }
            let known = WIDE.min(width + 2 * EDGE + 1 - x);
            let from = current.index(x as isize - EDGE as isize, here_y);
            now[..known].copy_from_slice(&current.data()[from..from + known]);
            let last = now[known - 1];
            now[known..].fill(last);
            let before = between(previous, &here, here_y as f32, &start.x[j], &start.y[j]);
            for i in 0..WIDE {
                start.mean[j][i] = 0.5 * (before[i] + now[i]);
                start.difference[j][i] = before[i] - now[i];
            }
        }
    }
}

/// The components of `row` from column `left` on; before the first and behind the last column these go on.
#[inline(always)]
fn apart<const COUNT: usize>(row: &[[f32; 2]], left: isize, xs: &mut [f32; COUNT], ys: &mut [f32; COUNT]) {
    let before = COUNT.min(left.min(0).unsigned_abs());
    let row_left = &row[left.max(0) as usize..];
    let count = row_left.len().min(COUNT - before);
    let places = xs[before..].iter_mut().zip(&mut ys[before..]);
    places.zip(&row_left[..count]).for_each(|((x, y), &[dx, dy])| (*x, *y) = (dx, dy));
    let ([first_x, first_y], [last_x, last_y]) = (row[0], row[row.len() - 1]);
    for (to, first, last) in [(xs, first_x, last_x), (ys, first_y, last_y)] {
        to[..before].fill(first);
        to[before + count..].fill(last);
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
    // Every place lies within the border; the limit only says so.
    let last = plane.data().len().checked_sub(plane.stride() + 2).expect("two rows of data") as u32;
    let mut pairs = [[[0.0; 2]; WIDE]; 2];
    for i in 0..WIDE {
        let upper = at[i].min(last) as usize;
        // SAFETY: `upper` is at most `last`, and `last + stride + 2` is the length of the data: two values from here on, and
        // two a row below, lie within.
        unsafe {
            let upper = plane.data().as_ptr().add(upper);
            pairs[0][i] = upper.cast::<[f32; 2]>().read();
            pairs[1][i] = upper.add(stride as usize).cast::<[f32; 2]>().read();
        }
    }
    let mut values = [0.0; WIDE];
    for i in 0..WIDE {
        let [above, below] = [pairs[0][i], pairs[1][i]].map(|[left, right]| left + across[i] * (right - left));
        values[i] = above + down[i] * (below - above);
    }
    values
}
