use gstreamer as gst;
use gstreamer::prelude::*;

use crate::packages;

/// Frames between decoder, stylizer and encoder: enough for the three to overlap, little enough to fit into memory.
const WAITING_FRAMES: u32 = 3;
/// A decoder keeps a few frames for each of its threads.
const DECODER_THREADS: usize = 4;

/// Adds elements to a pipeline.
pub struct Adder<'a> {
    pipeline: &'a gst::Pipeline,
}

impl<'a> Adder<'a> {
    /// Adds to `pipeline`.
    pub fn new(pipeline: &'a gst::Pipeline) -> Self {
        Adder { pipeline }
    }

    /// Adds an element that is there already.
    pub fn add(&self, element: &gst::Element) -> anyhow::Result<()> {
        Ok(self.pipeline.add(element)?)
    }

    /// Adds a new `element`.
    pub fn element(&self, element: &str) -> anyhow::Result<gst::Element> {
        let element = packages::make(element)?;
        self.pipeline.add(&element)?;
        Ok(element)
    }

    /// Adds what decodes any stream, with bounded memory.
    pub fn decoder(&self) -> anyhow::Result<gst::Element> {
        let decoder = self.element("decodebin")?;
        let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get().min(DECODER_THREADS)) as i32;
        let bin = decoder.downcast_ref::<gst::Bin>().expect("decodebin is a bin");
        bin.connect_deep_element_added(move |_, _, element| {
            let is_libav = element.factory().is_some_and(|factory| factory.name().starts_with("avdec_"));
            if is_libav && element.has_property("max-threads") {
                element.set_property("max-threads", threads);
            }
            if element.has_property("qos") {
                element.set_property("qos", false);
            }
        });
        Ok(decoder)
    }

    /// Links the first pad that `decoder` will have to `next`.
    pub fn link_later(&self, decoder: &gst::Element, next: &gst::Element) {
        let sink = next.static_pad("sink").expect("the element has a sink pad");
        decoder.connect_pad_added(move |decoder, pad| {
            if !sink.is_linked()
                && let Err(error) = pad.link(&sink)
            {
                let caps = pad.current_caps().map(|caps| caps.to_string()).unwrap_or_default();
                gst::element_error!(decoder, gst::StreamError::Format, ("{caps} cannot be converted: {error}"));
            }
        });
    }

    /// Adds a queue for a few frames.
    pub fn frame_queue(&self) -> anyhow::Result<gst::Element> {
        let queue = self.element("queue")?;
        queue.set_property("max-size-buffers", WAITING_FRAMES);
        queue.set_property("max-size-bytes", 0u32);
        queue.set_property("max-size-time", 0u64);
        Ok(queue)
    }

    /// Adds what lets raw video with `fields` through only.
    pub fn filter(&self, fields: &str) -> anyhow::Result<gst::Element> {
        let filter = self.element("capsfilter")?;
        filter.set_property_from_str("caps", &format!("video/x-raw, {fields}"));
        Ok(filter)
    }
}
