//! Between the size of a picture and a smaller one.

use inkcast_frame::{Layers, Picture, Plane};

use crate::plane::PlaneArgument;

unsafe extern "C" {
    fn inkcast_shrink_picture(picture: PlaneArgument<'_, [u8; 4]>, small: PlaneArgument<'_, [u8; 4]>);
    fn inkcast_shrink_layers(layers: PlaneArgument<'_, [i16; 4]>, small: PlaneArgument<'_, [i16; 4]>);
    fn inkcast_shrink_confidence(confidence: PlaneArgument<'_, u8>, small: PlaneArgument<'_, u8>);
    fn inkcast_enlarge(
        small: PlaneArgument<'_, [i16; 4]>,
        small_picture: PlaneArgument<'_, [u8; 4]>,
        picture: PlaneArgument<'_, [u8; 4]>,
        how: *const [f32; 2],
        layers: PlaneArgument<'_, [i16; 4]>,
    );
}

/// `inkcast_kernels::resize::shrink` of a picture.
pub fn shrink_picture(picture: &Picture, small: &mut Picture) {
    check(picture.size(), small.size());
    // SAFETY: the areas of the small plane's pixels lie in the large one.
    unsafe { inkcast_shrink_picture(PlaneArgument::read(picture), PlaneArgument::write(small)) }
}

/// `inkcast_kernels::resize::shrink` of layers.
pub fn shrink_layers(layers: &Layers, small: &mut Layers) {
    check(layers.size(), small.size());
    // SAFETY: as above.
    unsafe { inkcast_shrink_layers(PlaneArgument::read(layers), PlaneArgument::write(small)) }
}

/// `inkcast_kernels::resize::shrink_confidence`.
pub fn shrink_confidence(confidence: &Plane<u8>, small: &mut Plane<u8>) {
    check(confidence.size(), small.size());
    // SAFETY: as above.
    unsafe { inkcast_shrink_confidence(PlaneArgument::read(confidence), PlaneArgument::write(small)) }
}

/// `inkcast_kernels::resize::enlarge`, into layers of the picture's size; `how` has the fields of `Ink`.
pub fn enlarge(small: &Layers, small_picture: &Picture, picture: &Picture, how: &[f32; 2], layers: &mut Layers) {
    assert_eq!((small.size(), layers.size()), (small_picture.size(), picture.size()), "sizes of layers");
    check(picture.size(), small.size());
    // SAFETY: the function reads between pixels of small planes of one size, and writes layers of the picture's.
    unsafe {
        inkcast_enlarge(
            PlaneArgument::read(small),
            PlaneArgument::read(small_picture),
            PlaneArgument::read(picture),
            how,
            PlaneArgument::write(layers),
        );
    }
}

fn check(from: (usize, usize), to: (usize, usize)) {
    assert!(to.0 > 0 && to.1 > 0 && to.0 <= from.0 && to.1 <= from.1, "{to:?} is no smaller size of {from:?}");
}
