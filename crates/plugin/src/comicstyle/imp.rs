//! What the element answers when GStreamer calls.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use gst::glib;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::prelude::*;
use gst_video::subclass::prelude::*;
use gstreamer as gst;
use gstreamer_base as gst_base;
use gstreamer_video as gst_video;
use inkcast_stylize::{Settings, Stylizer, WorkingSize};

use super::caps::{self, Negotiated};
use super::continuity::Continuity;
use super::properties::Properties;
use super::reports::Reports;
use super::{buffer, errors, memory};

static CATEGORY: LazyLock<gst::DebugCategory> =
    LazyLock::new(|| gst::DebugCategory::new("comicstyle", gst::DebugColorFlags::empty(), Some("Inkcast comic style")));

/// The element's two kinds of state. No lock but the stream's is held while a frame is worked on. Besides the streaming
/// thread only a flush takes that one, which has to wait for the frame at hand, and `start` and `stop`, when there is no
/// stream.
#[derive(Default)]
pub struct ComicStyle {
    properties: Mutex<Properties>,
    stream: Mutex<Stream>,
    /// The CUDA context that is shared with neighbours.
    #[cfg(feature = "cuda")]
    pub(super) shared: super::on_device::Shared,
}

/// What lives from `start` to `stop`.
#[derive(Default)]
struct Stream {
    stylizer: Option<Stylizer>,
    negotiated: Option<Negotiated>,
    continuity: Continuity,
    reports: Reports,
}

impl Stream {
    fn reset(&mut self) {
        self.continuity = Continuity::default();
        self.reports = Reports::default();
        if let Some(stylizer) = &mut self.stylizer {
            stylizer.reset();
        }
    }
}

impl ComicStyle {
    fn properties(&self) -> MutexGuard<'_, Properties> {
        self.properties.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stream(&self) -> MutexGuard<'_, Stream> {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws the frame in `input` into `output` and returns the report that is due.
    fn draw(
        &self,
        input: &gst::BufferRef,
        output: &mut gst::BufferRef,
        settings: Settings,
        report_interval_ms: u32,
    ) -> Result<Option<gst::Structure>, gst::ErrorMessage> {
        let unusable = |reason: String| gst::error_msg!(gst::StreamError::Format, ("{reason}"));
        let mut stream = self.stream();
        let Stream { stylizer: Some(stylizer), negotiated: Some(negotiated), continuity, reports } = &mut *stream
        else {
            return Err(gst::error_msg!(gst::CoreError::Negotiation, ("a frame came before its caps")));
        };
        let compare = negotiated.compare(settings.compare);
        let settings = Settings { compare, frame_budget: negotiated.frame_budget(), ..settings };

        if continuity.breaks(input.pts(), input.duration(), input.flags().contains(gst::BufferFlags::DISCONT)) {
            gst::debug!(CATEGORY, imp = self, "The stream breaks off before {:?}: history dropped", input.pts());
            stylizer.reset();
        }
        #[cfg(feature = "cuda")]
        if negotiated.on_device.contains(&true) {
            let report = super::on_device::draw(stylizer, negotiated, input, output, &settings)?;
            return Ok(reports.count(&report, input.pts(), report_interval_ms));
        }
        let source = buffer::map_readable(input, &negotiated.input).map_err(unusable)?;
        let mut comic = buffer::map_writable(output, &negotiated.output).map_err(unusable)?;
        let report = stylizer
            .process(
                &buffer::view(&source).map_err(unusable)?,
                &mut buffer::view_mut(&mut comic).map_err(unusable)?,
                &settings,
            )
            .map_err(|error| errors::message(&error))?;
        gst::trace!(CATEGORY, imp = self, "{:?}: {report:?}", input.pts());
        Ok(reports.count(&report, input.pts(), report_interval_ms))
    }
}

#[glib::object_subclass]
impl ObjectSubclass for ComicStyle {
    const NAME: &'static str = "ComicStyle";
    type Type = super::ComicStyle;
    type ParentType = gst_video::VideoFilter;
}

impl ObjectImpl for ComicStyle {
    fn properties() -> &'static [glib::ParamSpec] {
        Properties::descriptions()
    }

    fn constructed(&self) {
        self.parent_constructed();
        // The base class would skip late frames and leave holes in what is carried from frame to frame.
        self.obj().set_property("qos", false);
    }

    fn set_property(&self, _id: usize, value: &glib::Value, description: &glib::ParamSpec) {
        let resized = {
            let mut properties = self.properties();
            let before = properties.settings.compare;
            properties.set(description.name(), value);
            let after = properties.settings.compare;
            before.output_width(1) != after.output_width(1)
        };
        let text = || value.get::<Option<String>>().ok().flatten().unwrap_or_default();
        if description.name() == "working-size" && text().parse::<WorkingSize>().is_err() {
            gst::warning!(CATEGORY, imp = self, "working-size \"{}\" cannot be read: the size stays as it was", text());
        }
        if resized {
            self.obj().reconfigure_src();
        }
    }

    fn property(&self, _id: usize, description: &glib::ParamSpec) -> glib::Value {
        self.properties().get(description)
    }
}

impl GstObjectImpl for ComicStyle {}

impl ElementImpl for ComicStyle {
    #[cfg(feature = "cuda")]
    fn set_context(&self, context: &gst::Context) {
        if let Some(index) = self.properties().device_index() {
            self.shared.take(context, index);
        }
        self.parent_set_context(context);
    }

    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "Comic style",
                "Filter/Effect/Video",
                "Draws video as a comic (ink lines, flat colours, printed dots) that stays steady from frame to frame",
                "The Inkcast authors",
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            [("sink", gst::PadDirection::Sink), ("src", gst::PadDirection::Src)]
                .into_iter()
                .filter_map(|(name, direction)| {
                    gst::PadTemplate::new(name, direction, gst::PadPresence::Always, caps::template()).ok()
                })
                .collect()
        });
        &TEMPLATES
    }
}

impl BaseTransformImpl for ComicStyle {
    const MODE: gst_base::subclass::BaseTransformMode = gst_base::subclass::BaseTransformMode::NeverInPlace;
    const PASSTHROUGH_ON_SAME_CAPS: bool = false;
    const TRANSFORM_IP_ON_PASSTHROUGH: bool = false;

    fn start(&self) -> Result<(), gst::ErrorMessage> {
        let properties = self.properties().clone();
        #[cfg_attr(not(feature = "cuda"), allow(unused_mut))]
        let mut stylizer = properties.stylizer().map_err(|error| errors::message(&error))?;
        gst::info!(CATEGORY, imp = self, "Drawing on {}", stylizer.device());
        #[cfg(feature = "cuda")]
        let is_on_device = self.shared.start(&mut stylizer);
        #[cfg(not(feature = "cuda"))]
        let is_on_device = false;
        {
            let mut properties = self.properties();
            properties.active_device = stylizer.device();
            properties.is_on_device = Some(is_on_device);
        }
        *self.stream() = Stream { stylizer: Some(stylizer), ..Stream::default() };
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        *self.stream() = Stream::default();
        let mut properties = self.properties();
        properties.active_device.clear();
        properties.is_on_device = None;
        Ok(())
    }

    fn transform_caps(
        &self,
        direction: gst::PadDirection,
        caps: &gst::Caps,
        filter: Option<&gst::Caps>,
    ) -> Option<gst::Caps> {
        let (compare, takes_cuda_memory) = {
            let properties = self.properties();
            (properties.settings.compare, properties.takes_cuda_memory())
        };
        let other = caps::transform(direction, caps, compare);
        let other = if takes_cuda_memory { memory::in_either(&other) } else { memory::in_system_memory(&other) };
        Some(match filter {
            Some(filter) => filter.intersect_with_mode(&other, gst::CapsIntersectMode::First),
            None => other,
        })
    }

    #[cfg(feature = "cuda")]
    fn query(&self, direction: gst::PadDirection, query: &mut gst::QueryRef) -> bool {
        self.shared.answer(self.obj().upcast_ref(), query) || BaseTransformImplExt::parent_query(self, direction, query)
    }

    #[cfg(feature = "cuda")]
    fn propose_allocation(
        &self,
        decide_query: Option<&gst::query::Allocation>,
        query: &mut gst::query::Allocation,
    ) -> Result<(), gst::LoggableError> {
        if self.shared.propose(query) { Ok(()) } else { self.parent_propose_allocation(decide_query, query) }
    }

    #[cfg(feature = "cuda")]
    fn decide_allocation(&self, query: &mut gst::query::Allocation) -> Result<(), gst::LoggableError> {
        self.shared.decide(query);
        self.parent_decide_allocation(query)
    }

    fn sink_event(&self, event: gst::Event) -> bool {
        use gst::EventView::{FlushStop, Segment, StreamStart};
        if let FlushStop(_) | Segment(_) | StreamStart(_) = event.view() {
            gst::debug!(CATEGORY, imp = self, "History dropped on {}", event.type_());
            self.stream().reset();
        }
        self.parent_sink_event(event)
    }

    fn before_transform(&self, inbuf: &gst::BufferRef) {
        let segment = self.obj().segment();
        let time = segment.downcast_ref::<gst::ClockTime>().and_then(|segment| segment.to_stream_time(inbuf.pts()));
        if let Some(time) = time
            && self.obj().sync_values(time).is_err()
        {
            gst::warning!(CATEGORY, imp = self, "Properties could not follow their controllers at {time}");
        }
    }

    /// Replaces the base class's step from buffer to frame, which would answer a buffer that it cannot map with a
    /// warning and an output frame that nobody wrote.
    fn transform(&self, inbuf: &gst::Buffer, outbuf: &mut gst::BufferRef) -> Result<gst::FlowSuccess, gst::FlowError> {
        let (settings, report_interval_ms) = {
            let properties = self.properties();
            (properties.settings.clone(), properties.report_interval_ms)
        };
        match self.draw(inbuf, outbuf, settings, report_interval_ms) {
            Ok(report) => {
                if let Some(report) = report {
                    let message = gst::message::Element::builder(report).src(&*self.obj()).build();
                    // Without a bus there is nobody to tell.
                    let _ = self.obj().post_message(message);
                }
                Ok(gst::FlowSuccess::Ok)
            }
            Err(message) => {
                self.post_error_message(message);
                Err(gst::FlowError::Error)
            }
        }
    }

    fn transform_meta<'a>(
        &self,
        outbuf: &mut gst::BufferRef,
        meta: gst::MetaRef<'a, gst::Meta>,
        inbuf: &'a gst::BufferRef,
    ) -> bool {
        // Where the picture keeps its place, so does what lies on it, such as regions of interest.
        let in_place = self.stream().negotiated.as_ref().is_some_and(|negotiated| !negotiated.is_doubled());
        (in_place && meta.tags_contain_only(&["video", "size", "orientation"]))
            || self.parent_transform_meta(outbuf, meta, inbuf)
    }
}

impl VideoFilterImpl for ComicStyle {
    fn set_info(
        &self,
        incaps: &gst::Caps,
        in_info: &gst_video::VideoInfo,
        outcaps: &gst::Caps,
        out_info: &gst_video::VideoInfo,
    ) -> Result<(), gst::LoggableError> {
        gst::debug!(CATEGORY, imp = self, "Caps are {incaps} and {outcaps}");
        let mut stream = self.stream();
        // What was drawn goes on if only the output changed, or nothing did because an element downstream was exchanged.
        if stream.negotiated.as_ref().is_none_or(|before| before.input != *in_info) {
            stream.reset();
        }
        stream.negotiated = Some(Negotiated {
            #[cfg(feature = "cuda")]
            on_device: [incaps, outcaps].map(|caps| memory::is_on_device(caps)),
            input: in_info.clone(),
            output: out_info.clone(),
        });
        Ok(())
    }
}
