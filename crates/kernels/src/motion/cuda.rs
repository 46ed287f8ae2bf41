//! The passes on a CUDA device.

use candle_core::cuda_backend::cudarc::driver::{DeviceRepr, LaunchConfig, ValidAsZeroBits};

use super::{Addresses, Arguments, MotionReport, Plan, Step};
use crate::device::{DeviceBuffer, DeviceContext, DeviceError, DevicePlane, Grid, Module, launch, module};

const KERNELS: Module = module!("motion");

// SAFETY: numbers only, in the order and of the sizes of the structure of the device.
unsafe impl DeviceRepr for Arguments {}
// SAFETY: as above.
unsafe impl DeviceRepr for MotionReport {}
// SAFETY: every field is a number, for which zero bits are zero.
unsafe impl ValidAsZeroBits for MotionReport {}

/// The frames that motion is estimated between.
#[derive(Debug, Clone, Copy)]
pub struct DeviceFrames<'a> {
    /// Luma of the previous frame, 0..1.
    pub previous: &'a DevicePlane<f32>,
    /// Luma of the new frame, of the same size.
    pub current: &'a DevicePlane<f32>,
    /// The previous and the new picture, which a repeated frame has the same too.
    pub pictures: Option<[&'a DevicePlane<[u8; 4]>; 2]>,
    /// One number, other than 0 where there is no previous frame: then nothing is looked for, and the report says that the
    /// scene was cut. None where there always is one.
    pub is_first: Option<&'a DeviceBuffer<u32>>,
}

/// Motion between two frames, on a device: its working memory and what was found last.
#[derive(Debug)]
pub struct DeviceMotion {
    /// For each pixel of the new frame the way `(dx, dy)` to the same point in the previous one, in pixels.
    pub flow: DevicePlane<[f32; 2]>,
    /// Trust in it, 0..1.
    pub confidence: DevicePlane<f32>,
    /// A word of [`Verdict`](crate::device::Verdict).
    pub verdict: DeviceBuffer<u32>,
    /// What most of the picture does in its middle, in pixels; two numbers.
    pub camera: DeviceBuffer<f32>,
    /// One report.
    pub report: DeviceBuffer<MotionReport>,
    plan: Plan,
    memory: DeviceBuffer<f32>,
}

impl DeviceMotion {
    /// Memory for frames whose luma has this size, and whose pictures have `pixels` pixels, 0 if they are not compared.
    pub fn new(device: &DeviceContext, width: usize, height: usize, pixels: usize) -> Result<Self, DeviceError> {
        let plan = Plan::new(width, height, pixels);
        Ok(DeviceMotion {
            flow: DevicePlane::new(device, width, height)?,
            confidence: DevicePlane::new(device, width, height)?,
            verdict: DeviceBuffer::new(device, 1)?,
            camera: DeviceBuffer::new(device, 2)?,
            report: DeviceBuffer::new(device, 1)?,
            memory: DeviceBuffer::new(device, plan.words())?,
            plan,
        })
    }

    /// Estimates motion from the new frame to the previous one. A mean confidence below `least_confidence` counts as a
    /// scene cut too, with flow and confidence as they were found.
    pub fn estimate(
        &mut self,
        device: &DeviceContext,
        frames: &DeviceFrames<'_>,
        least_confidence: f32,
    ) -> Result<(), DeviceError> {
        let DeviceFrames { previous, current, pictures, is_first } = *frames;
        let size = self.plan.size();
        assert_eq!([previous.size(), current.size()], [size; 2], "sizes of the two frames");
        let pixels = pictures.map_or([0; 2], |both| both.map(|picture| picture.values().len()));
        assert_eq!(pixels, [self.plan.pixels(); 2], "pixels of the two pictures");
        assert!(is_first.is_none_or(|is_first| is_first.len() == 1), "one number says whether a frame is the first");
        let addresses = Addresses {
            memory: self.memory.address(device),
            report: self.report.address(device),
            verdict: self.verdict.address(device),
            camera: self.camera.address(device),
            luma: [previous, current].map(|plane| plane.values().address(device)),
            pictures: pictures.map_or([0; 2], |both| both.map(|picture| picture.values().address(device))),
            is_first: is_first.map_or(0, |is_first| is_first.address(device)),
            flow: self.flow.values().address(device),
            confidence: self.confidence.values().address(device),
        };
        let arguments = self.plan.arguments(&addresses, least_confidence);
        for pass in self.plan.passes() {
            let ([x, y, z], [i, j, k]) = (pass.blocks, pass.threads);
            let grid = Grid(LaunchConfig { grid_dim: (x, y, z), block_dim: (i, j, k), shared_mem_bytes: 0 });
            // SAFETY: the kernels of `cuda.cu` take these two; the plan gives them memory of the sizes that they use.
            unsafe { launch!(device, KERNELS, kernel(pass.step), grid, arguments, pass.level as i32)? };
        }
        Ok(())
    }
}

/// The name of a step in `cuda.cu`.
fn kernel(step: Step) -> &'static str {
    match step {
        Step::Start => "motion_start",
        Step::Copy => "motion_copy",
        Step::Compare => "motion_compare",
        Step::Halve => "motion_halve",
        Step::Look => "motion_look",
        Step::Expose => "motion_expose",
        Step::Search => "motion_search",
        Step::Lead => "motion_lead",
        Step::Fit => "motion_fit",
        Step::Densify => "motion_densify",
        Step::Refine => "motion_refine",
        Step::Correct => "motion_correct",
        Step::Cut => "motion_cut",
        Step::Agree => "motion_agree",
        Step::Judge => "motion_judge",
        Step::Settle => "motion_settle",
    }
}
