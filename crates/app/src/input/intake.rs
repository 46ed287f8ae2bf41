use std::time::{Duration, Instant};

use gstreamer as gst;
use gstreamer::prelude::*;

use super::inspect::Source;
use super::iso::Patch;
use crate::events::{Event, Events};
use crate::failure::Failure;
use crate::packages;

/// How long the first data of a file may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A stream of an input, parsed but not decoded, held back until [`Stream::release`].
pub struct Stream {
    /// Where it comes out.
    pub pad: gst::Pad,
    /// What it is.
    pub caps: gst::Caps,
    hold: Option<gst::PadProbeId>,
}

impl Stream {
    /// Whether it is a video.
    pub fn is_video(&self) -> bool {
        let name = self.caps.structure(0).map(|structure| structure.name().as_str()).unwrap_or_default();
        name.starts_with("video/") || name.starts_with("image/")
    }

    /// Whether it is sound.
    pub fn is_audio(&self) -> bool {
        self.caps.structure(0).is_some_and(|structure| structure.name().starts_with("audio/"))
    }

    /// What it is, in words.
    pub fn codec(&self) -> String {
        gstreamer_pbutils::pb_utils_get_codec_description(&self.caps).to_string()
    }

    /// Lets nothing out of it, ever. A sink for it would have to preroll, which holds all streams of a demuxer up.
    pub fn drop_data(&self) {
        let data = gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST;
        self.pad.add_probe(data, |_, _| gst::PadProbeReturn::Drop);
    }

    /// Lets it flow. What it is to flow into must be there.
    pub fn release(&mut self) {
        if let Some(hold) = self.hold.take() {
            self.pad.remove_probe(hold);
        }
    }
}

/// Adds what reads `source` to `pipeline` and waits until all of its streams are known. `patches` are
/// applied to what is read of the file.
pub fn open(
    pipeline: &gst::Pipeline,
    source: &Source,
    patches: Vec<Patch>,
    events: &Events,
) -> anyhow::Result<Vec<Stream>> {
    let filesrc = packages::make("filesrc")?;
    filesrc.set_property("location", &source.path);
    let parsebin = packages::make("parsebin")?;
    pipeline.add_many([&filesrc, &parsebin])?;
    filesrc.link(&parsebin)?;
    patch(&filesrc, patches);

    let sender = events.sender();
    parsebin.connect_pad_added(move |_, pad| {
        // Data only: the bin waits until the events of a stream have gone out.
        let data = gst::PadProbeType::BLOCK | gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST;
        let flowing = sender.clone();
        let hold = pad.add_probe(data, move |_, _| {
            let _ = flowing.send(Event::Flowing);
            gst::PadProbeReturn::Ok
        });
        let _ = sender.send(Event::Stream(pad.clone(), hold));
    });
    pipeline.set_state(gst::State::Paused)?;
    let began = Instant::now();
    let mut streams = Vec::new();
    loop {
        match events.next() {
            Event::Stream(pad, hold) => {
                let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
                streams.push(Stream { pad, caps, hold });
            }
            Event::Interrupt => return Err(Failure::Interrupted.into()),
            // The bin lets data go only when it has shown all of its streams.
            Event::Flowing => return Ok(streams),
            Event::Message(message) => {
                if let gst::MessageView::Error(error) = message.view() {
                    let text = format!("cannot read {}: {}", source.path.display(), error.error());
                    return Err(Failure::Input(text).into());
                }
            }
            Event::Tick if began.elapsed() > PATIENCE => {
                return Err(Failure::Input(format!("no data comes out of {}", source.path.display())).into());
            }
            Event::Tick => {}
        }
    }
}

/// Applies `patches` to what `filesrc` reads.
fn patch(filesrc: &gst::Element, patches: Vec<Patch>) {
    let Some(pad) = filesrc.static_pad("src").filter(|_| !patches.is_empty()) else { return };
    pad.add_probe(gst::PadProbeType::BUFFER | gst::PadProbeType::PULL, move |_, info| {
        if let Some(gst::PadProbeData::Buffer(buffer)) = &mut info.data {
            let (offset, length) = (buffer.offset(), buffer.size() as u64);
            if patches.iter().any(|patch| patch.touches(offset, length))
                && let Ok(mut bytes) = buffer.make_mut().map_writable()
            {
                patches.iter().for_each(|patch| patch.apply(&mut bytes, offset));
            }
        }
        gst::PadProbeReturn::Ok
    });
}
