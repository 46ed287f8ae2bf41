use std::fmt;

use candle_core::cuda_backend::cudarc::driver::{CudaSlice, DevicePtr, DeviceRepr, ValidAsZeroBits};

use super::{DeviceContext, DeviceError, PinnedBuffer};

/// Numbers that the device and the host see alike, or arrays of them.
pub trait Element: Copy + DeviceRepr + ValidAsZeroBits + Send + Sync + 'static {}

impl<T: Copy + DeviceRepr + ValidAsZeroBits + Send + Sync + 'static> Element for T {}

/// Memory on a device, made once for a size. Whoever starts a kernel on a branch of the context that made it brings the
/// branches in order before the buffer is dropped.
pub struct DeviceBuffer<T> {
    memory: CudaSlice<T>,
    /// What was asked for: an empty buffer has memory, as the driver gives none of zero bytes.
    len: usize,
}

impl<T: Element> DeviceBuffer<T> {
    /// Memory for `len` values, all zero.
    pub fn new(device: &DeviceContext, len: usize) -> Result<Self, DeviceError> {
        let memory = device.stream().alloc_zeros(len.max(1));
        let bytes = len.saturating_mul(size_of::<T>());
        let memory = memory.map_err(|reason| DeviceError::Memory { bytes, place: "on the CUDA device", reason })?;
        Ok(DeviceBuffer { memory, len })
    }

    /// Memory with these values in it.
    pub fn with_values(device: &DeviceContext, values: &[T]) -> Result<Self, DeviceError> {
        let mut buffer = DeviceBuffer::new(device, values.len())?;
        buffer.upload(device, values)?;
        Ok(buffer)
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Sets all bits to zero, in the order of the stream.
    pub fn clear(&mut self, device: &DeviceContext) -> Result<(), DeviceError> {
        let cleared = device.stream().memset_zeros(&mut self.memory);
        cleared.map_err(|reason| DeviceError::Copy { bytes: self.bytes(), direction: "on", reason })
    }

    /// Copies `values` to the device and waits for it: for what is set up once, not for frames. As many as the buffer
    /// holds.
    pub fn upload(&mut self, device: &DeviceContext, values: &[T]) -> Result<(), DeviceError> {
        assert_eq!(values.len(), self.len, "values for a device buffer");
        if self.is_empty() {
            return Ok(());
        }
        let copied = device.stream().memcpy_htod(values, &mut self.memory);
        copied.map_err(|reason| DeviceError::Copy { bytes: self.bytes(), direction: "to", reason })
    }

    /// Copies the values back and waits for them: for what is looked at rarely.
    pub fn download(&self, device: &DeviceContext, values: &mut [T]) -> Result<(), DeviceError> {
        assert_eq!(values.len(), self.len, "room for the values of a device buffer");
        if self.is_empty() {
            return Ok(());
        }
        let copied = device.stream().memcpy_dtoh(&self.memory.slice(..self.len), values);
        copied.map_err(|reason| DeviceError::Copy { bytes: self.bytes(), direction: "from", reason })
    }

    /// Starts copying `from` to the device, in the order of the stream. Not to be recorded.
    pub fn upload_from(&mut self, device: &DeviceContext, from: &PinnedBuffer<T>) -> Result<(), DeviceError> {
        assert_eq!(from.len(), self.len, "pinned values for a device buffer");
        from.start_copy(device, |memory| device.stream().memcpy_htod(memory, &mut self.memory))
            .map_err(|reason| DeviceError::Copy { bytes: self.len * size_of::<T>(), direction: "to", reason })
    }

    /// Starts copying the values to `to`, in the order of the stream; `to` waits when it is read. Not to be recorded.
    pub fn download_to(&self, device: &DeviceContext, to: &mut PinnedBuffer<T>) -> Result<(), DeviceError> {
        assert_eq!(to.len(), self.len, "pinned room for the values of a device buffer");
        to.start_copy_into(device, |memory| device.stream().memcpy_dtoh(&self.memory, memory))
            .map_err(|reason| DeviceError::Copy { bytes: self.bytes(), direction: "from", reason })
    }

    /// Copies the values of another buffer of the same length, in the order of the stream.
    pub fn copy_from(&mut self, device: &DeviceContext, from: &DeviceBuffer<T>) -> Result<(), DeviceError> {
        assert_eq!(from.len, self.len, "values for a device buffer");
        let copied = device.stream().memcpy_dtod(&from.memory, &mut self.memory);
        copied.map_err(|reason| DeviceError::Copy { bytes: self.bytes(), direction: "on", reason })
    }

    /// Where the values are, as kernels take it.
    pub(crate) fn address(&self, device: &DeviceContext) -> u64 {
        let (address, _) = self.memory.device_ptr(device.stream());
        address
    }

    fn bytes(&self) -> usize {
        self.len * size_of::<T>()
    }
}

impl<T> fmt::Debug for DeviceBuffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceBuffer").field("len", &self.len).finish_non_exhaustive()
    }
}
