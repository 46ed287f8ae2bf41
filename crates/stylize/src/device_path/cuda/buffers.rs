use inkcast_kernels::compose::AGE_STEP;
use inkcast_kernels::compose::cuda::SUMS;
use inkcast_kernels::device::{DeviceBuffer, DeviceContext, DeviceError, DevicePlane};
use inkcast_kernels::motion::DeviceMotion;
use inkcast_kernels::warp::cuda::DeviceWarped;

use crate::stages::s1_ingest::motion_shift;

/// What frames of one size need on a device, the two sets of what goes on from frame to frame among it.
#[derive(Debug)]
pub(super) struct Buffers {
    pub size: (usize, usize),
    pub sets: [Set; 2],
    /// Luma on grids finer than that for motion, the finest first.
    pub finer: Vec<DevicePlane<f32>>,
    pub motion: DeviceMotion,
    /// What the network draws where layers are carried.
    pub fresh: DevicePlane<[i16; 4]>,
    /// Ages of pixels that nothing was carried to.
    pub new_ages: DeviceBuffer<u8>,
    /// What [`compose`](inkcast_kernels::compose::cuda::compose) adds up.
    pub sums: DeviceBuffer<u64>,
}

/// A frame, and what the next one finds of it.
#[derive(Debug)]
pub(super) struct Set {
    pub picture: DevicePlane<[u8; 4]>,
    /// Luma on the grid that motion is estimated on.
    pub luma: DevicePlane<f32>,
    /// What was carried to here; once composed, the settled layers and their ages.
    pub settled: DeviceWarped,
}

impl Buffers {
    pub fn new(device: &DeviceContext, (width, height): (usize, usize)) -> Result<Self, DeviceError> {
        let shift = motion_shift((width, height));
        let grid = |shift: u32| (width.div_ceil(1 << shift), height.div_ceil(1 << shift));
        let luma = |shift| DevicePlane::new(device, grid(shift).0, grid(shift).1);
        let set = || {
            Ok(Set {
                picture: DevicePlane::new(device, width, height)?,
                luma: luma(shift)?,
                settled: DeviceWarped::new(device, width, height)?,
            })
        };
        Ok(Buffers {
            size: (width, height),
            sets: [set()?, set()?],
            finer: (1..shift).map(luma).collect::<Result<_, _>>()?,
            motion: DeviceMotion::new(device, grid(shift).0, grid(shift).1, width * height)?,
            fresh: DevicePlane::new(device, width, height)?,
            new_ages: DeviceBuffer::with_values(device, &vec![AGE_STEP; width * height])?,
            sums: DeviceBuffer::new(device, SUMS)?,
        })
    }
}

/// What the network sees and draws below the size of the picture.
#[derive(Debug)]
pub(super) struct Smaller {
    pub picture: DevicePlane<[u8; 4]>,
    pub carried: DevicePlane<[i16; 4]>,
    pub confidence: DevicePlane<u8>,
    pub layers: DevicePlane<[i16; 4]>,
}

impl Smaller {
    pub fn new(device: &DeviceContext, (width, height): (usize, usize)) -> Result<Self, DeviceError> {
        Ok(Smaller {
            picture: DevicePlane::new(device, width, height)?,
            carried: DevicePlane::new(device, width, height)?,
            confidence: DevicePlane::new(device, width, height)?,
            layers: DevicePlane::new(device, width, height)?,
        })
    }
}
