use inkcast_frame::{Layers, Plane};

/// What is kept from one frame to the next: the only edge of the frame path that points back.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Luma on the grid that motion is estimated on.
    pub luma: Plane,
    /// The settled layers, before print.
    pub layers: Layers,
    /// For how many frames each pixel has been followed.
    pub age: Plane,
    /// Whether the three above hold the previous frame.
    pub is_there: bool,
}

impl History {
    /// Whether there is a previous frame of this size.
    pub fn fits(&self, size: (usize, usize)) -> bool {
        self.is_there && self.layers.size() == size
    }
}
