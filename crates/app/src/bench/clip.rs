use std::path::Path;

use gstreamer_video::prelude::*;
use inkcast_frame::{Format, FrameInfo, OwnedFrame};

use crate::failure::Failure;
use crate::input::{Decoded, Frames, existing};

/// Most memory that decoded frames may take, in bytes.
const MOST_BYTES: usize = 4 << 30;

/// The first `count` frames of the video at `path`, fewer if it has fewer, in `format`, which is I420 or NV12. All are decoded
/// here, so that no decoder runs beside what is timed.
pub fn decode(path: &Path, format: Format, count: usize) -> anyhow::Result<Vec<OwnedFrame>> {
    let name = if format == Format::Nv12 { "NV12" } else { "I420" };
    let mut source = Frames::open(&existing(path)?, name, move |frame| owned(frame, format))?;
    let mut frames: Vec<OwnedFrame> = Vec::new();
    let mut bytes = 0;
    while let Some(frame) = source.next()?.filter(|_| frames.len() < count) {
        let (size, first) = (frame_size(&frame), frames.first().map_or(frame_size(&frame), frame_size));
        if size != first {
            let (path, number) = (path.display(), frames.len() + 1);
            let text = format!("{path} changes its size at frame {number}; cut it there and time the parts");
            return Err(Failure::Input(text).into());
        }
        bytes += (0..format.planes()).map(|plane| frame.plane(plane).len()).sum::<usize>();
        if bytes > MOST_BYTES {
            let text = format!("{count} frames of {} do not fit into 4 GiB; ask for fewer (--frames)", path.display());
            return Err(Failure::Input(text).into());
        }
        frames.push(frame);
    }
    source.check_not_empty()?;
    Ok(frames)
}

/// Width and height.
pub fn frame_size(frame: &OwnedFrame) -> (usize, usize) {
    (frame.info().width, frame.info().height)
}

/// A copy without padding.
fn owned(frame: &Decoded<'_>, format: Format) -> Option<OwnedFrame> {
    let (width, height) = (frame.width() as usize, frame.height() as usize);
    let plane = |index: u32| {
        let layout = format.plane_layout(index as usize, width, height);
        let stride = usize::try_from(frame.plane_stride()[index as usize]).ok()?;
        let rows = frame.plane_data(index).ok()?.chunks(stride).take(layout.rows);
        Some(rows.flat_map(|row| &row[..layout.row_bytes]).copied().collect())
    };
    let planes = (0..frame.n_planes()).map(plane).collect::<Option<_>>()?;
    OwnedFrame::from_planes(FrameInfo::new(format, width, height).ok()?, planes).ok()
}
