use std::marker::PhantomData;
use std::mem::MaybeUninit;

use gst::glib::ffi::{GFALSE, GTRUE};
use gstreamer as gst;
use gstreamer_video as gst_video;
use inkcast_frame::FrameInfo;
use inkcast_stylize::{ForeignFrame, ForeignPlane};

use super::Functions;
use super::library::{GstCudaMemory, MAP_CUDA};

/// The memory of a buffer, mapped on the device for as long as the buffer is borrowed.
pub struct DeviceFrame<'a> {
    memory: *mut gst::ffi::GstMemory,
    map: gst::ffi::GstMapInfo,
    frame: ForeignFrame,
    buffer: PhantomData<&'a gst::BufferRef>,
}

impl<'a> DeviceFrame<'a> {
    /// `buffer`, to read, as a frame of `info`; or why that cannot be done.
    pub fn to_read(functions: &Functions, buffer: &'a gst::BufferRef, info: FrameInfo) -> Result<Self, String> {
        // SAFETY: reading a buffer's memory changes nothing that shows in it.
        unsafe { DeviceFrame::map(functions, buffer, info, gst::ffi::GST_MAP_READ) }
    }

    /// `buffer`, to write.
    pub fn to_write(functions: &Functions, buffer: &'a mut gst::BufferRef, info: FrameInfo) -> Result<Self, String> {
        // SAFETY: the buffer is borrowed exclusively.
        unsafe { DeviceFrame::map(functions, buffer, info, gst::ffi::GST_MAP_WRITE) }
    }

    /// The frame as the stylizer takes it.
    pub fn frame(&self) -> &ForeignFrame {
        &self.frame
    }

    /// # Safety
    /// For writing, the buffer has to be writable.
    unsafe fn map(
        functions: &Functions,
        buffer: &gst::BufferRef,
        info: FrameInfo,
        flags: gst::ffi::GstMapFlags,
    ) -> Result<Self, String> {
        if buffer.n_memory() != 1 {
            return Err(format!("a buffer on the CUDA device has {} memories in place of one", buffer.n_memory()));
        }
        let pointer = buffer.as_ptr().cast_mut();
        // SAFETY: the buffer has a memory 0, which lives as long as it.
        let memory = unsafe { gst::ffi::gst_buffer_peek_memory(pointer, 0) };
        // SAFETY: the memory is alive.
        if unsafe { (functions.is_cuda_memory)(memory) } == GFALSE {
            return Err("a buffer's caps say that it lies on a CUDA device, but it does not".to_string());
        }
        let cuda_memory: *mut GstCudaMemory = memory.cast();
        // SAFETY: memory of that allocator begins with these fields.
        let (context, described) = unsafe { ((*cuda_memory).context, &(*cuda_memory).info) };
        let (mut offsets, mut strides) = (described.offset, described.stride);
        if let Some(meta) = buffer.meta::<gst_video::VideoMeta>() {
            offsets.iter_mut().zip(meta.offset()).for_each(|(to, &offset)| *to = offset);
            strides.iter_mut().zip(meta.stride()).for_each(|(to, &stride)| *to = stride);
        }
        // SAFETY: the memory is alive, and nothing else is asked for.
        let size = unsafe { gst::ffi::gst_memory_get_sizes(memory, std::ptr::null_mut(), std::ptr::null_mut()) };
        let layout = planes(&info, &offsets, &strides, size)?;
        if let Some(sync) = functions.memory_sync.filter(|_| flags & gst::ffi::GST_MAP_READ != 0) {
            // SAFETY: it is memory of that allocator.
            unsafe { sync(cuda_memory) };
        }
        let mut map = MaybeUninit::zeroed();
        // SAFETY: the memory is alive; the flag makes the address one of the device, which nothing here reads.
        if unsafe { gst::ffi::gst_memory_map(memory, map.as_mut_ptr(), flags | MAP_CUDA) } != GTRUE {
            return Err("a buffer on the CUDA device cannot be mapped".to_string());
        }
        // SAFETY: mapping has filled it in.
        let map = unsafe { map.assume_init() };
        let at = |(offset, stride): (usize, usize)| ForeignPlane { address: map.data as u64 + offset as u64, stride };
        // SAFETY: the context is alive, as the memory holds it.
        let handle = unsafe { (functions.context_get_handle)(context) };
        // SAFETY: all rows lie in the memory, which stays mapped as long as the frame is there; what was begun on it has
        // been waited for.
        let frame = unsafe { ForeignFrame::new(info, layout.map(at), handle) };
        Ok(DeviceFrame { memory, map, frame, buffer: PhantomData })
    }
}

impl Drop for DeviceFrame<'_> {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this, once.
        unsafe { gst::ffi::gst_memory_unmap(self.memory, &mut self.map) };
    }
}

/// Offset and stride of each plane, checked against the memory that is there.
fn planes(
    info: &FrameInfo,
    offsets: &[usize; 4],
    strides: &[i32; 4],
    size: usize,
) -> Result<[(usize, usize); 3], String> {
    let mut planes = [(0, 0); 3];
    for (plane, place) in planes.iter_mut().enumerate().take(info.format.planes()) {
        let layout = info.format.plane_layout(plane, info.width, info.height);
        let stride = usize::try_from(strides[plane]).ok().filter(|&stride| stride >= layout.row_bytes);
        let stride = stride.ok_or_else(|| format!("plane {plane} of a buffer has a stride shorter than its rows"))?;
        let end = offsets[plane].saturating_add(stride * (layout.rows - 1) + layout.row_bytes);
        if end > size {
            return Err(format!("plane {plane} of a buffer ends at byte {end}, beyond its {size} bytes on the device"));
        }
        *place = (offsets[plane], stride);
    }
    Ok(planes)
}

#[cfg(test)]
mod tests {
    use inkcast_frame::Format;

    use super::*;

    #[test]
    fn planes_have_to_lie_in_the_memory() {
        let info = FrameInfo::new(Format::Nv12, 64, 48).unwrap();
        let (offsets, strides, size) = ([0, 256 * 48, 0, 0], [256, 256, 0, 0], 256 * 72);
        assert_eq!(planes(&info, &offsets, &strides, size), Ok([(0, 256), (256 * 48, 256), (0, 0)]));
        // The last row need not be padded.
        assert!(planes(&info, &offsets, &strides, size - 192).is_ok());
        let error = planes(&info, &offsets, &strides, size - 193).unwrap_err();
        assert!(error.contains("plane 1") && error.contains("beyond"), "{error}");
        for wrong in [63, -256] {
            let error = planes(&info, &offsets, &[256, wrong, 0, 0], size).unwrap_err();
            assert!(error.contains("plane 1") && error.contains("stride"), "{error}");
        }
    }

    #[test]
    fn buffers_in_the_system_s_memory_are_refused() {
        gst::init().unwrap();
        // Only where the library is there can anything be asked of it.
        let Ok(functions) = Functions::get() else { return };
        let info = FrameInfo::new(Format::Nv12, 64, 48).unwrap();
        let buffer = gst::Buffer::with_size(64 * 72).unwrap();
        let error = DeviceFrame::to_read(functions, &buffer, info).err().unwrap();
        assert!(error.contains("does not"), "{error}");
    }
}
