//! The variant on a CUDA device.

use super::numbers;
use crate::device::{DeviceContext, DeviceError, DeviceFrame, DevicePlane, Grid, Module, launch, module};

const KERNELS: Module = module!("ingest");

/// [`super::ingest`] on a device, into a picture of the frame's size.
pub fn ingest(
    device: &DeviceContext,
    frame: &DeviceFrame,
    picture: &mut DevicePlane<[u8; 4]>,
) -> Result<(), DeviceError> {
    let info = frame.info();
    assert_eq!(picture.size(), (info.width, info.height), "size of the picture");
    let grid = Grid::pixels(info.width, info.height);
    let (bytes, picture) = (frame.argument(device), picture.argument(device));
    // SAFETY: the arguments are those of the kernels in `cuda.cu`; they read inside of a frame of this format and write a
    // picture of its size.
    unsafe {
        match numbers::packed(info) {
            Some(how) => launch!(device, KERNELS, "ingest_packed", grid, bytes, how, picture),
            None => launch!(device, KERNELS, "ingest_planar", grid, bytes, numbers::planar(info), picture),
        }
    }
}
