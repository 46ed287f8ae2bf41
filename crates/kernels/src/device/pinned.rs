use std::fmt;

use candle_core::cuda_backend::cudarc::driver::{CudaEvent, DriverError, PinnedHostSlice};

use super::{DeviceContext, DeviceError, Element};

/// Memory of the host that stays in its place, so that the device copies to and from it while the host goes on.
pub struct PinnedBuffer<T: Element> {
    memory: PinnedHostSlice<T>,
    /// Recorded after each copy.
    copied: CudaEvent,
}

impl<T: Element> PinnedBuffer<T> {
    /// Memory for `len` values, at least one, all zero.
    pub fn new(device: &DeviceContext, len: usize) -> Result<Self, DeviceError> {
        assert!(len > 0, "an empty pinned buffer");
        let bytes = len.saturating_mul(size_of::<T>());
        let failed = |reason| DeviceError::Memory { bytes, place: "for copies to and from the CUDA device", reason };
        let context = device.stream().context();
        let copied = context.new_event(None).map_err(failed)?;
        // SAFETY: it is set to zero before anything reads it.
        let mut memory = unsafe { context.alloc_pinned_with_flags::<T>(len, 0) }.map_err(failed)?;
        let start = memory.as_mut_ptr().map_err(failed)?;
        // SAFETY: `len` values were just allocated there, for which zero bits are a value.
        unsafe { start.write_bytes(0, len) };
        Ok(PinnedBuffer { memory, copied })
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.memory.len()
    }

    /// Never: there is at least one value.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The values, once the last copy is done.
    pub fn values(&self) -> Result<&[T], DeviceError> {
        self.wait()?;
        self.memory.as_slice().map_err(|reason| DeviceError::Stopped { reason })
    }

    /// The values, once the last copy is done.
    pub fn values_mut(&mut self) -> Result<&mut [T], DeviceError> {
        self.wait()?;
        self.memory.as_mut_slice().map_err(|reason| DeviceError::Stopped { reason })
    }

    pub(super) fn start_copy(
        &self,
        device: &DeviceContext,
        copy: impl FnOnce(&PinnedHostSlice<T>) -> Result<(), DriverError>,
    ) -> Result<(), DriverError> {
        copy(&self.memory)?;
        self.copied.record(device.stream())
    }

    pub(super) fn start_copy_into(
        &mut self,
        device: &DeviceContext,
        copy: impl FnOnce(&mut PinnedHostSlice<T>) -> Result<(), DriverError>,
    ) -> Result<(), DriverError> {
        copy(&mut self.memory)?;
        self.copied.record(device.stream())
    }

    fn wait(&self) -> Result<(), DeviceError> {
        self.copied.synchronize().map_err(|reason| DeviceError::Stopped { reason })
    }
}

impl<T: Element> Drop for PinnedBuffer<T> {
    fn drop(&mut self) {
        // The memory must not go while the device copies. If waiting fails the device has stopped, and so has the copy.
        let _ = self.copied.synchronize();
    }
}

impl<T: Element> fmt::Debug for PinnedBuffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PinnedBuffer").field("len", &self.len()).finish_non_exhaustive()
    }
}
