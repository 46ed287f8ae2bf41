use candle_core::cuda_backend::cudarc::driver::DeviceRepr;
use inkcast_frame::{FrameInfo, FrameView, FrameViewMut, PlaneMut};
use rayon::prelude::*;

use super::{DeviceBuffer, DeviceContext, DeviceError, ForeignPlane, PinnedBuffer};

/// The bytes of a frame on a device.
#[derive(Debug)]
pub struct DeviceFrame {
    layout: Layout,
    bytes: DeviceBuffer<u8>,
}

/// The bytes of a frame in memory that the device copies to and from, laid out as a [`DeviceFrame`].
#[derive(Debug)]
pub struct PinnedFrame {
    layout: Layout,
    bytes: PinnedBuffer<u8>,
}

/// Where the planes of a frame lie in one stretch of bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Layout {
    info: FrameInfo,
    offsets: [usize; 3],
    strides: [usize; 3],
    len: usize,
}

/// `Frame<Byte>` of `frame.cuh`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(crate) struct FrameArgument {
    planes: [u64; 3],
    strides: [i32; 3],
    width: i32,
    height: i32,
}

// SAFETY: the device's structure has the same fields in the same order and of the same sizes.
unsafe impl DeviceRepr for FrameArgument {}

impl FrameArgument {
    /// In place of a frame that is not there.
    pub const NONE: FrameArgument = FrameArgument { planes: [0; 3], strides: [0; 3], width: 0, height: 0 };
}

impl Layout {
    /// Rows begin at multiples of this many bytes, as wide as a warp of threads reads words.
    const ROW: usize = 128;

    fn new(info: FrameInfo) -> Self {
        let mut layout = Layout { info, offsets: [0; 3], strides: [0; 3], len: 0 };
        for plane in 0..info.format.planes() {
            let rows = info.format.plane_layout(plane, info.width, info.height);
            layout.offsets[plane] = layout.len;
            layout.strides[plane] = rows.row_bytes.next_multiple_of(Self::ROW);
            layout.len += rows.rows * layout.strides[plane];
        }
        layout
    }

    /// The bytes of a plane among those of the frame.
    fn plane(&self, plane: usize) -> std::ops::Range<usize> {
        let rows = self.info.format.plane_layout(plane, self.info.width, self.info.height).rows;
        self.offsets[plane]..self.offsets[plane] + rows * self.strides[plane]
    }

    fn row_bytes(&self, plane: usize) -> usize {
        self.info.format.plane_layout(plane, self.info.width, self.info.height).row_bytes
    }
}

impl DeviceFrame {
    /// A frame of zero bytes.
    pub fn new(device: &DeviceContext, info: FrameInfo) -> Result<Self, DeviceError> {
        let layout = Layout::new(info);
        Ok(DeviceFrame { layout, bytes: DeviceBuffer::new(device, layout.len)? })
    }

    /// Format, size and colorimetry.
    pub fn info(&self) -> &FrameInfo {
        &self.layout.info
    }

    /// Starts copying `from`, which is of the same format and size, to the device. Not to be recorded.
    pub fn upload_from(&mut self, device: &DeviceContext, from: &PinnedFrame) -> Result<(), DeviceError> {
        assert_eq!(from.layout, self.layout, "frames of one kind");
        self.bytes.upload_from(device, &from.bytes)
    }

    /// Starts copying to `to`, which is of the same format and size. Not to be recorded.
    pub fn download_to(&self, device: &DeviceContext, to: &mut PinnedFrame) -> Result<(), DeviceError> {
        assert_eq!(to.layout, self.layout, "frames of one kind");
        self.bytes.download_to(device, &mut to.bytes)
    }

    /// Copies a frame of the same format and size.
    pub fn copy_from(&mut self, device: &DeviceContext, from: &DeviceFrame) -> Result<(), DeviceError> {
        assert_eq!(from.layout, self.layout, "frames of one kind");
        self.bytes.copy_from(device, &from.bytes)
    }

    /// Where its planes lie.
    pub(super) fn planes(&self, device: &DeviceContext) -> [ForeignPlane; 3] {
        let start = self.bytes.address(device);
        let Layout { offsets, strides, .. } = self.layout;
        std::array::from_fn(|plane| ForeignPlane { address: start + offsets[plane] as u64, stride: strides[plane] })
    }

    /// What kernels take; it may be written to where the frame is mutable.
    pub(crate) fn argument(&self, device: &DeviceContext) -> FrameArgument {
        let start = self.bytes.address(device);
        let length = |length: usize| i32::try_from(length).expect("a side of a frame fits 31 bits");
        FrameArgument {
            planes: self.layout.offsets.map(|offset| start + offset as u64),
            strides: self.layout.strides.map(length),
            width: length(self.layout.info.width),
            height: length(self.layout.info.height),
        }
    }
}

impl PinnedFrame {
    /// A frame of zero bytes.
    pub fn new(device: &DeviceContext, info: FrameInfo) -> Result<Self, DeviceError> {
        let layout = Layout::new(info);
        Ok(PinnedFrame { layout, bytes: PinnedBuffer::new(device, layout.len)? })
    }

    /// Format, size and colorimetry.
    pub fn info(&self) -> &FrameInfo {
        &self.layout.info
    }

    /// Takes the bytes of `frame`, once the last copy from here is done.
    pub fn fill(&mut self, frame: &FrameView<'_>) -> Result<(), DeviceError> {
        assert_eq!(*frame.info(), self.layout.info, "frames of one kind");
        let bytes = self.bytes.values_mut()?;
        for plane in 0..self.layout.info.format.planes() {
            let rows = bytes[self.layout.plane(plane)].par_chunks_mut(self.layout.strides[plane]);
            let row_bytes = self.layout.row_bytes(plane);
            rows.enumerate().for_each(|(y, row)| row[..row_bytes].copy_from_slice(frame.row(plane, y)));
        }
        Ok(())
    }

    /// Writes the bytes into `frame`, once the last copy to here is done; padding stays as it is.
    pub fn copy_to(&self, frame: &mut FrameViewMut<'_>) -> Result<(), DeviceError> {
        assert_eq!(*frame.info(), self.layout.info, "frames of one kind");
        let bytes = self.bytes.values()?;
        for (plane, PlaneMut { data, stride }) in frame.planes_mut().iter_mut().enumerate() {
            let rows = bytes[self.layout.plane(plane)].par_chunks(self.layout.strides[plane]);
            let row_bytes = self.layout.row_bytes(plane);
            let rows = data.par_chunks_mut(*stride).zip(rows);
            rows.for_each(|(out, row)| out[..row_bytes].copy_from_slice(&row[..row_bytes]));
        }
        Ok(())
    }
}
