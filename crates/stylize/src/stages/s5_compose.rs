//! New and carried layers -> settled layers: the temporal term.

use inkcast_frame::Layers;
use inkcast_kernels::Level;
use inkcast_kernels::compose::{AGE_STEP, Settling, compose};
use inkcast_kernels::warp::Warped;

/// `carried` holds the settled layers and their ages afterwards.
pub(crate) fn run(level: Level, fresh: &Layers, carried: &mut Warped, steadiness: f32) -> Settling {
    compose(level, fresh, carried, steadiness)
}

/// Without a previous frame the new layers stand as they are.
pub(crate) fn start(fresh: &mut Layers, carried: &mut Warped) {
    std::mem::swap(fresh, &mut carried.layers);
    carried.age.resize(carried.layers.width(), carried.layers.height());
    carried.age.data_mut().fill(AGE_STEP);
}
