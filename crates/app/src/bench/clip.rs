use std::path::Path;

use gstreamer_video::prelude::*;
use inkcast_frame::{Format, FrameInfo, OwnedFrame};

use crate::input::{Decoded, Frames, existing};

/// The frames of a video, to time.
pub struct Clip {
    frames: Frames<OwnedFrame>,
    /// The first of them, which has told their size.
    first: Option<OwnedFrame>,
    size: (usize, usize),
}

impl Clip {
    /// Opens the video at `path`, whose frames are to come in `format`, which is I420 or NV12.
    pub fn open(path: &Path, format: Format) -> anyhow::Result<Self> {
        let name = if format == Format::Nv12 { "NV12" } else { "I420" };
        let mut frames = Frames::open(&existing(path)?, name, move |frame| owned(frame, format))?;
        let first = frames.next()?;
        frames.check_not_empty()?;
        let size = first.as_ref().map_or((0, 0), |frame| (frame.info().width, frame.info().height));
        Ok(Clip { frames, first, size })
    }

    /// Width and height of the frames.
    pub fn size(&self) -> (usize, usize) {
        self.size
    }

    /// Puts the next frame into `frame`; `false` after the last one.
    pub fn next(&mut self, frame: &mut OwnedFrame) -> anyhow::Result<bool> {
        let next = match self.first.take() {
            Some(first) => Some(first),
            None => self.frames.next()?,
        };
        let is_there = next.is_some();
        if let Some(next) = next {
            *frame = next;
        }
        Ok(is_there)
    }
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
