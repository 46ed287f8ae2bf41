use std::time::{Duration, Instant};

use gstreamer as gst;
use gstreamer::prelude::*;

use super::inspect::Source;
use super::iso::{self, Priming};
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

    /// Lets it flow. What it is to flow into must be there.
    pub fn release(&mut self) {
        if let Some(hold) = self.hold.take() {
            self.pad.remove_probe(hold);
        }
    }
}

/// Adds what reads `source` to `pipeline` and waits until all of its streams are known. `priming` is of tracks whose
/// edit lists are to be ignored.
pub fn open(
    pipeline: &gst::Pipeline,
    source: &Source,
    priming: Vec<Option<Priming>>,
    events: &Events,
) -> anyhow::Result<Vec<Stream>> {
    let filesrc = packages::make("filesrc")?;
    filesrc.set_property("location", &source.path);
    let parsebin = packages::make("parsebin")?;
    pipeline.add_many([&filesrc, &parsebin])?;
    filesrc.link(&parsebin)?;
    ignore_edits(&filesrc, priming);

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

/// Hides the edit lists of primed sound tracks from the demuxer, which would keep their first packets back.
fn ignore_edits(filesrc: &gst::Element, priming: Vec<Option<Priming>>) {
    let Some(pad) = filesrc.static_pad("src").filter(|_| priming.iter().any(Option::is_some)) else { return };
    pad.add_probe(gst::PadProbeType::BUFFER | gst::PadProbeType::PULL, move |_, info| {
        if let Some(gst::PadProbeData::Buffer(buffer)) = &mut info.data {
            let offset = buffer.offset();
            if iso::is_priming_in(offset, buffer.size() as u64, &priming)
                && let Ok(mut bytes) = buffer.make_mut().map_writable()
            {
                iso::hide_priming(&mut bytes, offset, &priming);
            }
        }
        gst::PadProbeReturn::Ok
    });
}
