use std::ffi::{c_int, c_void};

use gst::glib::translate::{FromGlibPtrFull, IntoGlib, ToGlibPtr};
use gst::prelude::*;
use gstreamer as gst;

use super::Functions;
use super::library::GstCudaContext;

/// Under this name elements share a context (`GST_CUDA_CONTEXT_TYPE`).
const TYPE: &str = "gst.cuda.context";

/// A CUDA context that elements of a pipeline share (`GstCudaContext`).
#[derive(Debug, Clone)]
pub struct SharedContext(gst::Object);

impl SharedContext {
    /// The one that an element was given, if that is for the device with this index.
    pub fn given(context: &gst::Context, index: usize) -> Option<SharedContext> {
        if context.context_type() != TYPE {
            return None;
        }
        let object = context.structure().value(TYPE).ok()?.get::<gst::Object>().ok()?;
        let its_index = object.find_property("cuda-device-id").map(|_| object.property::<u32>("cuda-device-id"));
        its_index.is_some_and(|its_index| its_index as usize == index).then_some(SharedContext(object))
    }

    /// One around the driver's context `handle` of the device `ordinal`, which outlives it.
    ///
    /// # Safety
    /// The handle has to be a context of the driver's that is kept as long as the result and all that is made from it.
    pub unsafe fn around(functions: &Functions, handle: *mut c_void, ordinal: c_int) -> Option<SharedContext> {
        // SAFETY: the handle is a context, and the function takes no hold of it.
        let context = unsafe { (functions.context_new_wrapped)(handle, ordinal) };
        // SAFETY: a GstCudaContext is a GstObject, and the reference is the caller's.
        (!context.is_null()).then(|| SharedContext(unsafe { gst::Object::from_glib_full(context.cast()) }))
    }

    /// Answers a neighbour's query for a context; tells whether it was one.
    pub fn answer(&self, functions: &Functions, element: &gst::Element, query: &mut gst::QueryRef) -> bool {
        // SAFETY: all three are alive, and the function keeps none of them but by references of its own.
        unsafe {
            (functions.handle_context_query)(element.to_glib_none().0, query.as_mut_ptr(), self.as_ptr())
                == true.into_glib()
        }
    }

    /// A pool of buffers for frames of these caps, and the size of one.
    pub fn pool(&self, functions: &Functions, caps: &gst::Caps, least: u32) -> Option<(gst::BufferPool, u32)> {
        // SAFETY: the context is alive; the pool takes a reference of its own and is handed over.
        let pool = unsafe { (functions.buffer_pool_new)(self.as_ptr()) };
        if pool.is_null() {
            return None;
        }
        // SAFETY: as above.
        let pool: gst::BufferPool = unsafe { gst::BufferPool::from_glib_full(pool) };
        let size = u32::try_from(gstreamer_video::VideoInfo::from_caps(caps).ok()?.size()).ok()?;
        let mut config = pool.config();
        config.set_params(Some(caps), size, least, 0);
        config.add_option(gstreamer_video::BUFFER_POOL_OPTION_VIDEO_META.as_ref());
        pool.set_config(config).ok()?;
        // Rows are padded, so the pool has corrected the size.
        let (_, size, _, _) = pool.config().params()?;
        Some((pool, size))
    }

    fn as_ptr(&self) -> *mut GstCudaContext {
        let object: *mut gst::ffi::GstObject = self.0.to_glib_none().0;
        object.cast()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_of_other_things_are_left_alone() {
        gst::init().unwrap();
        assert!(SharedContext::given(&gst::Context::new("gst.gl.GLDisplay", true), 0).is_none());
        assert!(SharedContext::given(&gst::Context::new(TYPE, true), 0).is_none(), "it holds no context");
    }
}
