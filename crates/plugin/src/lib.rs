//! The GStreamer plugin `inkcast`, with the element [`comicstyle`].
//!
//! As a shared library (`libgstinkcast.so`) it is found by GStreamer in its plugin folders or in `GST_PLUGIN_PATH`.
//! A program that links this crate instead calls [`plugin_register_static`] once after `gst::init()`:
//!
//! ```
//! use gstreamer as gst;
//!
//! gst::init()?;
//! gstinkcast::plugin_register_static()?;
//! let comic = gst::ElementFactory::make("comicstyle").property("style", "ink").build()?;
//! # drop(comic);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
use gstreamer as gst;

pub mod comicstyle;
#[cfg(feature = "cuda")]
mod cuda_memory;

/// Makes the element known to GStreamer in this process, without a plugin file. Call it once after `gst::init()`; fails
/// if GStreamer refuses the plugin.
pub use plugin::plugin_register_static;

/// What GStreamer's plugin loader looks for. The macro writes items without documentation, hence a module of its own.
#[allow(missing_docs)]
mod plugin {
    use super::gst;

    gst::plugin_define!(
        inkcast,
        "Inkcast: turns video into a steady comic",
        init,
        env!("CARGO_PKG_VERSION"),
        // GStreamer loads plugins with a licence it knows only, and writes MIT this way.
        "MIT/X11",
        "inkcast",
        "Inkcast",
        "Inkcast"
    );

    fn init(plugin: &gst::Plugin) -> Result<(), gst::glib::BoolError> {
        crate::comicstyle::register(plugin)
    }
}
