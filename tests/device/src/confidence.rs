//! How far flow can be trusted.

use inkcast_frame::Plane;

use crate::plane::PlaneArgument;

/// `Evidence` of `confidence/body.cuh`.
#[repr(C)]
struct EvidenceArgument<'a> {
    flow: PlaneArgument<'a, [f32; 2]>,
    difference: PlaneArgument<'a, f32>,
    agreement: PlaneArgument<'a, f32>,
    difference_range: [f32; 2],
}

unsafe extern "C" {
    fn inkcast_confidence_row(evidence: EvidenceArgument<'_>, y: i32, confidence: *mut f32);
}

/// `inkcast_kernels::confidence::confidence_row`.
pub fn confidence_row(
    flow: &Plane<[f32; 2]>,
    difference: &Plane,
    agreement: &Plane,
    difference_range: [f32; 2],
    y: usize,
    confidence: &mut [f32],
) {
    let (width, height) = flow.size();
    assert_eq!(difference.size(), (width, height), "sizes of flow and difference");
    assert_eq!(agreement.size(), (width.div_ceil(2), height.div_ceil(2)), "half the size");
    assert!(y < height && confidence.len() == width, "row {y} of {width} pixels");
    let (flow, difference) = (PlaneArgument::read(flow), PlaneArgument::read(difference));
    let evidence = EvidenceArgument { flow, difference, agreement: PlaneArgument::read(agreement), difference_range };
    // SAFETY: the function reads inside of planes, whose sizes fit together, and writes a row of the width asserted.
    unsafe { inkcast_confidence_row(evidence, y as i32, confidence.as_mut_ptr()) };
}
