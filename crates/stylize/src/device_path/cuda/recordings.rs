use inkcast_frame::FrameInfo;
use inkcast_kernels::device::Graph;
use inkcast_kernels::print::Print;

use crate::device_path::Plan;

/// Launches that were recorded, as long as the buffers that they use are there.
#[derive(Debug, Default)]
pub(super) struct Recordings {
    buffers: Option<BuffersOf>,
    /// One for each way that frames may take through these buffers: at most twelve.
    ways: Vec<(Way, Option<Graph>)>,
}

/// What decides which buffers there are.
#[derive(Debug, Clone, Copy, PartialEq)]
struct BuffersOf {
    input: FrameInfo,
    output: FrameInfo,
    working: (usize, usize),
    print: Print,
}

/// What else decides which launches there are. Weights, steadiness, ink and the like lie in buffers.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Way {
    is_followed: bool,
    is_carried: bool,
    is_anchored: bool,
    now: usize,
}

impl Recordings {
    /// Whether the buffers are those of the frames before; if not, what was recorded is forgotten.
    pub fn keep(&mut self, plan: &Plan) -> bool {
        let Plan { input, output, working, page, .. } = *plan;
        let buffers = Some(BuffersOf { input, output, working, print: page.print });
        let same = self.buffers == buffers;
        if !same {
            *self = Recordings { buffers, ways: Vec::new() };
        }
        same
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Recordings::default();
    }

    /// Where the launches of this plan are recorded, or `None` before they ran once: only then all kernels are loaded and
    /// all memory is there.
    pub fn of(&mut self, plan: &Plan, now: usize) -> Option<&mut Option<Graph>> {
        let Plan { is_followed, is_carried, page, .. } = *plan;
        let way = Way { is_followed, is_carried, is_anchored: page.is_anchored, now };
        match self.ways.iter().position(|(known, _)| *known == way) {
            Some(index) => Some(&mut self.ways[index].1),
            None => {
                self.ways.push((way, None));
                None
            }
        }
    }
}
