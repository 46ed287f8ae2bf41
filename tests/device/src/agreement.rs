//! What a flow back says of a flow.

use inkcast_frame::Plane;

use crate::plane::PlaneArgument;

/// `Halves` of `agreement/body.cuh`.
#[repr(C)]
struct HalvesArgument<'a> {
    forward: PlaneArgument<'a, [f32; 2]>,
    backward: PlaneArgument<'a, [f32; 2]>,
    difference: PlaneArgument<'a, f32>,
    change_range: [f32; 2],
}

unsafe extern "C" {
    fn inkcast_agreement_row(halves: HalvesArgument<'_>, y: i32, agreement: *mut f32);
}

/// `inkcast_kernels::agreement::agreement_row`.
pub fn agreement_row(
    forward: &Plane<[f32; 2]>,
    backward: &Plane<[f32; 2]>,
    difference: &Plane,
    change_range: [f32; 2],
    y: usize,
    agreement: &mut [f32],
) {
    let (width, height) = backward.size();
    assert_eq!((forward.width().div_ceil(2), forward.height().div_ceil(2)), (width, height), "half the size");
    assert_eq!(difference.size(), (width, height), "sizes of flow back and difference");
    assert!(y < height && agreement.len() == width, "row {y} of {width} pixels");
    let (forward, backward) = (PlaneArgument::read(forward), PlaneArgument::read(backward));
    let halves = HalvesArgument { forward, backward, difference: PlaneArgument::read(difference), change_range };
    // SAFETY: the function reads inside of planes, whose sizes fit together, and writes a row of the width asserted.
    unsafe { inkcast_agreement_row(halves, y as i32, agreement.as_mut_ptr()) };
}
