use std::ffi::c_void;

use candle_core::cuda_backend::cudarc::driver::sys::{self, CUDA_MEMCPY3D_PEER, CUcontext, CUmemorytype};
use inkcast_frame::FrameInfo;

use super::{DeviceContext, DeviceError, DeviceFrame};

/// A frame in the memory of a device that another library allocated, a decoder's or an encoder's, maybe in a context of
/// its own.
#[derive(Debug, Clone, Copy)]
pub struct ForeignFrame {
    info: FrameInfo,
    planes: [ForeignPlane; 3],
    context: CUcontext,
}

// SAFETY: what it holds are handles and addresses of the driver, which any thread may use.
unsafe impl Send for ForeignFrame {}

// SAFETY: as above; nothing in it changes.
unsafe impl Sync for ForeignFrame {}

/// Where a plane begins, and the distance between its rows in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct ForeignPlane {
    /// Address on the device.
    pub address: u64,
    /// Bytes from row to row.
    pub stride: usize,
}

impl ForeignFrame {
    /// A frame of `info` with these planes, as many as its format has, in the memory of the driver's `context`.
    ///
    /// # Safety
    /// The context has to be one of the device that the frame is copied to or from, and the planes have to lie in its
    /// memory with all rows until that copy is done; what was started on them elsewhere has to be done.
    pub unsafe fn new(info: FrameInfo, planes: [ForeignPlane; 3], context: *mut c_void) -> Self {
        ForeignFrame { info, planes, context: context.cast() }
    }

    /// Format, size and colorimetry.
    pub fn info(&self) -> &FrameInfo {
        &self.info
    }
}

/// Which way a copy goes.
#[derive(Clone, Copy)]
enum Way {
    In,
    Out,
}

impl DeviceFrame {
    /// Starts copying a frame of the same kind to here, within the device. Not to be recorded.
    pub fn copy_from_foreign(&mut self, device: &DeviceContext, from: &ForeignFrame) -> Result<(), DeviceError> {
        self.copy_foreign(device, from, Way::In)
    }

    /// Starts copying to a frame of the same kind, within the device. Not to be recorded.
    pub fn copy_to_foreign(&self, device: &DeviceContext, to: &ForeignFrame) -> Result<(), DeviceError> {
        self.copy_foreign(device, to, Way::Out)
    }

    fn copy_foreign(&self, device: &DeviceContext, foreign: &ForeignFrame, way: Way) -> Result<(), DeviceError> {
        let info = *self.info();
        assert_eq!(foreign.info, info, "frames of one kind");
        let context = device.stream().context().cu_ctx();
        let own = self.planes(device);
        for plane in 0..info.format.planes() {
            let layout = info.format.plane_layout(plane, info.width, info.height);
            let (here, there) = ((own[plane], context), (foreign.planes[plane], foreign.context));
            let ((from, from_context), (to, to_context)) = match way {
                Way::In => (there, here),
                Way::Out => (here, there),
            };
            let copy = CUDA_MEMCPY3D_PEER {
                srcXInBytes: 0,
                srcY: 0,
                srcZ: 0,
                srcLOD: 0,
                srcMemoryType: CUmemorytype::CU_MEMORYTYPE_DEVICE,
                srcHost: std::ptr::null(),
                srcDevice: from.address,
                srcArray: std::ptr::null_mut(),
                srcContext: from_context,
                srcPitch: from.stride,
                srcHeight: layout.rows,
                dstXInBytes: 0,
                dstY: 0,
                dstZ: 0,
                dstLOD: 0,
                dstMemoryType: CUmemorytype::CU_MEMORYTYPE_DEVICE,
                dstHost: std::ptr::null_mut(),
                dstDevice: to.address,
                dstArray: std::ptr::null_mut(),
                dstContext: to_context,
                dstPitch: to.stride,
                dstHeight: layout.rows,
                WidthInBytes: layout.row_bytes,
                Height: layout.rows,
                Depth: 1,
            };
            let bytes = layout.row_bytes * layout.rows;
            let failed = |reason| DeviceError::Copy { bytes, direction: "on", reason };
            device.stream().context().bind_to_thread().map_err(failed)?;
            // SAFETY: both planes hold the rows of this format: ours by construction, the other by the promise made when
            // the frame was. Their strides are no shorter than the rows, and the stream is this context's.
            unsafe { sys::cuMemcpy3DPeerAsync(&copy, device.stream().cu_stream()) }.result().map_err(failed)?;
        }
        Ok(())
    }
}
