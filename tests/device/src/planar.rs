//! Planes of tensors from pixels, and layers from planes.

use inkcast_frame::{Layers, Picture, Plane};

use crate::plane::PlaneArgument;

/// `Planes<T>` of `planar/body.cuh`.
#[repr(C)]
struct Planes {
    data: *mut f32,
    width: i32,
    height: i32,
}

unsafe extern "C" {
    fn inkcast_planar_picture(picture: PlaneArgument<'_, [u8; 4]>, planes: Planes);
    fn inkcast_planar_carried(layers: PlaneArgument<'_, [i16; 4]>, confidence: PlaneArgument<'_, u8>, planes: Planes);
    fn inkcast_planar_layers(planes: Planes, layers: PlaneArgument<'_, [i16; 4]>);
}

/// Panics if there are not as many numbers as `count` planes for a picture of this size have.
fn planes((width, height): (usize, usize), count: usize, values: &[f32]) -> Planes {
    let (full_width, full_height) = (width.next_multiple_of(4), height.next_multiple_of(4));
    assert!(width > 0 && height > 0, "an empty picture");
    assert_eq!(values.len(), count * full_width * full_height, "numbers of {count} planes");
    Planes { data: values.as_ptr().cast_mut(), width: full_width as i32, height: full_height as i32 }
}

/// `inkcast_kernels::planar::from_picture`.
pub fn from_picture(picture: &Picture, values: &mut [f32]) {
    let mut planes = planes(picture.size(), 3, values);
    planes.data = values.as_mut_ptr();
    // SAFETY: the planes are as large as the function takes them to be, just checked.
    unsafe { inkcast_planar_picture(PlaneArgument::read(picture), planes) };
}

/// `inkcast_kernels::planar::from_carried`.
pub fn from_carried(layers: &Layers, confidence: &Plane<u8>, values: &mut [f32]) {
    assert_eq!(layers.size(), confidence.size(), "size of what is carried");
    let mut planes = planes(layers.size(), 5, values);
    planes.data = values.as_mut_ptr();
    // SAFETY: the planes are as large as the function takes them to be, just checked.
    unsafe {
        let (layers, confidence) = (PlaneArgument::read(layers), PlaneArgument::read(confidence));
        inkcast_planar_carried(layers, confidence, planes);
    }
}

/// `inkcast_kernels::planar::to_layers`.
pub fn to_layers(values: &[f32], layers: &mut Layers) {
    let planes = planes(layers.size(), 4, values);
    // SAFETY: the planes are as large as the function takes them to be, just checked, and only read.
    unsafe { inkcast_planar_layers(planes, PlaneArgument::write(layers)) };
}
