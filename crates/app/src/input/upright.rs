use gstreamer as gst;
use gstreamer::prelude::*;

use super::Video;
use crate::elements::Adder;

/// Adds what makes decoded frames of `video` into whole, upright ones in one of `formats`, as caps spell them. The elements
/// come in the order in which they have to be linked; the first is a queue.
pub fn add(add: &Adder, video: &Video, formats: &str) -> anyhow::Result<Vec<gst::Element>> {
    let mut chain = vec![add.frame_queue()?, add.element("videoconvert")?, add.filter(&format!("format={formats}"))?];
    if video.is_interlaced {
        let deinterlace = add.element("deinterlace")?;
        // One frame for one frame, and none kept back for later.
        deinterlace.set_property_from_str("fields", "top");
        deinterlace.set_property_from_str("method", "linear");
        chain.push(deinterlace);
    }
    if let Some(turn) = video.turn {
        let flip = add.element("videoflip")?;
        flip.set_property_from_str("video-direction", turn);
        chain.push(flip);
    }
    Ok(chain)
}
