//! Settling layers.

use inkcast_frame::{Layers, Plane};

use crate::plane::PlaneArgument;

unsafe extern "C" {
    fn inkcast_compose(
        fresh: PlaneArgument<'_, [i16; 4]>,
        layers: PlaneArgument<'_, [i16; 4]>,
        confidence: PlaneArgument<'_, u8>,
        age: PlaneArgument<'_, u8>,
        limits: *const [f32; 2],
        sums: *mut [u64; 3],
    );
}

/// `inkcast_kernels::compose::compose`: settles `layers` and `age` in place and gives the sums of weights, changes and
/// trusted pixels. `limits` has the fields of `Limits`.
pub fn compose(
    fresh: &Layers,
    layers: &mut Layers,
    confidence: &Plane<u8>,
    age: &mut Plane<u8>,
    limits: &[f32; 2],
) -> [u64; 3] {
    assert_eq!([layers.size(), confidence.size(), age.size()], [fresh.size(); 3], "sizes of planes");
    let mut sums = [0; 3];
    // SAFETY: the function reads and writes inside of planes of one size.
    unsafe {
        inkcast_compose(
            PlaneArgument::read(fresh),
            PlaneArgument::write(layers),
            PlaneArgument::read(confidence),
            PlaneArgument::write(age),
            limits,
            &mut sums,
        );
    }
    sums
}
