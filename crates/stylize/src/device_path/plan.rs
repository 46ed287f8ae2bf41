use inkcast_frame::FrameInfo;

use crate::stages::s6_print::PagePlan;

/// What a frame takes. Frames with equal plans start the same launches and copies.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    /// The frame that comes in.
    pub input: FrameInfo,
    /// The frame that goes out.
    pub output: FrameInfo,
    /// Whether it goes out to the host's memory.
    pub is_fetched: bool,
    /// The size at which the network runs, in pixels.
    pub working: (usize, usize),
    /// Index of the style in the package.
    pub style: usize,
    /// Whether motion from the previous frame is estimated.
    pub is_followed: bool,
    /// Whether its layers are carried on, as far as motion allows.
    pub is_carried: bool,
    /// How much of them is kept, 0..1.
    pub steadiness: f32,
    /// How the page is printed.
    pub page: PagePlan,
}

/// A stage, in the words of `stages`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Bytes to the picture, and its luma on the grid for motion.
    Ingest,
    /// Where pixels were, how far to trust that, whether anything goes on, and where the camera takes the dots.
    Motion,
    /// Dots lie as on a new page.
    Restart,
    /// The previous layers to where the frame has them; nothing after a cut.
    Carry,
    /// The network.
    Generate,
    /// New and carried layers to settled ones.
    Compose,
    /// New layers as they are.
    Start,
    /// The page to bytes.
    Print,
}

impl Plan {
    /// The picture's size in pixels.
    #[cfg(feature = "cuda")]
    pub fn size(&self) -> (usize, usize) {
        (self.input.width, self.input.height)
    }

    /// What is done, one after another.
    pub fn steps(&self) -> &'static [Step] {
        match (self.is_followed, self.is_carried) {
            (_, true) => &[Step::Ingest, Step::Motion, Step::Carry, Step::Generate, Step::Compose, Step::Print],
            (true, false) => &[Step::Ingest, Step::Motion, Step::Generate, Step::Start, Step::Print],
            (false, false) => &[Step::Ingest, Step::Restart, Step::Generate, Step::Start, Step::Print],
        }
    }
}
