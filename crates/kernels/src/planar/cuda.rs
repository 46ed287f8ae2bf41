//! The variant on a CUDA device, from and to the memory of Candle's tensors.

use candle_core::cuda_backend::cudarc::driver::{CudaSlice, DevicePtr, DevicePtrMut, DeviceRepr};

use super::{CARRIED_PLANES, LAYER_PLANES, PICTURE_PLANES, padded};
use crate::conv_f16::cuda::DeviceCarried;
use crate::device::{DeviceContext, DeviceError, DevicePlane, Grid, Module, launch, module};

const KERNELS: Module = module!("planar");

/// `Planes<T>` of `body.cuh`.
#[repr(C)]
struct PlanesArgument {
    data: u64,
    width: i32,
    height: i32,
}

// SAFETY: the device's structure has the same fields in the same order and of the same sizes.
unsafe impl DeviceRepr for PlanesArgument {}

/// [`super::from_picture`] on a device.
///
/// # Panics
/// If `planes` has another length than the planes have.
pub fn from_picture(
    device: &DeviceContext,
    picture: &DevicePlane<[u8; 4]>,
    planes: &mut CudaSlice<f32>,
) -> Result<(), DeviceError> {
    let (planes, grid) = written(device, picture.size(), PICTURE_PLANES, planes);
    // SAFETY: the arguments are those of `planar_picture`; the planes are as large as it takes them to be.
    unsafe { launch!(device, KERNELS, "planar_picture", grid, picture.argument(device), planes) }
}

/// [`super::from_carried`] on a device.
///
/// # Panics
/// If `planes` has another length than the planes have, or confidence another size than the layers.
pub fn from_carried(
    device: &DeviceContext,
    carried: DeviceCarried<'_>,
    planes: &mut CudaSlice<f32>,
) -> Result<(), DeviceError> {
    let DeviceCarried { layers, confidence } = carried;
    assert_eq!(layers.size(), confidence.size(), "size of what is carried");
    let (planes, grid) = written(device, layers.size(), CARRIED_PLANES, planes);
    // SAFETY: the arguments are those of `planar_carried`; planes are as large as it takes them to be.
    unsafe {
        let (layers, confidence) = (layers.argument(device), confidence.argument(device));
        launch!(device, KERNELS, "planar_carried", grid, layers, confidence, planes)
    }
}

fn written(
    device: &DeviceContext,
    size: (usize, usize),
    count: usize,
    planes: &mut CudaSlice<f32>,
) -> (PlanesArgument, Grid) {
    let (width, height) = padded(size);
    assert!(size.0 > 0 && size.1 > 0, "an empty picture");
    assert_eq!(planes.len(), count * width * height, "numbers of {count} planes");
    let (data, _) = planes.device_ptr_mut(device.stream());
    (PlanesArgument { data, width: width as i32, height: height as i32 }, Grid::pixels(width, height))
}

/// [`super::to_layers`] on a device.
///
/// # Panics
/// If `planes` has another length than the planes have.
pub fn to_layers(
    device: &DeviceContext,
    planes: &CudaSlice<f32>,
    layers: &mut DevicePlane<[i16; 4]>,
) -> Result<(), DeviceError> {
    let (width, height) = padded(layers.size());
    assert_eq!(planes.len(), LAYER_PLANES * width * height, "numbers of planes of layers");
    let (data, _) = planes.device_ptr(device.stream());
    let planes = PlanesArgument { data, width: width as i32, height: height as i32 };
    let grid = Grid::pixels(layers.width(), layers.height());
    // SAFETY: the arguments are those of `planar_layers`; it reads inside of the planes and writes each pixel of the layers.
    unsafe { launch!(device, KERNELS, "planar_layers", grid, planes, layers.argument(device)) }
}
