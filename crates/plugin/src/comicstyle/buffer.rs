//! Frames in GStreamer's memory as views, with the strides and offsets that their video meta tells.

use gst_video::prelude::*;
use gstreamer as gst;
use gstreamer_video as gst_video;
use inkcast_frame::{FrameInfo, FrameView, FrameViewMut, PlaneMut, PlaneRef};

use super::caps;

/// Planes that GStreamer's frames have at most.
const MOST_PLANES: usize = 4;

/// Why a buffer cannot be viewed as a frame, in words.
type Reason = String;

/// Maps `buffer` to read, or says why that cannot be done.
pub fn map_readable<'a>(
    buffer: &'a gst::BufferRef,
    info: &gst_video::VideoInfo,
) -> Result<gst_video::VideoFrameRef<&'a gst::BufferRef>, Reason> {
    check_planes(buffer, info)?;
    gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, info).map_err(|_| unmappable(buffer.size(), info))
}

/// Maps `buffer` to write, or says why that cannot be done.
pub fn map_writable<'a>(
    buffer: &'a mut gst::BufferRef,
    info: &gst_video::VideoInfo,
) -> Result<gst_video::VideoFrameRef<&'a mut gst::BufferRef>, Reason> {
    check_planes(buffer, info)?;
    let size = buffer.size();
    gst_video::VideoFrameRef::from_buffer_ref_writable(buffer, info).map_err(|_| unmappable(size, info))
}

/// A view of a mapped frame.
pub fn view<'a>(frame: &'a gst_video::VideoFrameRef<&gst::BufferRef>) -> Result<FrameView<'a>, Reason> {
    let info = frame_info(frame.info())?;
    let planes = (frame.planes_data().into_iter().zip(frame.plane_stride()))
        .map(|(data, &stride)| PlaneRef { data, stride: stride as usize })
        .take(info.format.planes());
    FrameView::new(info, planes).map_err(|error| error.to_string())
}

/// A view of a mapped frame, to write.
pub fn view_mut<'a>(frame: &'a mut gst_video::VideoFrameRef<&mut gst::BufferRef>) -> Result<FrameViewMut<'a>, Reason> {
    let info = frame_info(frame.info())?;
    let mut strides = [0; MOST_PLANES];
    strides.iter_mut().zip(frame.plane_stride()).for_each(|(to, &stride)| *to = stride as usize);
    let planes = (frame.planes_data_mut().into_iter().zip(strides))
        .map(|(data, stride)| PlaneMut { data, stride })
        .take(info.format.planes());
    FrameViewMut::new(info, planes).map_err(|error| error.to_string())
}

/// Checks the planes that a video meta promises against the memory that is there: mapping trusts it blindly, and maps
/// only the one memory that a plane begins in. Buffers without a meta are checked when they are mapped.
fn check_planes(buffer: &gst::BufferRef, info: &gst_video::VideoInfo) -> Result<(), Reason> {
    let Some(meta) = buffer.meta::<gst_video::VideoMeta>() else { return Ok(()) };
    if (meta.format(), meta.width(), meta.height()) != (info.format(), info.width(), info.height()) {
        return Err(format!(
            "a buffer holds {}x{} {:?}, but the caps say {}x{} {:?}",
            meta.width(),
            meta.height(),
            meta.format(),
            info.width(),
            info.height(),
            info.format()
        ));
    }
    let FrameInfo { format, width, height, .. } = frame_info(info)?;
    for (plane, (&offset, &stride)) in meta.offset().iter().zip(meta.stride()).enumerate().take(format.planes()) {
        let layout = format.plane_layout(plane, width, height);
        let stride = usize::try_from(stride).ok().filter(|&stride| stride >= layout.row_bytes);
        let stride = stride.ok_or_else(|| format!("plane {plane} of a buffer has a stride shorter than its rows"))?;
        let end = offset.saturating_add(stride * (layout.rows - 1) + layout.row_bytes);
        if buffer.find_memory(offset..end).is_none_or(|(memories, _)| memories.len() != 1) {
            return Err(format!("plane {plane} of a buffer ends at byte {end}, outside the memory that it begins in"));
        }
    }
    Ok(())
}

fn frame_info(info: &gst_video::VideoInfo) -> Result<FrameInfo, Reason> {
    let described = caps::frame_info(info).ok_or_else(|| format!("format {:?} is not supported", info.format()))?;
    described.map_err(|error| error.to_string())
}

fn unmappable(size: usize, info: &gst_video::VideoInfo) -> Reason {
    let (width, height, format, needed) = (info.width(), info.height(), info.format(), info.size());
    format!("a buffer of {size} bytes cannot be read as a frame: {width}x{height} {format:?} needs {needed}")
}
