use gstreamer as gst;
use gstreamer::prelude::*;

/// A pipeline that stops when it goes out of scope, so that nothing writes to a file that is about to be removed.
pub struct Running {
    /// The pipeline, empty at first.
    pub pipeline: gst::Pipeline,
}

impl Running {
    /// A new pipeline.
    pub fn new() -> Self {
        Running { pipeline: gst::Pipeline::new() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}
