//! Moving the previous layers.

use inkcast_frame::{Layers, Plane};

use crate::plane::PlaneArgument;

unsafe extern "C" {
    fn inkcast_warp(
        layers: PlaneArgument<'_, [i16; 4]>,
        age: PlaneArgument<'_, u8>,
        flow: PlaneArgument<'_, [f32; 2]>,
        confidence: PlaneArgument<'_, f32>,
        shift: i32,
        out_layers: PlaneArgument<'_, [i16; 4]>,
        out_confidence: PlaneArgument<'_, u8>,
        out_age: PlaneArgument<'_, u8>,
    );
}

/// `inkcast_kernels::warp::warp` into planes of the size of `layers`.
pub fn warp(
    layers: &Layers,
    age: &Plane<u8>,
    flow: &Plane<[f32; 2]>,
    confidence: &Plane,
    shift: u32,
    out_layers: &mut Layers,
    out_confidence: &mut Plane<u8>,
    out_age: &mut Plane<u8>,
) {
    let size = layers.size();
    assert_eq!([age.size(), out_layers.size(), out_confidence.size(), out_age.size()], [size; 4], "sizes of planes");
    assert_eq!(flow.size(), confidence.size(), "grids of flow and confidence");
    assert!(flow.width() > 0 && flow.height() > 0 && shift < 31, "a grid of blocks");
    // SAFETY: the function reads inside of the first four planes and writes every pixel of the others, sizes are equal.
    unsafe {
        inkcast_warp(
            PlaneArgument::read(layers),
            PlaneArgument::read(age),
            PlaneArgument::read(flow),
            PlaneArgument::read(confidence),
            shift as i32,
            PlaneArgument::write(out_layers),
            PlaneArgument::write(out_confidence),
            PlaneArgument::write(out_age),
        );
    }
}
