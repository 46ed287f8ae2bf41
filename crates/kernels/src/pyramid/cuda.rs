//! The variants on a CUDA device.

use crate::device::{DeviceContext, DeviceError, DevicePlane, Grid, Module, launch, module};

const KERNELS: Module = module!("pyramid");

/// [`super::halve_luma`] on a device, into a plane of half the size, rounded up.
pub fn halve_luma(
    device: &DeviceContext,
    picture: &DevicePlane<[u8; 4]>,
    half: &mut DevicePlane<f32>,
) -> Result<(), DeviceError> {
    let grid = grid(picture.size(), half.size());
    // SAFETY: the arguments are those of `halve_luma` in `cuda.cu`; the sizes belong together.
    unsafe { launch!(device, KERNELS, "halve_luma", grid, picture.argument(device), half.argument(device)) }
}

/// [`super::halve`] on a device, into a plane of half the size, rounded up.
pub fn halve(device: &DeviceContext, plane: &DevicePlane<f32>, half: &mut DevicePlane<f32>) -> Result<(), DeviceError> {
    let grid = grid(plane.size(), half.size());
    // SAFETY: the arguments are those of `halve` in `cuda.cu`; the sizes belong together.
    unsafe { launch!(device, KERNELS, "halve", grid, plane.argument(device), half.argument(device)) }
}

fn grid((width, height): (usize, usize), half: (usize, usize)) -> Grid {
    assert_eq!(half, (width.div_ceil(2), height.div_ceil(2)), "half the size, rounded up");
    Grid::pixels(half.0, half.1)
}
