//! From matches to a flow for each pixel.

use inkcast_frame::Plane;

use crate::bordered::{Bordered, BorderedArgument};
use crate::plane::PlaneArgument;

/// `Densify` of `densify/body.cuh`.
#[repr(C)]
struct DensifyArgument<'a> {
    previous: BorderedArgument<'a>,
    current: BorderedArgument<'a>,
    matches: PlaneArgument<'a, [f32; 4]>,
    noise: f32,
}

unsafe extern "C" {
    fn inkcast_densify(densify: DensifyArgument<'_>, flow: *mut [f32; 2], difference: *mut f32);
}

/// What `inkcast_kernels::densify::densify_band` writes in all bands, one after another. A match is flow `x` and `y`, error
/// and contrast.
pub fn densify(
    previous: Bordered<'_>,
    current: Bordered<'_>,
    matches: &Plane<[f32; 4]>,
    noise: f32,
    flow: &mut [[f32; 2]],
    difference: &mut [f32],
) {
    let (width, height) = current.size();
    let patches = |length: usize| length.saturating_sub(8).div_ceil(4) + 1;
    assert_eq!(previous.size(), (width, height), "sizes of the two frames");
    assert_eq!(matches.size(), (patches(width), patches(height)), "patches of the frame");
    assert_eq!((flow.len(), difference.len()), (width * height, width * height), "pixels of the frame");
    let (previous, current, matches) = (previous.argument(), current.argument(), PlaneArgument::read(matches));
    let densify = DensifyArgument { previous, current, matches, noise };
    // SAFETY: patches of the frame lie within its border, and there is a place for each pixel in what is written.
    unsafe { inkcast_densify(densify, flow.as_mut_ptr(), difference.as_mut_ptr()) };
}
