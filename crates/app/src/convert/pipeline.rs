use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gstreamer as gst;
use gstreamer::prelude::*;

use super::{ConvertArgs, Encoder, audio, timestamps};
use crate::elements::Adder;
use crate::failure::Failure;
use crate::input::{Source, Stream, upright};
use crate::outputs::extension;
use crate::partial::Partial;

/// Compressed data that may wait for its turn. Files whose sound lies far from its picture need some.
const WAITING_BYTES: u32 = 96 << 20;
/// Packets that may wait where no other stream starves.
const WAITING_PACKETS: u32 = 48;

/// What a running pipeline counts, to be read from any thread.
#[derive(Default)]
pub struct Counters {
    /// Frames that were decoded.
    pub decoded: AtomicU64,
    /// Frames that were drawn.
    pub drawn: AtomicU64,
    /// Frames that reached the muxer.
    pub muxed: AtomicU64,
    /// Where the last drawn frame stands in the output, in nanoseconds.
    pub position_ns: AtomicU64,
    /// End of the last frame, in nanoseconds of the output.
    pub video_end_ns: AtomicU64,
    /// End of the last packet of any stream, in nanoseconds of the output.
    pub end_ns: AtomicU64,
}

impl Counters {
    /// A number that changes with every frame and packet.
    pub fn work_done(&self) -> u64 {
        let all = [&self.decoded, &self.drawn, &self.muxed, &self.end_ns];
        all.iter().fold(0, |sum, counter| sum.wrapping_add(counter.load(Ordering::Relaxed)))
    }
}

/// What was built.
pub struct Built {
    /// Filled while the pipeline runs.
    pub counters: Arc<Counters>,
    /// What the user should know: sound that is encoded anew, streams that are left out.
    pub notes: Vec<String>,
    /// Whether the output lacks a stream of the input.
    pub left_out: bool,
}

/// Adds everything behind `streams` to `pipeline`:
///
/// ```text
/// video -> queue -> decode -> convert -> deinterlace, turn, scale (as needed) -> comicstyle -> encode -\
/// sound -> queue -> (decode -> encode, where the container asks for it) ------------------------------ mux -> file
/// ```
pub fn build(
    pipeline: &gst::Pipeline,
    streams: &[Stream],
    source: &Source,
    encoder: &Encoder,
    args: &ConvertArgs,
    output: &Path,
    partial: &Partial,
) -> anyhow::Result<Built> {
    let container = extension(output);
    let add = Adder::new(pipeline);
    let counters = Arc::new(Counters::default());
    let mut notes = Vec::new();

    let muxer = add_muxer(&add, &container, partial)?;
    let waiting = add.element("multiqueue")?;
    waiting.set_property("max-size-bytes", WAITING_BYTES);
    waiting.set_property("max-size-buffers", WAITING_PACKETS);
    waiting.set_property("max-size-time", 0u64);

    let (mut has_video, mut left_out) = (false, false);
    for stream in streams {
        let is_wanted = (stream.is_video() && !has_video) || (stream.is_audio() && !args.no_audio);
        if !is_wanted {
            left_out = true;
            if !(stream.is_audio() && args.no_audio) {
                notes.push(format!("{} is left out", describe(stream)));
            }
            stream.drop_data();
            continue;
        }
        let queue = wait(&waiting, stream)?;
        if stream.is_video() {
            has_video = true;
            link_video(&add, stream, &queue, &muxer, source, encoder, args, &counters)?;
            notes.extend(odd_size(source, encoder, args));
        } else {
            let (pad, note) = audio::link(&add, stream, &queue, &muxer, &container)?;
            watch_end(&pad, &counters, false);
            notes.extend(note);
        }
    }
    if !has_video {
        return Err(Failure::Input(format!("{} has no video in it", source.path.display())).into());
    }
    for element in pipeline.iterate_elements().into_iter().flatten() {
        element.sync_state_with_parent()?;
    }
    Ok(Built { counters, notes, left_out })
}

fn add_muxer(add: &Adder, container: &str, partial: &Partial) -> anyhow::Result<gst::Element> {
    let muxer = add.element(match container {
        "mp4" => "mp4mux",
        "mov" => "qtmux",
        "webm" => "webmmux",
        _ => "matroskamux",
    })?;
    if muxer.has_property("faststart") {
        // The index in front lets players begin before the whole file is there.
        muxer.set_property("faststart", true);
        muxer.set_property("faststart-file", partial.scratch());
    }
    let filesink = add.element("filesink")?;
    filesink.set_property("location", partial.path());
    filesink.set_property("async", false);
    filesink.set_property("sync", false);
    muxer.link(&filesink)?;
    Ok(muxer)
}

/// Takes a pair of pads of the multiqueue for `stream` and gives the one that data comes out of.
fn wait(multiqueue: &gst::Element, stream: &Stream) -> anyhow::Result<gst::Pad> {
    let sink = multiqueue.request_pad_simple("sink_%u").ok_or_else(|| anyhow::anyhow!("too many streams"))?;
    stream.pad.link(&sink)?;
    let name = sink.name().replace("sink", "src");
    multiqueue.static_pad(&name).ok_or_else(|| anyhow::anyhow!("the multiqueue has no pad {name}"))
}

#[allow(clippy::too_many_arguments)]
fn link_video(
    add: &Adder,
    stream: &Stream,
    queue: &gst::Pad,
    muxer: &gst::Element,
    source: &Source,
    encoder: &Encoder,
    args: &ConvertArgs,
    counters: &Arc<Counters>,
) -> anyhow::Result<()> {
    let decoder = add.decoder()?;
    queue.link(&decoder.static_pad("sink").expect("a decoder has a sink pad"))?;

    let mut chain = upright::add(add, &source.video, "{I420, NV12}")?;
    let decoded = chain[0].clone();
    chain.extend(add_resize(add, source, encoder, args)?);
    let comicstyle = args.style.element()?;
    comicstyle.set_property("qos", false);
    add.add(&comicstyle)?;
    chain.push(comicstyle.clone());
    chain.push(add.frame_queue()?);
    chain.push(add.element("videoconvert")?);
    let (encode, parse) = encoder.build(args.quality)?;
    add.add(&encode)?;
    add.add(&parse)?;
    chain.extend([encode, parse.clone()]);
    gst::Element::link_many(&chain)?;
    add.link_later(&decoder, &decoded);

    let pad = muxer.request_pad_simple("video_%u").ok_or_else(|| anyhow::anyhow!("the muxer takes no video"))?;
    if pad.has_property("trak-timescale") {
        let timescale = timescale(source, &stream.caps);
        pad.set_property("trak-timescale", timescale);
        // Gaps before a stream begins are counted in units of the movie.
        muxer.set_property("movie-timescale", timescale);
    }
    parse.static_pad("src").expect("a parser has a source pad").link(&pad)?;

    drop_orientation(&decoded.static_pad("sink").expect("a queue has a sink pad"));
    timestamps::bring_in_order(&decoded.static_pad("sink").expect("a queue has a sink pad"));
    count(&decoded.static_pad("sink").expect("a queue has a sink pad"), {
        let counters = counters.clone();
        move |_| {
            counters.decoded.fetch_add(1, Ordering::Relaxed);
        }
    });
    count(&comicstyle.static_pad("src").expect("a filter has a source pad"), {
        let counters = counters.clone();
        move |time| {
            counters.drawn.fetch_add(1, Ordering::Relaxed);
            counters.position_ns.fetch_max(time, Ordering::Relaxed);
        }
    });
    watch_end(&pad, counters, true);
    Ok(())
}

/// Scaling as `--size` asks for. Encoders that want even sides lose the last row or column of a picture with odd ones.
fn add_resize(
    add: &Adder,
    source: &Source,
    encoder: &Encoder,
    args: &ConvertArgs,
) -> anyhow::Result<Vec<gst::Element>> {
    if let Some(size) = args.size {
        let (shown_width, shown_height) = source.video.shown_size();
        let (width, height) = size.resolve(shown_width, shown_height);
        if !encoder.odd_sizes && (width % 2 != 0 || height % 2 != 0) {
            let (even_width, even_height) = (width.next_multiple_of(2), height.next_multiple_of(2));
            return Err(Failure::Usage(format!(
                "{} takes even sizes only: use --size {even_width}x{even_height} in place of {width}x{height}",
                encoder.name
            ))
            .into());
        }
        let scale = add.element("videoscale")?;
        let fields = format!("width={width}, height={height}, pixel-aspect-ratio=1/1");
        return Ok(vec![scale, add.filter(&fields)?]);
    }
    let (width, height) = source.video.upright_size();
    if odd_size(source, encoder, args).is_none() {
        return Ok(Vec::new());
    }
    if width < 2 || height < 2 {
        return Err(Failure::Input(format!(
            "{} is {width}x{height}, and {} takes nothing below 2x2; use --encoder vp9 or another --size",
            source.path.display(),
            encoder.name
        ))
        .into());
    }
    let crop = add.element("videocrop")?;
    crop.set_property("right", (width % 2) as i32);
    crop.set_property("bottom", (height % 2) as i32);
    Ok(vec![crop])
}

/// The sentence on a row or column that is lost, if one is.
fn odd_size(source: &Source, encoder: &Encoder, args: &ConvertArgs) -> Option<String> {
    let (width, height) = source.video.upright_size();
    let is_odd = args.size.is_none() && !encoder.odd_sizes && (width % 2 != 0 || height % 2 != 0);
    let (even_width, even_height) = (width & !1, height & !1);
    is_odd.then(|| {
        let name = encoder.name;
        format!("{name} takes even sizes only, so {width}x{height} is cut to {even_width}x{even_height}")
    })
}

/// Units in a second in which no timestamp of `source` has to be rounded: those it counts in, if it says so; else
/// what its frame rate needs; else one that holds milliseconds and all usual frame rates.
fn timescale(source: &Source, caps: &gst::Caps) -> u32 {
    const FINE: u32 = 90_000;
    let rate = caps.structure(0).and_then(|structure| structure.get::<gst::Fraction>("framerate").ok());
    let own = source.iso.as_ref().and_then(|iso| iso.video_timescale()).filter(|&timescale| timescale > 0);
    let unit = match (own, rate) {
        (Some(own), _) => own,
        (None, Some(rate)) if rate.numer() > 0 && (FINE as i64 * rate.denom() as i64) % rate.numer() as i64 != 0 => {
            rate.numer() as u32
        }
        _ => FINE,
    };
    // A coarse one is refined, so that a clip may begin between two of its units.
    unit.saturating_mul(10_000u32.div_ceil(unit))
}

/// Calls `seen` with the place in the output, in nanoseconds, of every buffer that passes `pad`.
fn count(pad: &gst::Pad, seen: impl Fn(u64) + Send + Sync + 'static) {
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        if let Some(buffer) = info.buffer() {
            seen(running_time(pad, buffer.pts()).map_or(0, |time| time.nseconds()));
        }
        gst::PadProbeReturn::Ok
    });
}

/// Notes where the last packet that passes `pad` ends, and counts frames if it is the video's.
fn watch_end(pad: &gst::Pad, counters: &Arc<Counters>, is_video: bool) {
    let counters = counters.clone();
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        if let Some(buffer) = info.buffer() {
            if is_video {
                counters.muxed.fetch_add(1, Ordering::Relaxed);
            }
            if let Some(start) = running_time(pad, buffer.pts()) {
                let end = start + buffer.duration().unwrap_or_default();
                counters.end_ns.fetch_max(end.nseconds(), Ordering::Relaxed);
                if is_video {
                    counters.video_end_ns.fetch_max(end.nseconds(), Ordering::Relaxed);
                }
            }
        }
        gst::PadProbeReturn::Ok
    });
}

fn running_time(pad: &gst::Pad, time: Option<gst::ClockTime>) -> Option<gst::ClockTime> {
    let event = pad.sticky_event::<gst::event::Segment>(0)?;
    event.segment().downcast_ref::<gst::format::Time>()?.to_running_time(time?)
}

/// Takes the orientation out of the tags that pass `pad`: the picture is turned already, and players must not turn it
/// once more.
fn drop_orientation(pad: &gst::Pad) {
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, |_, info| {
        if let Some(gst::PadProbeData::Event(event)) = &mut info.data
            && let gst::EventView::Tag(tag) = event.view()
            && tag.tag().get::<gst::tags::ImageOrientation>().is_some()
        {
            let mut tags = tag.tag_owned();
            tags.make_mut().remove::<gst::tags::ImageOrientation>();
            *event = gst::event::Tag::builder(tags).seqnum(event.seqnum()).build();
        }
        gst::PadProbeReturn::Ok
    });
}

fn describe(stream: &Stream) -> String {
    let kind = if stream.is_video() { "a further video stream" } else { "a stream that is neither video nor sound" };
    format!("{kind} ({})", stream.codec())
}
