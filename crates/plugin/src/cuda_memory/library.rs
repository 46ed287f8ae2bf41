use std::ffi::{c_int, c_void};
use std::sync::LazyLock;

use gst::glib::ffi::gboolean;
use gstreamer as gst;
use gstreamer_video as gst_video;
use libloading::Library;

/// GStreamer's CUDA library by its name since 1.22, the first version that has it.
const NAME: &str = "libgstcuda-1.0.so.0";

/// A `GstCudaContext`, which is a `GstObject`; nothing here looks into it.
#[repr(C)]
pub struct GstCudaContext {
    _private: [u8; 0],
}

/// The public part of a `GstCudaMemory`, as gstcudamemory.h has it since 1.22.
#[repr(C)]
pub struct GstCudaMemory {
    /// What every memory has.
    pub memory: gst::ffi::GstMemory,
    /// The context in which it was allocated.
    pub context: *mut GstCudaContext,
    /// Offsets and strides of its planes.
    pub info: gst_video::ffi::GstVideoInfo,
}

/// `GST_MAP_CUDA`: maps the device's memory in place of a copy in the host's.
pub const MAP_CUDA: gst::ffi::GstMapFlags = gst::ffi::GST_MAP_FLAG_LAST << 1;

/// The functions of GStreamer's CUDA library that are used here. It belongs to plugins-bad, which need not be installed,
/// so it is loaded when it is asked for.
pub struct Functions {
    pub is_cuda_memory: unsafe extern "C" fn(*mut gst::ffi::GstMemory) -> gboolean,
    pub context_new_wrapped: unsafe extern "C" fn(*mut c_void, c_int) -> *mut GstCudaContext,
    pub context_get_handle: unsafe extern "C" fn(*mut GstCudaContext) -> *mut c_void,
    pub handle_context_query:
        unsafe extern "C" fn(*mut gst::ffi::GstElement, *mut gst::ffi::GstQuery, *mut GstCudaContext) -> gboolean,
    pub buffer_pool_new: unsafe extern "C" fn(*mut GstCudaContext) -> *mut gst::ffi::GstBufferPool,
    /// Waits for what the producer of a memory still does with it. Since 1.24; before, producers wait themselves.
    pub memory_sync: Option<unsafe extern "C" fn(*mut GstCudaMemory) -> gboolean>,
}

impl Functions {
    /// The library with a driver behind it, or why there is none. Tried once.
    pub fn get() -> Result<&'static Functions, &'static str> {
        static FUNCTIONS: LazyLock<Result<Functions, String>> = LazyLock::new(|| Functions::load(NAME));
        FUNCTIONS.as_ref().map_err(String::as_str)
    }

    fn load(name: &str) -> Result<Functions, String> {
        let missing = |error: libloading::Error| format!("{name} cannot be used: {error}");
        // SAFETY: the library does nothing when it is loaded but register types; it depends on the GStreamer that this
        // plugin runs in.
        let library = unsafe { Library::new(name) }.map_err(missing)?;
        // SAFETY: the types are those of gstcudacontext.h, gstcudamemory.h, gstcudabufferpool.h and gstcudautils.h of
        // 1.22, and none of these functions changed since.
        let functions = unsafe {
            let load_library =
                *library.get::<unsafe extern "C" fn() -> gboolean>("gst_cuda_load_library").map_err(missing)?;
            let memory_init_once =
                *library.get::<unsafe extern "C" fn()>("gst_cuda_memory_init_once").map_err(missing)?;
            let functions = Functions {
                is_cuda_memory: *library.get("gst_is_cuda_memory").map_err(missing)?,
                context_new_wrapped: *library.get("gst_cuda_context_new_wrapped").map_err(missing)?,
                context_get_handle: *library.get("gst_cuda_context_get_handle").map_err(missing)?,
                handle_context_query: *library.get("gst_cuda_handle_context_query").map_err(missing)?,
                buffer_pool_new: *library.get("gst_cuda_buffer_pool_new").map_err(missing)?,
                memory_sync: library.get("gst_cuda_memory_sync").map(|function| *function).ok(),
            };
            if load_library() == gst::glib::ffi::GFALSE {
                return Err(format!("{name} finds no NVIDIA driver"));
            }
            memory_init_once();
            functions
        };
        // The functions are used until the process ends.
        std::mem::forget(library);
        Ok(functions)
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    /// Compared with a program in C that was compiled with the headers of 1.22 on x86-64.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn memory_is_laid_out_as_in_the_header() {
        assert_eq!(MAP_CUDA, 1 << 17);
        assert_eq!(offset_of!(GstCudaMemory, context), 112);
        assert_eq!(offset_of!(GstCudaMemory, info), 120);
        assert_eq!(offset_of!(GstCudaMemory, info) + offset_of!(gst_video::ffi::GstVideoInfo, offset), 192);
        assert_eq!(offset_of!(GstCudaMemory, info) + offset_of!(gst_video::ffi::GstVideoInfo, stride), 224);
        assert_eq!(size_of::<gst_video::ffi::GstVideoInfo>(), 152);
    }

    #[test]
    fn a_missing_library_is_named() {
        let error = Functions::load("libgstcuda-of-nobody.so.0").err().unwrap();
        assert!(error.contains("libgstcuda-of-nobody.so.0"), "{error}");
    }

    #[test]
    fn a_library_that_is_another_one_is_refused() {
        let error = Functions::load("libgstreamer-1.0.so.0").err().unwrap();
        assert!(error.contains("gst_cuda_load_library"), "{error}");
    }
}
