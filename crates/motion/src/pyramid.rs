use inkcast_frame::Plane;
use inkcast_kernels::{Bordered, Level};

/// The smallest side of the coarsest level in pixels: less than three patches tell nothing.
const COARSEST: usize = 20;

/// A frame's luma, and its half, quarter ... sizes.
#[derive(Debug, Default)]
pub(crate) struct Pyramid {
    levels: Vec<Bordered>,
    count: usize,
}

impl Pyramid {
    pub fn build(&mut self, level: Level, luma: &Plane) {
        self.count = 1;
        while luma.width().min(luma.height()) >> self.count >= COARSEST {
            self.count += 1;
        }
        if self.levels.len() < self.count {
            self.levels.resize_with(self.count, Bordered::default);
        }
        self.levels[0].copy_from(luma);
        for coarse in 1..self.count {
            let (finer, coarser) = self.levels.split_at_mut(coarse);
            coarser[0].halve_from(level, &finer[coarse - 1]);
        }
    }

    /// Finest first.
    pub fn levels(&self) -> &[Bordered] {
        &self.levels[..self.count]
    }

    pub fn levels_mut(&mut self) -> &mut [Bordered] {
        &mut self.levels[..self.count]
    }
}
