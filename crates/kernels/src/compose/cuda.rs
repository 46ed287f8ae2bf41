//! The variant on a CUDA device.

use super::{Limits, Settling, Sums};
use crate::device::{DeviceBuffer, DeviceContext, DeviceError, DevicePlane, Grid, Module, launch, module};
use crate::warp::cuda::DeviceWarped;

const KERNELS: Module = module!("compose");

/// Values of a steadiness that [`compose`] reads.
pub const LIMITS: usize = 2;

/// What a steadiness of 0..1 allows, as [`compose`] reads it.
pub fn limits(steadiness: f32) -> [f32; LIMITS] {
    let Limits { oldest, hold } = Limits::new(steadiness);
    [oldest, hold]
}

/// Sums of whole numbers that [`compose`] adds to.
pub const SUMS: usize = 3;

/// What became of a frame of this many pixels, from the sums of it alone.
pub fn settling(sums: [u64; SUMS], pixels: usize) -> Settling {
    let [weights, changes, trusted] = sums;
    Sums { weights, changes, trusted }.settling(pixels)
}

/// [`super::compose`] on a device: `carried` holds the settled layers and their ages afterwards, and `sums`, to be cleared
/// before, what became of the frame. `limits` holds [`limits`], `verdict` a word of
/// [`Verdict`](crate::device::Verdict): a repeated frame leaves everything as it is.
pub fn compose(
    device: &DeviceContext,
    fresh: &DevicePlane<[i16; 4]>,
    carried: &mut DeviceWarped,
    limits: &DeviceBuffer<f32>,
    verdict: &DeviceBuffer<u32>,
    sums: &mut DeviceBuffer<u64>,
) -> Result<(), DeviceError> {
    let size = fresh.size();
    let DeviceWarped { layers, confidence, age } = carried;
    assert_eq!([layers.size(), confidence.size(), age.size()], [size; 3], "sizes of what was carried");
    assert_eq!((limits.len(), verdict.len(), sums.len()), (LIMITS, 1, SUMS), "numbers beside the planes");
    // SAFETY: the arguments are those of `compose` in `cuda.cu`, planes of one size and numbers of the counts it uses.
    unsafe {
        launch!(
            device,
            KERNELS,
            "compose",
            Grid::pixels(size.0, size.1),
            fresh.argument(device),
            layers.argument(device),
            confidence.argument(device),
            age.argument(device),
            limits.address(device),
            verdict.address(device),
            sums.address(device),
        )
    }
}
