//! # `comicstyle`
//!
//! Draws video as a comic. It takes and gives raw video of one format, size and frame rate, so it fits wherever
//! `videoconvert` does, and keeps time stamps, colorimetry and alpha.
//!
//! ```sh
//! # Look at it.
//! gst-launch-1.0 videotestsrc pattern=ball ! comicstyle ! videoconvert ! autovideosink
//! # A file, its picture only.
//! gst-launch-1.0 filesrc location=in.mp4 ! decodebin ! videoconvert ! comicstyle style=ink ! videoconvert \
//!     ! video/x-raw,format=I420 ! x264enc ! mp4mux ! filesink location=out.mp4
//! # Source and comic side by side.
//! gst-launch-1.0 videotestsrc pattern=smpte ! comicstyle style=halftone compare=side-by-side ! videoconvert \
//!     ! autovideosink
//! ```
//!
//! | property | effect | may change |
//! |---|---|---|
//! | `model` | folder of a model package; empty: the one that is built in | in READY |
//! | `device` | `auto`, `cpu`, `cuda` or `cuda:N` | in READY |
//! | `active-device` | where frames are computed, and where `auto` did not take CUDA, why | read only |
//! | `precision` | numbers of the network on a CPU: `auto`, `f32` or `int8` | in READY |
//! | `threads` | worker threads, 0 for one on each core; never changes the picture | in READY |
//! | `batch-window` | milliseconds to wait for frames of other elements with the same model, style and CUDA device | in READY |
//! | `working-size` | where the network runs: `full`, `WxH` or `auto` | while playing |
//! | `style` | a style of the model; empty: its default | while playing |
//! | `strength` | 0 the source, 1 the full style | while playing, controllable |
//! | `steadiness` | 0 each frame anew, 1 as calm as motion allows | while playing, controllable |
//! | `ink` | weight of lines and blacks | while playing, controllable |
//! | `screen-size` | period of printed dots in pixels, 0 by the picture's size | while playing, controllable |
//! | `screen` | dots of styles that have them: `style`, or `none` for flat colour | while playing |
//! | `screen-anchor` | dots fixed to the `page`, or to the `scene`, following the camera | while playing |
//! | `report-interval` | milliseconds between element messages `comicstyle-report`, 0 for none | while playing |
//! | `compare` | the source beside the comic: `none`, `split`, `side-by-side` | while playing |
//!
//! The model is loaded on the way from READY to PAUSED and dropped on the way back. A picture is carried from each
//! frame to the next; it is forgotten on a flush, a seek, a new stream or segment, other caps at the input and a break that
//! upstream marks with DISCONT. Frames that are merely missing, also those that a leaky queue dropped, are only a step
//! in time, and so is a GAP event, which is passed on. A frame that is the previous one again gives the same result again.
//!
//! `gst-launch-1.0 -m` shows the reports: `frames`, `repeated` and `scene-cuts` since the last one, `flicker` (mean change, in
//! grey levels of 255, of pixels whose motion is known beyond doubt), `carried` (mean weight of the previous frame) and
//! `frame-ms` (mean time spent on a frame).

mod buffer;
mod caps;
mod continuity;
mod errors;
mod imp;
mod memory;
#[cfg(feature = "cuda")]
mod on_device;
mod properties;
mod reports;

use gst::glib;
use gst::prelude::*;
use gstreamer as gst;

pub use properties::{Compare, Screen, ScreenAnchor};

glib::wrapper! {
    /// The element `comicstyle`.
    pub struct ComicStyle(ObjectSubclass<imp::ComicStyle>)
        @extends gstreamer_video::VideoFilter, gstreamer_base::BaseTransform, gst::Element, gst::Object;
}

/// Makes `comicstyle` known to GStreamer. It is never plugged automatically, hence the rank.
pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(Some(plugin), "comicstyle", gst::Rank::NONE, ComicStyle::static_type())
}
