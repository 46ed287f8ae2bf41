//! Variational refinement of a flow: the last step of dense inverse search, which patches alone leave in squares.
//!
//! The flow is smoothed first and then takes one step of Brox, Bruhn, Papenberg, Weickert: "High Accuracy Optical Flow
//! Estimation Based on a Theory for Warping" (ECCV 2004) towards a flow that is smooth but for its edges and keeps
//! brightness and its slopes, each divided by how steep it is (Zimmer, Bruhn, Weickert: "Optic Flow in Harmony", 2011).
//! The picture is worked on in tiles, each with some pixels around it that are worked on again for the tile they belong
//! to: a tile depends on nothing that another one writes.

mod equations;
mod solve;
mod start;
#[cfg(test)]
mod tests;

use inkcast_frame::Plane;

use crate::Level;
use crate::bordered::Bordered;
use equations::Equations;
use start::Start;

/// Pixels of a tile: its width, and its height, which is that of a band.
pub(crate) const ACROSS: usize = 128;
/// Height of a band in pixels.
pub const BAND: usize = 32;
/// Pixels around a tile for which the equations are solved too.
const HALO: usize = 4;
/// Pixels around a tile that are known: two more, for second derivatives.
const EDGE: usize = HALO + 2;

/// A tile and its surroundings; pixel `(0, 0)` of the tile is at `[EDGE][EDGE]`.
type Tile = [[f32; WIDE]; TALL];
pub(crate) const WIDE: usize = ACROSS + 2 * EDGE;
pub(crate) const TALL: usize = BAND + 2 * EDGE;

/// What a band is made from.
#[derive(Debug, Clone, Copy)]
pub struct Refine<'a> {
    /// Where the flow leads.
    pub previous: &'a Bordered,
    /// Where it starts; as large as the previous one.
    pub current: &'a Bordered,
    /// The flow so far, in pixels; as large as the frames.
    pub flow: &'a Plane<[f32; 2]>,
    /// Difference of luma that counts as none.
    pub noise: f32,
}

/// Writes band number `band`: rows `band * BAND ..` of the refined flow, and of the difference in luma between where each
/// pixel came from and itself, to first order. `flow` and `difference` hold the rows of the band one after another; the
/// last band may be lower.
///
/// A pixel in whose surroundings of 5x5 nothing moves does not move. All levels give the same bits.
///
/// # Panics
/// If sizes do not fit together or the processor lacks the level.
pub fn refine_band(level: Level, refine: &Refine<'_>, band: usize, flow: &mut [[f32; 2]], difference: &mut [f32]) {
    let (width, height) = refine.current.size();
    assert_eq!(refine.previous.size(), (width, height), "sizes of the two frames");
    assert_eq!(refine.flow.size(), (width, height), "size of the flow");
    let rows = BAND.min(height.saturating_sub(band * BAND));
    assert_eq!((flow.len(), difference.len()), (rows * width, rows * width), "pixels of band {band}");
    let (mut start, mut equations) = (Start::new(), Equations::new());
    for x in (0..width).step_by(ACROSS) {
        let columns = ACROSS.min(width - x);
        if start::stands(refine.flow, x, band * BAND) {
            for row in 0..rows {
                let line = row * width + x;
                flow[line..line + columns].fill([0.0; 2]);
                for (at, difference) in (x..).zip(&mut difference[line..line + columns]) {
                    let (at, y) = (at as isize, (band * BAND + row) as isize);
                    *difference = refine.previous.at(at, y) - refine.current.at(at, y);
                }
            }
            continue;
        }
        start::fill(level, refine, x, band * BAND, &mut start);
        equations::set_up(level, &start, refine.noise, &mut equations);
        solve::solve(level, &mut equations);
        for row in 0..rows {
            let line = row * width + x;
            equations.finish(&start, row, &mut flow[line..line + columns], &mut difference[line..line + columns]);
        }
    }
}
