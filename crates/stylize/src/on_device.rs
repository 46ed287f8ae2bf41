//! Frames on a CUDA device, as the stylizer sees them.

use std::fmt;
use std::time::Duration;

use inkcast_frame::{FrameInfo, FrameView, FrameViewMut};
use inkcast_generator::Package;
use inkcast_kernels::device::{DeviceContext, ForeignFrame};

use crate::device_path::{CudaMachine, DevicePath, Ends};
use crate::stages::s4_generate::default_style;
use crate::{Compare, Compute, DeviceChoice, Report, Settings, StylizeError};

/// A frame to read, wherever it lies.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// In the host's memory.
    Host(&'a FrameView<'a>),
    /// In that of the CUDA device on which frames are computed.
    Device(&'a ForeignFrame),
}

/// A frame to write, wherever it lies.
#[derive(Debug)]
pub enum Target<'a, 'b> {
    /// In the host's memory.
    Host(&'a mut FrameViewMut<'b>),
    /// In that of the CUDA device on which frames are computed.
    Device(&'a ForeignFrame),
}

impl Source<'_> {
    /// Format, size and colorimetry.
    pub fn info(&self) -> &FrameInfo {
        match self {
            Source::Host(frame) => frame.info(),
            Source::Device(frame) => frame.info(),
        }
    }

    fn bring(&self, machine: &mut CudaMachine) -> Result<(), StylizeError> {
        match self {
            Source::Host(frame) => machine.upload(frame),
            Source::Device(frame) => machine.take_in(frame),
        }
    }
}

impl Target<'_, '_> {
    /// Format, size and colorimetry.
    pub fn info(&self) -> &FrameInfo {
        match self {
            Target::Host(frame) => frame.info(),
            Target::Device(frame) => frame.info(),
        }
    }

    fn take(&mut self, machine: &mut CudaMachine) -> Result<(), StylizeError> {
        match self {
            Target::Host(frame) => machine.download(frame),
            Target::Device(frame) => machine.hand_out(frame),
        }
    }
}

/// The device that frames are computed on, and what goes on there.
#[derive(Debug)]
pub(crate) struct OnDevice {
    path: DevicePath<CudaMachine>,
    index: usize,
    name: String,
    /// Index of the style whose weights are there.
    style: usize,
    /// Whether the device was asked for by name, or has drawn a frame: then there is no other way.
    is_settled: bool,
}

impl OnDevice {
    /// The device that `compute` asks for; or why `auto` goes on without.
    pub fn choose(package: &Package, compute: Compute) -> Result<(Option<Self>, Option<String>), StylizeError> {
        let window = compute.batch_window;
        match compute.device {
            DeviceChoice::Cpu => Ok((None, None)),
            DeviceChoice::Cuda(index) => {
                Ok((Some(OnDevice { is_settled: true, ..OnDevice::open(package, index, window)? }), None))
            }
            DeviceChoice::Auto => match OnDevice::open(package, 0, window) {
                Ok(on_device) => Ok((Some(on_device), None)),
                Err(error) => Ok((None, Some(error.to_string()))),
            },
        }
    }

    fn open(package: &Package, index: usize, window: Duration) -> Result<Self, StylizeError> {
        let style = default_style(package)?;
        let mut path = DevicePath::new(CudaMachine::new(package, style, index, window)?);
        let name = path.machine().device().name()?;
        Ok(OnDevice { path, index, name, style, is_settled: false })
    }

    /// Whether `auto` may still go on without.
    pub fn may_be_passed_over(&self) -> bool {
        !self.is_settled
    }

    /// Forgets the previous frame.
    pub fn reset(&mut self) {
        self.path.reset();
    }

    /// The device, for those who share its memory.
    pub fn device(&mut self) -> &DeviceContext {
        self.path.machine().device()
    }

    /// Brings another style's weights to the device.
    pub fn set_style(&mut self, package: &Package, style: usize) -> Result<(), StylizeError> {
        if style != self.style {
            self.path.machine().set_style(package, style)?;
            self.style = style;
            self.path.reset();
        }
        Ok(())
    }

    /// Draws one frame in the style of this index, the network at `working` size.
    pub fn process(
        &mut self,
        package: &Package,
        style: usize,
        source: Source<'_>,
        mut target: Target<'_, '_>,
        settings: &Settings,
        working: (usize, usize),
    ) -> Result<Report, StylizeError> {
        let (input, output) = (*source.info(), *target.info());
        let is_fetched = matches!(target, Target::Host(_));
        if settings.strength <= 0.0 && settings.compare == Compare::None && input == output {
            // What is shown is the source, bit for bit.
            self.path.reset();
            let (bring, take) =
                (|machine: &mut CudaMachine| source.bring(machine), |machine: &mut CudaMachine| target.take(machine));
            self.path.machine().pass(input, is_fetched, bring, take)?;
            return Ok(Report::default());
        }
        self.set_style(package, style)?;
        let style = (style, &package.manifest().styles[style]);
        let bring = |machine: &mut CudaMachine| source.bring(machine);
        let take = |machine: &mut CudaMachine| target.take(machine);
        let ends = Ends { input, output, is_fetched };
        let report = self.path.process(ends, style, settings, working, bring, take)?;
        self.is_settled = true;
        Ok(report)
    }
}

impl fmt::Display for OnDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cuda:{} ({})", self.index, self.name)
    }
}
