use gstreamer as gst;
use gstreamer::prelude::*;

use crate::elements::Adder;
use crate::failure::Failure;
use crate::input::Stream;
use crate::packages;

/// Parsers that change how packets are framed and not what is in them, by the caps they read.
const REFRAMERS: &[(&str, &str)] =
    &[("audio/mpeg, mpegversion=(int){2, 4}", "aacparse"), ("audio/x-opus", "opusparse")];

/// Encoders for sound that the output cannot hold as it is, best first, with the name of what they make.
const AAC: &[(&str, &str)] = &[("fdkaacenc", "AAC"), ("avenc_aac", "AAC"), ("voaacenc", "AAC")];
const OPUS: &[(&str, &str)] = &[("opusenc", "Opus"), ("vorbisenc", "Vorbis")];

/// Links one stream of sound to `muxer`: copied where it takes the stream, else encoded anew, and then returns the
/// sentence that says so.
pub fn link(
    add: &Adder,
    stream: &Stream,
    queue: &gst::Pad,
    muxer: &gst::Element,
    container: &str,
) -> anyhow::Result<(gst::Pad, Option<String>)> {
    // Asked of the factory: webmmux itself finds the template of the matroskamux that it is derived from.
    let factory = muxer.factory().ok_or_else(|| anyhow::anyhow!("the muxer has no factory"))?;
    let templates = factory.static_pad_templates();
    let template = templates.iter().find(|template| template.name_template() == "audio_%u");
    let takes = |caps: &gst::Caps| template.is_some_and(|template| template.caps().can_intersect(caps));
    let muxer_pad = || {
        let number = muxer.sink_pads().iter().filter(|pad| pad.name().starts_with("audio_")).count();
        let pad = muxer.request_pad_simple(&format!("audio_{number}"));
        pad.ok_or_else(|| anyhow::anyhow!("the muxer has no room for more sound"))
    };

    if takes(&stream.caps) {
        let pad = muxer_pad()?;
        queue.link(&pad)?;
        return Ok((pad, None));
    }
    if let Some(reframer) = reframer(&stream.caps, &takes) {
        let parser = add.element(reframer)?;
        queue.link(&parser.static_pad("sink").expect("a parser has a sink pad"))?;
        let pad = muxer_pad()?;
        parser.static_pad("src").expect("a parser has a source pad").link(&pad)?;
        return Ok((pad, None));
    }

    let (element, name) = encoder(container)?;
    let decoder = add.decoder()?;
    let convert = add.element("audioconvert")?;
    let resample = add.element("audioresample")?;
    let encoder = add.element(element)?;
    gst::Element::link_many([&convert, &resample, &encoder])?;
    queue.link(&decoder.static_pad("sink").expect("a decoder has a sink pad"))?;
    add.link_later(&decoder, &convert);
    let mut last = encoder;
    if name == "AAC" {
        let parser = add.element("aacparse")?;
        last.link(&parser)?;
        last = parser;
    }
    let pad = muxer_pad()?;
    last.static_pad("src").expect("an encoder has a source pad").link(&pad)?;
    let sentence =
        format!("a .{container} file cannot hold {} as it is, so it is encoded anew as {name}", stream.codec());
    Ok((pad, Some(sentence)))
}

/// The parser after which `takes` accepts a stream of `caps`.
fn reframer(caps: &gst::Caps, takes: &dyn Fn(&gst::Caps) -> bool) -> Option<&'static str> {
    let (_, parser) =
        REFRAMERS.iter().find(|(reads, _)| reads.parse::<gst::Caps>().is_ok_and(|c| c.can_intersect(caps)))?;
    let mut framed = caps.clone();
    for structure in framed.make_mut().iter_mut() {
        structure.remove_fields(["stream-format", "framed", "codec_data"]);
    }
    (packages::is_installed(parser) && takes(&framed)).then_some(*parser)
}

fn encoder(container: &str) -> Result<(&'static str, &'static str), Failure> {
    let candidates = if matches!(container, "mp4" | "mov") { AAC } else { OPUS };
    match candidates.iter().find(|(element, _)| packages::is_installed(element)) {
        Some(found) => Ok(*found),
        None => packages::require(&[candidates[1].0]).map(|()| candidates[1]),
    }
}
