//! New and carried layers -> settled layers: the temporal term.

use inkcast_frame::{Layers, Plane};
use inkcast_kernels::Level;
use inkcast_kernels::compose::{AGE_STEP, Settling, compose};
use inkcast_kernels::warp::Warped;

#[derive(Debug, Default)]
pub(crate) struct Settled {
    pub layers: Layers,
    pub age: Plane<u8>,
}

pub(crate) fn run(level: Level, fresh: &Layers, carried: &Warped, steadiness: f32, settled: &mut Settled) -> Settling {
    compose(level, fresh, carried, steadiness, &mut settled.layers, &mut settled.age)
}

/// Without a previous frame the new layers stand as they are.
pub(crate) fn start(fresh: &Layers, settled: &mut Settled) {
    settled.layers.clone_from(fresh);
    settled.age.resize(fresh.width(), fresh.height());
    settled.age.data_mut().fill(AGE_STEP);
}
