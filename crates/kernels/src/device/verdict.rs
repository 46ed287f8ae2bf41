/// What motion found out about a frame as a whole, in bits, one word on the device. Kernels look it up so that the frame's
/// launches are the same whatever it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict(pub u32);

impl Verdict {
    /// Nothing of the previous frame goes on: what is carried becomes nothing, and the new layers stand as they are.
    pub const CUT: u32 = 1;
    /// The picture is the previous one again, bit for bit: what was drawn stays.
    pub const REPEATED: u32 = 2;
}
