use candle_core::cuda_backend::cudarc::driver::DeviceRepr;
use inkcast_frame::Plane;

use super::{DeviceBuffer, DeviceContext, DeviceError, Element};

/// A plane of numbers on a device: [`Plane`] in its memory, in the same order.
#[derive(Debug)]
pub struct DevicePlane<T> {
    width: usize,
    height: usize,
    values: DeviceBuffer<T>,
}

/// `Plane<T>` of `language.cuh`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct PlaneArgument {
    data: u64,
    width: i32,
    height: i32,
}

// SAFETY: the device's structure has the same fields in the same order and of the same sizes.
unsafe impl DeviceRepr for PlaneArgument {}

impl<T: Element> DevicePlane<T> {
    /// A plane of zeros.
    pub fn new(device: &DeviceContext, width: usize, height: usize) -> Result<Self, DeviceError> {
        Ok(DevicePlane { width, height, values: DeviceBuffer::new(device, width * height)? })
    }

    /// Changes the size; values are lost if it differs, and graphs that use the plane have to be recorded anew.
    pub fn resize(&mut self, device: &DeviceContext, width: usize, height: usize) -> Result<(), DeviceError> {
        if self.size() != (width, height) {
            *self = DevicePlane::new(device, width, height)?;
        }
        Ok(())
    }

    /// `(width, height)`.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// All values, rows one after another.
    pub fn values(&self) -> &DeviceBuffer<T> {
        &self.values
    }

    /// All values, rows one after another.
    pub fn values_mut(&mut self) -> &mut DeviceBuffer<T> {
        &mut self.values
    }

    /// What kernels take; it may be written to where the plane is mutable.
    pub(crate) fn argument(&self, device: &DeviceContext) -> PlaneArgument {
        let length = |length: usize| i32::try_from(length).expect("a side of a plane fits 31 bits");
        PlaneArgument { data: self.values.address(device), width: length(self.width), height: length(self.height) }
    }
}

impl<T: Element + Default> DevicePlane<T> {
    /// A plane with these values, for what is set up once.
    pub fn with_values(device: &DeviceContext, plane: &Plane<T>) -> Result<Self, DeviceError> {
        let values = DeviceBuffer::with_values(device, plane.data())?;
        Ok(DevicePlane { width: plane.width(), height: plane.height(), values })
    }

    /// Copies the values to the host and waits for them.
    pub fn download(&self, device: &DeviceContext) -> Result<Plane<T>, DeviceError> {
        let mut plane = Plane::new(self.width, self.height);
        self.values.download(device, plane.data_mut())?;
        Ok(plane)
    }
}
