/// Memory layouts that Inkcast reads and writes, 8 bits a sample. Names are those of GStreamer.
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
    pub const ALL: [Format; 8] =
        [Format::Rgb, Format::Bgr, Format::Rgbx, Format::Bgrx, Format::Rgba, Format::Bgra, Format::Nv12, Format::I420];

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
            Format::Nv12 | Format::I420 => None,
        }
    }

    /// Number of planes.
    pub fn planes(self) -> usize {
        match self {
            Format::Nv12 => 2,
            Format::I420 => 3,
            _ => 1,
        }
    }

    /// Size of plane `plane` of a `width` x `height` frame. Odd sizes round the chroma planes up; a row too long to count
    /// has `usize::MAX` bytes.
    pub fn plane_layout(self, plane: usize, width: usize, height: usize) -> PlaneLayout {
        let (chroma_width, chroma_height) = (width.div_ceil(2), height.div_ceil(2));
        match (self.byte_order(), plane) {
            (Some(order), _) => PlaneLayout { row_bytes: width.saturating_mul(order.pixel), rows: height },
            (None, 0) => PlaneLayout { row_bytes: width, rows: height },
            (None, _) if self == Format::Nv12 => {
                PlaneLayout { row_bytes: chroma_width.saturating_mul(2), rows: chroma_height }
            }
            (None, _) => PlaneLayout { row_bytes: chroma_width, rows: chroma_height },
        }
    }
}
