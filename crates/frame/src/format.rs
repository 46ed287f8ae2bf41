/// Memory layouts that Inkcast reads and writes. Names are those of GStreamer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Packed red, green, blue.
    Rgb,
    /// Packed blue, green, red.
    Bgr,
    /// Packed red, green, blue, unused.
    Rgbx,
    /// Packed blue, green, red, unused.
    Bgrx,
    /// Packed red, green, blue, alpha (not premultiplied).
    Rgba,
    /// Packed blue, green, red, alpha (not premultiplied).
    Bgra,
    /// A plane of luma and a plane of interleaved Cb and Cr at half width and height.
    Nv12,
    /// Planes of luma, Cb and Cr, the chroma ones at half width and height.
    I420,
    /// As [`Format::Nv12`] with 10 bits a sample, the high ones of two bytes, little endian.
    P010,
    /// As [`Format::I420`] with 10 bits a sample, the low ones of two bytes, little endian.
    I42010,
}

/// Byte offsets of the samples in one pixel of a packed RGB format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteOrder {
    /// Bytes a pixel.
    pub pixel: usize,
    /// Offset of red.
    pub r: usize,
    /// Offset of green.
    pub g: usize,
    /// Offset of blue.
    pub b: usize,
    /// Offset of the fourth byte where there is one; true if it is alpha.
    pub fourth: Option<(usize, bool)>,
}

/// Size of one plane of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaneLayout {
    /// Bytes of picture in a row, without padding.
    pub row_bytes: usize,
    /// Number of rows.
    pub rows: usize,
}

impl Format {
    /// Every format, for tables and tests.
    pub const ALL: [Format; 10] = [
        Format::Rgb,
        Format::Bgr,
        Format::Rgbx,
        Format::Bgrx,
        Format::Rgba,
        Format::Bgra,
        Format::Nv12,
        Format::I420,
        Format::P010,
        Format::I42010,
    ];

    /// Bits of a sample.
    pub fn bits(self) -> u32 {
        match self {
            Format::P010 | Format::I42010 => 10,
            _ => 8,
        }
    }

    /// Bytes of a sample.
    pub fn sample_bytes(self) -> usize {
        if self.bits() > 8 { 2 } else { 1 }
    }

    /// How far the bits of a sample lie above the lowest of its bytes.
    pub fn sample_shift(self) -> u32 {
        if self == Format::P010 { 6 } else { 0 }
    }

    /// Whether Cb and Cr take turns in one plane.
    pub fn is_interleaved(self) -> bool {
        matches!(self, Format::Nv12 | Format::P010)
    }

    /// Byte order of a packed RGB format, `None` for Y'CbCr.
    pub fn byte_order(self) -> Option<ByteOrder> {
        let order = |pixel, r, b, fourth| Some(ByteOrder { pixel, r, g: 1, b, fourth });
        match self {
            Format::Rgb => order(3, 0, 2, None),
            Format::Bgr => order(3, 2, 0, None),
            Format::Rgbx => order(4, 0, 2, Some((3, false))),
            Format::Bgrx => order(4, 2, 0, Some((3, false))),
            Format::Rgba => order(4, 0, 2, Some((3, true))),
            Format::Bgra => order(4, 2, 0, Some((3, true))),
            Format::Nv12 | Format::I420 | Format::P010 | Format::I42010 => None,
        }
    }

    /// Number of planes.
    pub fn planes(self) -> usize {
        match self {
            Format::Nv12 | Format::P010 => 2,
            Format::I420 | Format::I42010 => 3,
            _ => 1,
        }
    }

    /// Size of plane `plane` of a `width` x `height` frame. Odd sizes round the chroma planes up; a row too long to count
    /// has `usize::MAX` bytes.
    pub fn plane_layout(self, plane: usize, width: usize, height: usize) -> PlaneLayout {
        let (chroma_width, chroma_height) = (width.div_ceil(2), height.div_ceil(2));
        match (self.byte_order(), plane) {
            (Some(order), _) => PlaneLayout { row_bytes: width.saturating_mul(order.pixel), rows: height },
            (None, 0) => PlaneLayout { row_bytes: width.saturating_mul(self.sample_bytes()), rows: height },
            (None, _) => {
                let samples = if self.is_interleaved() { chroma_width.saturating_mul(2) } else { chroma_width };
                PlaneLayout { row_bytes: samples.saturating_mul(self.sample_bytes()), rows: chroma_height }
            }
        }
    }
}
