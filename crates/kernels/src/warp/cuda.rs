//! The variant on a CUDA device.

use crate::device::{DeviceBuffer, DeviceContext, DeviceError, DevicePlane, Grid, Module, launch, module};

const KERNELS: Module = module!("warp");

/// What [`warp`] writes: [`Warped`](super::Warped) on a device, of the size of a frame.
#[derive(Debug)]
pub struct DeviceWarped {
    /// The previous layers, moved.
    pub layers: DevicePlane<[i16; 4]>,
    /// Trust in them.
    pub confidence: DevicePlane<u8>,
    /// How long the pixel has been followed for.
    pub age: DevicePlane<u8>,
}

impl DeviceWarped {
    /// Memory for frames of this size.
    pub fn new(device: &DeviceContext, width: usize, height: usize) -> Result<Self, DeviceError> {
        Ok(DeviceWarped {
            layers: DevicePlane::new(device, width, height)?,
            confidence: DevicePlane::new(device, width, height)?,
            age: DevicePlane::new(device, width, height)?,
        })
    }
}

/// [`super::warp`] on a device. `flow` and `confidence` lie on blocks of `1 << shift` pixels. `verdict` holds a word of
/// [`Verdict`](crate::device::Verdict): after a cut nothing is carried or trusted, and of a repeated frame all is.
pub fn warp(
    device: &DeviceContext,
    layers: &DevicePlane<[i16; 4]>,
    age: &DevicePlane<u8>,
    flow: &DevicePlane<[f32; 2]>,
    confidence: &DevicePlane<f32>,
    shift: u32,
    verdict: &DeviceBuffer<u32>,
    warped: &mut DeviceWarped,
) -> Result<(), DeviceError> {
    let size = layers.size();
    let written = [warped.layers.size(), warped.confidence.size(), warped.age.size()];
    assert_eq!((age.size(), written), (size, [size; 3]), "sizes of what is moved");
    assert_eq!(flow.size(), confidence.size(), "grids of flow and confidence");
    assert!(flow.width() > 0 && flow.height() > 0 && shift <= super::MotionField::MOST_SHIFT, "a grid of blocks");
    assert_eq!(verdict.len(), 1, "a word of verdict");
    // SAFETY: the arguments are those of `warp` in `cuda.cu`; it reads inside of planes and writes planes of one size.
    unsafe {
        launch!(
            device,
            KERNELS,
            "warp",
            Grid::pixels(size.0, size.1),
            layers.argument(device),
            age.argument(device),
            flow.argument(device),
            confidence.argument(device),
            shift as i32,
            verdict.address(device),
            warped.layers.argument(device),
            warped.confidence.argument(device),
            warped.age.argument(device),
        )
    }
}
