/// Shorter side at which one unit of length is one pixel.
const REFERENCE_SIDE: f32 = 540.0;

/// Pixels in one unit of length. Every radius of a look is given in units, so that a picture looks the same at any size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale(f32);

impl Scale {
    /// One pixel a unit.
    pub const ONE: Scale = Scale(1.0);

    /// The scale of a picture that fills the screen: its shorter side has 540 units.
    ///
    /// Below a shorter side of 270 pixels the unit stays half a pixel: finer lines than that would only be grey.
    pub fn of(width: usize, height: usize) -> Self {
        Scale::new(width.min(height) as f32 / REFERENCE_SIDE)
    }

    /// A scale of `pixels` a unit, cut to 0.5..=16.
    pub fn new(pixels: f32) -> Self {
        Scale(pixels.clamp(0.5, 16.0))
    }

    /// `units` in pixels.
    pub(super) fn px(self, units: f32) -> f32 {
        units * self.0
    }

    /// `units` squared in pixels.
    pub(super) fn area(self, units: f32) -> usize {
        (units * self.0 * self.0).ceil() as usize
    }

    /// Standard deviation in pixels of the blur that takes away what is finer than a unit, if there is such.
    pub(super) fn finer_than_a_unit(self) -> Option<f32> {
        (self.0 > 1.05).then(|| 0.5 * (self.0 * self.0 - 1.0).sqrt())
    }
}
