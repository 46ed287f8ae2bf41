//! One figure each, of pictures of one size. Colour and luma are in grey levels 0..=255, flow is in pixels and leads from
//! the new frame to the previous one.

mod cut;
mod difference;
mod flatness;
mod ink;
mod sampling;
mod sharpness;
mod still;
mod visible;
mod warping;

pub use cut::is_cut;
pub use difference::{mean_difference, mean_difference_where};
pub use flatness::flat_share;
pub use ink::ink_share;
pub use sharpness::sharpness;
pub use still::still;
pub use visible::visible;
pub use warping::warping_error;

use inkcast_frame::Plane;

/// Where each pixel was in another frame, `[dx, dy]` in pixels.
pub type Flow = Plane<[f32; 2]>;

/// Share of the pixels for which `mask` holds.
pub fn share(mask: &Plane<bool>) -> f64 {
    mask.data().iter().filter(|&&holds| holds).count() as f64 / mask.data().len() as f64
}
