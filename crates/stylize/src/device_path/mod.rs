//! Frames on a device, from bytes to bytes: the seven stages run in its memory, nothing but the source comes in, and the
//! page and what became of the frame go out.
//!
//! [`DevicePath`] is the host's part: what goes on from frame to frame, and what a frame takes ([`Plan`]). A [`Machine`]
//! runs it: a CUDA device, or for tests the CPU with the kernels of [`Stylizer`](crate::Stylizer), which shows that both
//! give the same frames and reports.

#[cfg(feature = "cuda")]
mod cuda;
#[cfg(test)]
mod host;
mod path;
mod plan;
#[cfg(test)]
mod tests;

use std::time::Duration;

use inkcast_frame::FrameInfo;
use inkcast_kernels::compose::Settling;

use crate::STAGES;
#[cfg(feature = "cuda")]
pub(crate) use cuda::CudaMachine;
pub(crate) use path::DevicePath;
pub(crate) use plan::{Plan, Step};

/// What runs plans. It keeps two sets of buffers for what goes on from frame to frame (picture, luma, settled layers and
/// their ages): a plan works in one of them and finds the previous frame in the other. It also keeps where dots lie that
/// follow the camera.
pub(crate) trait Machine {
    /// Why it cannot go on.
    type Error;

    /// Makes the buffers that frames of `plan` need.
    fn prepare(&mut self, plan: &Plan) -> Result<(), Self::Error>;

    /// Starts the plan's steps, in set `now` (0 or 1), and behind them the copies of what the host asks for.
    fn run(&mut self, plan: &Plan, now: usize) -> Result<(), Self::Error>;

    /// Waits until all is done, which is the only time before the page is handed out, and tells what became of the frame.
    fn finish(&mut self, plan: &Plan) -> Result<Outcome, Self::Error>;
}

/// The two ends of a frame's way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    /// The frame that comes in.
    pub input: FrameInfo,
    /// The frame that goes out.
    pub output: FrameInfo,
    /// Whether it goes out to the host's memory.
    pub is_fetched: bool,
}

/// What motion told of a frame as a whole.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Found {
    /// Nothing goes on from the previous frame.
    pub scene_cut: bool,
    /// The picture is the previous one, bit for bit.
    pub repeated: bool,
}

/// What became of a frame.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Where the plan has [`Step::Motion`].
    pub found: Option<Found>,
    /// Where the plan has [`Step::Compose`]; means nothing after a cut or where the picture is repeated.
    pub settling: Option<Settling>,
    /// The time of each stage, where the machine knows it.
    pub times: Option<[Duration; STAGES.len()]>,
}
