//! The variants on a CUDA device.

use super::guided::Ink;
use crate::device::{DeviceContext, DeviceError, DevicePlane, Grid, Module, launch, module};

const KERNELS: Module = module!("resize");

/// [`super::shrink`] of a picture on a device, to the size of `small`, which must be no larger.
pub fn shrink_picture(
    device: &DeviceContext,
    picture: &DevicePlane<[u8; 4]>,
    small: &mut DevicePlane<[u8; 4]>,
) -> Result<(), DeviceError> {
    let grid = shrinking(picture.size(), small.size());
    // SAFETY: the arguments are those of `shrink_picture` in `cuda.cu`; the areas of the small plane lie in the large one.
    unsafe { launch!(device, KERNELS, "shrink_picture", grid, picture.argument(device), small.argument(device)) }
}

/// [`super::shrink`] of layers on a device, to the size of `small`, which must be no larger.
pub fn shrink_layers(
    device: &DeviceContext,
    layers: &DevicePlane<[i16; 4]>,
    small: &mut DevicePlane<[i16; 4]>,
) -> Result<(), DeviceError> {
    let grid = shrinking(layers.size(), small.size());
    // SAFETY: as above, of `shrink_layers`.
    unsafe { launch!(device, KERNELS, "shrink_layers", grid, layers.argument(device), small.argument(device)) }
}

/// [`super::shrink_confidence`] on a device, to the size of `small`, which must be no larger.
pub fn shrink_confidence(
    device: &DeviceContext,
    confidence: &DevicePlane<u8>,
    small: &mut DevicePlane<u8>,
) -> Result<(), DeviceError> {
    let grid = shrinking(confidence.size(), small.size());
    // SAFETY: as above, of `shrink_confidence`.
    unsafe { launch!(device, KERNELS, "shrink_confidence", grid, confidence.argument(device), small.argument(device)) }
}

/// [`super::enlarge`] on a device, into layers of the picture's size.
pub fn enlarge(
    device: &DeviceContext,
    small: &DevicePlane<[i16; 4]>,
    small_picture: &DevicePlane<[u8; 4]>,
    picture: &DevicePlane<[u8; 4]>,
    layers: &mut DevicePlane<[i16; 4]>,
) -> Result<(), DeviceError> {
    let size = picture.size();
    assert_eq!(small.size(), small_picture.size(), "sizes of the small layers and their picture");
    assert_eq!(layers.size(), size, "size of the layers");
    shrinking(size, small.size());
    let Ink { contrast, threshold } = Ink::new(size, small.size());
    // SAFETY: the arguments are those of `enlarge` in `cuda.cu`; sizes belong together as was just asserted.
    unsafe {
        launch!(
            device,
            KERNELS,
            "enlarge",
            Grid::pixels(size.0, size.1),
            small.argument(device),
            small_picture.argument(device),
            picture.argument(device),
            [contrast, threshold],
            layers.argument(device),
        )
    }
}

fn shrinking(from: (usize, usize), to: (usize, usize)) -> Grid {
    assert!(to.0 > 0 && to.1 > 0 && to.0 <= from.0 && to.1 <= from.1, "{to:?} is no smaller size of {from:?}");
    Grid::pixels(to.0, to.1)
}
