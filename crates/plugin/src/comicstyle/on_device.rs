//! Frames on a CUDA device: a context shared with the neighbours, buffers in it, and drawing from and to it.

use std::sync::{Mutex, PoisonError};

use gst::prelude::*;
use gstreamer as gst;
use gstreamer_video as gst_video;
use inkcast_frame::FrameInfo;
use inkcast_stylize::{DeviceContext, Report, Settings, Source, Stylizer, Target};

use super::caps::{self, Negotiated};
use super::{buffer, errors, memory};
use crate::cuda_memory::{DeviceFrame, Functions, SharedContext};

/// Buffers that a pool begins with.
const LEAST_BUFFERS: u32 = 2;

/// The context that elements of the pipeline share, if there is one yet.
#[derive(Default)]
pub struct Shared(Mutex<Option<SharedContext>>);

impl Shared {
    /// Takes over a context that the pipeline or a neighbour has, for the device with this index; the first one counts.
    pub fn take(&self, context: &gst::Context, index: usize) {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *shared = shared.take().or_else(|| SharedContext::given(context, index));
    }

    /// Prepares for frames on the device of `stylizer`; tells whether there can be any.
    pub fn start(&self, stylizer: &mut Stylizer) -> bool {
        let (Ok(functions), Some(device)) = (Functions::get(), stylizer.cuda_device()) else { return false };
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.is_none() {
            let (_, ordinal) = device.driver_context();
            // Neighbours may keep the context, and buffers in it, longer than this element runs.
            let kept = usize::try_from(ordinal).ok().and_then(|index| DeviceContext::shared(index).ok());
            let Some((handle, ordinal)) = kept.map(|kept| kept.driver_context()) else { return false };
            // SAFETY: it is the device's primary context, and what was opened last keeps it until the process ends.
            *shared = unsafe { SharedContext::around(functions, handle, ordinal) };
        }
        shared.is_some()
    }

    /// Answers a neighbour that looks for a context; tells whether `query` was such a question and has an answer.
    pub fn answer(&self, element: &gst::Element, query: &mut gst::QueryRef) -> bool {
        let is_asked = matches!(query.view(), gst::QueryView::Context(_));
        match (is_asked, self.get(), Functions::get()) {
            (true, Some(shared), Ok(functions)) => shared.answer(functions, element, query),
            _ => false,
        }
    }

    /// Offers upstream buffers on the device, where its caps ask for them; tells whether they do.
    pub fn propose(&self, query: &mut gst::query::Allocation) -> bool {
        let Some(caps) = query.get_owned().0.filter(|caps| memory::is_on_device(caps)) else { return false };
        if let Some((pool, size)) = self.pool(&caps) {
            query.add_allocation_pool(Some(&pool), size, LEAST_BUFFERS, 0);
        }
        query.add_allocation_meta::<gst_video::VideoMeta>(None);
        true
    }

    /// Chooses where output buffers come from, where they lie on the device. A pool that downstream offers is taken if it
    /// gives such buffers.
    pub fn decide(&self, query: &mut gst::query::Allocation) {
        let Some(caps) = query.get_owned().0.filter(|caps| memory::is_on_device(caps)) else { return };
        let offered = query.allocation_pools().next().map(|(pool, ..)| pool);
        let is_fitting = |pool: &gst::BufferPool| pool.type_().name() == "GstCudaBufferPool";
        if offered.as_ref().is_some_and(|pool| pool.as_ref().is_some_and(is_fitting)) {
            return;
        }
        let Some((pool, size)) = self.pool(&caps) else { return };
        match offered {
            Some(_) => query.set_nth_allocation_pool(0, Some(&pool), size, LEAST_BUFFERS, 0),
            None => query.add_allocation_pool(Some(&pool), size, LEAST_BUFFERS, 0),
        }
    }

    fn pool(&self, caps: &gst::Caps) -> Option<(gst::BufferPool, u32)> {
        self.get()?.pool(Functions::get().ok()?, caps, LEAST_BUFFERS)
    }

    fn get(&self) -> Option<SharedContext> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Draws a frame of which one end at least lies on the device.
pub fn draw(
    stylizer: &mut Stylizer,
    negotiated: &Negotiated,
    input: &gst::BufferRef,
    output: &mut gst::BufferRef,
    settings: &Settings,
) -> Result<Report, gst::ErrorMessage> {
    let unusable = |reason: String| gst::error_msg!(gst::StreamError::Format, ("{reason}"));
    let functions = Functions::get().map_err(|reason| unusable(reason.to_string()))?;
    let info = |info: &gst_video::VideoInfo| -> Result<FrameInfo, String> {
        let described = caps::frame_info(info).ok_or_else(|| format!("format {:?} is not supported", info.format()))?;
        described.map_err(|error| error.to_string())
    };
    let mut run = |source: Source<'_>, target: Target<'_, '_>| {
        stylizer.process_at(source, target, settings).map_err(|error| errors::message(&error))
    };
    let [from_device, to_device] = negotiated.on_device;
    let output_info = info(&negotiated.output).map_err(unusable)?;
    let mut run_from = |source: Source<'_>| {
        if to_device {
            let target = DeviceFrame::to_write(functions, output, output_info).map_err(unusable)?;
            run(source, Target::Device(target.frame()))
        } else {
            let mut target = buffer::map_writable(output, &negotiated.output).map_err(unusable)?;
            run(source, Target::Host(&mut buffer::view_mut(&mut target).map_err(unusable)?))
        }
    };
    if from_device {
        let input_info = info(&negotiated.input).map_err(unusable)?;
        let source = DeviceFrame::to_read(functions, input, input_info).map_err(unusable)?;
        run_from(Source::Device(source.frame()))
    } else {
        let source = buffer::map_readable(input, &negotiated.input).map_err(unusable)?;
        run_from(Source::Host(&buffer::view(&source).map_err(unusable)?))
    }
}
