//! Smaller versions of luma.

use inkcast_frame::{Picture, Plane};

use crate::plane::PlaneArgument;

unsafe extern "C" {
    fn inkcast_halve(plane: PlaneArgument<'_, f32>, half: PlaneArgument<'_, f32>);
    fn inkcast_halve_luma(picture: PlaneArgument<'_, [u8; 4]>, half: PlaneArgument<'_, f32>);
}

/// `inkcast_kernels::pyramid::halve`.
pub fn halve(plane: &Plane, half: &mut Plane) {
    half.resize(plane.width().div_ceil(2), plane.height().div_ceil(2));
    // SAFETY: each block of half the size has a first row and column in the plane.
    unsafe { inkcast_halve(PlaneArgument::read(plane), PlaneArgument::write(half)) }
}

/// `inkcast_kernels::pyramid::halve_luma`.
pub fn halve_luma(picture: &Picture, half: &mut Plane) {
    half.resize(picture.width().div_ceil(2), picture.height().div_ceil(2));
    // SAFETY: as above.
    unsafe { inkcast_halve_luma(PlaneArgument::read(picture), PlaneArgument::write(half)) }
}
