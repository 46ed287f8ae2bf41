//! Variational refinement of a flow.

use inkcast_frame::Plane;

use crate::bordered::{Bordered, BorderedArgument};
use crate::plane::PlaneArgument;

/// `Refine` of `refine/body.cuh`.
#[repr(C)]
struct RefineArgument<'a> {
    previous: BorderedArgument<'a>,
    current: BorderedArgument<'a>,
    flow: PlaneArgument<'a, [f32; 2]>,
    noise: f32,
}

unsafe extern "C" {
    fn inkcast_refine_memory() -> usize;
    fn inkcast_refine(refine: RefineArgument<'_>, tile: *mut f32, flow: *mut [f32; 2], difference: *mut f32);
}

/// What `inkcast_kernels::refine::refine_band` writes in all bands, one after another.
pub fn refine(
    previous: Bordered<'_>,
    current: Bordered<'_>,
    rough: &Plane<[f32; 2]>,
    noise: f32,
    flow: &mut [[f32; 2]],
    difference: &mut [f32],
) {
    let (width, height) = current.size();
    assert_eq!([previous.size(), rough.size()], [(width, height); 2], "sizes of the two frames and the flow");
    assert_eq!((flow.len(), difference.len()), (width * height, width * height), "pixels of the frame");
    // SAFETY: it only says how many bytes a tile takes.
    let mut tile = vec![f32::NAN; unsafe { inkcast_refine_memory() } / size_of::<f32>()];
    let (previous, current, rough) = (previous.argument(), current.argument(), PlaneArgument::read(rough));
    let refine = RefineArgument { previous, current, flow: rough, noise };
    // SAFETY: a tile has the memory that it asks for, and there is a place for each pixel in what is written.
    unsafe { inkcast_refine(refine, tile.as_mut_ptr(), flow.as_mut_ptr(), difference.as_mut_ptr()) };
}
