use inkcast_frame::{Layers, Picture, Plane};

/// What is kept from one frame to the next: the only edge of the frame path that points back.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// The picture.
    pub picture: Picture,
    /// Luma on the grid that motion is estimated on.
    pub luma: Plane,
    /// The settled layers, before print.
    pub layers: Layers,
    /// How long each pixel has been followed, a frame being [`AGE_STEP`](inkcast_kernels::compose::AGE_STEP).
    pub age: Plane<u8>,
    /// Whether the four above hold the previous frame.
    pub is_there: bool,
}

impl History {
    /// Whether there is a previous frame of this size.
    pub fn fits(&self, size: (usize, usize)) -> bool {
        self.is_there && self.layers.size() == size
    }
}
