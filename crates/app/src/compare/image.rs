use inkcast_frame::Plane;

/// A picture in grey levels, 0..=255.
#[derive(Debug, Clone)]
pub struct Image {
    /// Red, green and blue.
    pub colour: Plane<[u8; 3]>,
    /// Luma after BT.601, whatever matrix the video had: the figures are about RGB as it is shown.
    pub luma: Plane<u8>,
}

impl Image {
    /// The picture with its luma.
    pub fn new(colour: Plane<[u8; 3]>) -> Self {
        let mut luma = Plane::new(colour.width(), colour.height());
        for (luma, [r, g, b]) in luma.data_mut().iter_mut().zip(colour.data()) {
            // 0.299, 0.587 and 0.114 in units of 2^-15.
            let sum = 9798 * u32::from(*r) + 19235 * u32::from(*g) + 3735 * u32::from(*b);
            *luma = ((sum + (1 << 14)) >> 15) as u8;
        }
        Image { colour, luma }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luma_weighs_green_most() {
        let colours = [[255; 3], [255, 0, 0], [0, 255, 0], [0, 0, 255], [7; 3]];
        let image = Image::new(Plane::from_fn(5, 1, |x, _| colours[x]));
        assert_eq!(image.luma.data(), [255, 76, 150, 29, 7]);
    }
}
