//! The device's part: screens made for a page, and moved with the camera. The page itself is drawn where it is written
//! out, in [`emit`](crate::emit::cuda).

use candle_core::cuda_backend::cudarc::driver::{DeviceRepr, ValidAsZeroBits};

pub use super::numbers::PageHow;
use super::numbers::PressNumbers;
use super::{Press, Print};
use crate::device::{DeviceBuffer, DeviceContext, DeviceError, DevicePlane, Grid, Module, launch, module};

const KERNELS: Module = module!("print");

// SAFETY: numbers alone, in the order and of the sizes that `body.cuh` has.
unsafe impl DeviceRepr for PressNumbers {}
// SAFETY: as above.
unsafe impl DeviceRepr for PageHow {}
// SAFETY: zero is a value of each number.
unsafe impl ValidAsZeroBits for PageHow {}

/// A [`Press`] on a device, made for pages of one size.
#[derive(Debug)]
pub struct DevicePress {
    press: Press,
    pub(crate) numbers: PressNumbers,
    /// Each screen's columns, a row of the plane for each.
    pub(crate) columns: DevicePlane<[f32; 4]>,
    /// Each screen's rows, a column of the plane for each, as [`lay_out`] made them.
    pub(crate) rows: DevicePlane<[f32; 4]>,
    steps: DeviceBuffer<[f32; 4]>,
    size: (usize, usize),
}

impl DevicePress {
    /// Prepares `print` for pictures of this size; its screens are those of a page that never moved.
    pub fn new(device: &DeviceContext, print: Print, width: usize, height: usize) -> Result<Self, DeviceError> {
        let press = Press::new(print, width);
        let columns = press.columns();
        let mut device_press = DevicePress {
            numbers: PressNumbers::new(&press),
            columns: DevicePlane::with_values(device, &columns)?,
            rows: DevicePlane::new(device, columns.height(), height)?,
            steps: DeviceBuffer::with_values(device, &press.steps())?,
            press,
            size: (width, height),
        };
        lay_out(device, &DeviceBuffer::new(device, 2)?, &mut device_press)?;
        Ok(device_press)
    }

    /// Whether it was made for this.
    pub fn is_for(&self, print: Print, width: usize, height: usize) -> bool {
        self.press.is_for(print, width) && self.size == (width, height)
    }

    /// Whether there are dots, which [`lay_out`] moves.
    pub fn has_dots(&self) -> bool {
        !self.press.screens.is_empty()
    }

    /// `(width, height)` of the pictures that it prints.
    pub fn size(&self) -> (usize, usize) {
        self.size
    }
}

/// Moves dots with the camera: `shift`, two numbers, is how far they are from the page's corner, in pixels to the right and
/// down. `camera`, two numbers too, is the way from the new frame to the previous one in blocks of `block` pixels. After a
/// cut, as `verdict` says, dots lie as on a new page.
pub fn follow(
    device: &DeviceContext,
    camera: &DeviceBuffer<f32>,
    block: usize,
    verdict: &DeviceBuffer<u32>,
    shift: &mut DeviceBuffer<f64>,
) -> Result<(), DeviceError> {
    assert_eq!((camera.len(), verdict.len(), shift.len()), (2, 1, 2), "numbers of a camera, a verdict and a shift");
    let grid = Grid::blocks((1, 1, 1), (1, 1, 1), 0);
    // SAFETY: the arguments are those of `follow_camera` in `cuda.cu`, with as many numbers as it uses.
    unsafe {
        launch!(
            device,
            KERNELS,
            "follow_camera",
            grid,
            camera.address(device),
            block as f64,
            verdict.address(device),
            shift.address(device),
        )
    }
}

/// Lays a press's screens out for a page on which dots are moved by `shift`, two numbers; nothing without dots.
pub fn lay_out(device: &DeviceContext, shift: &DeviceBuffer<f64>, press: &mut DevicePress) -> Result<(), DeviceError> {
    assert_eq!(shift.len(), 2, "numbers of a shift");
    if !press.has_dots() {
        return Ok(());
    }
    let grid = Grid::pixels(press.rows.width(), press.rows.height());
    // SAFETY: the arguments are those of `turn_rows` in `cuda.cu`; there are steps for each column of the rows.
    unsafe {
        launch!(
            device,
            KERNELS,
            "turn_rows",
            grid,
            press.steps.address(device),
            shift.address(device),
            press.rows.argument(device),
        )
    }
}
