use arrayvec::ArrayVec;

use crate::{Colorimetry, Format, FrameError, Matrix, Range};

/// Format, size and meaning of a frame's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameInfo {
    /// Memory layout.
    pub format: Format,
    /// Width in pixels, at least 1.
    pub width: usize,
    /// Height in pixels, at least 1.
    pub height: usize,
    /// What the code values mean.
    pub colorimetry: Colorimetry,
}

impl FrameInfo {
    /// A frame with the colorimetry most likely for its format: full-range for RGB, else limited range and a matrix
    /// by height. Fails on a size of zero.
    pub fn new(format: Format, width: usize, height: usize) -> Result<Self, FrameError> {
        if width == 0 || height == 0 {
            return Err(FrameError::Empty { width, height });
        }
        let colorimetry = if format.byte_order().is_some() {
            Colorimetry::SRGB
        } else {
            Colorimetry { matrix: Matrix::guess(height), range: Range::Limited }
        };
        Ok(FrameInfo { format, width, height, colorimetry })
    }

    /// The same frame with other colorimetry.
    pub fn with_colorimetry(self, colorimetry: Colorimetry) -> Self {
        FrameInfo { colorimetry, ..self }
    }

    fn check_plane(&self, index: usize, stride: usize, len: usize) -> Result<(), FrameError> {
        let layout = self.format.plane_layout(index, self.width, self.height);
        if stride < layout.row_bytes {
            return Err(FrameError::Stride { plane: index, row_bytes: layout.row_bytes, stride });
        }
        // The last row may end without its padding. A plane too large to count is larger than any memory.
        let expected = stride.saturating_mul(layout.rows - 1).saturating_add(layout.row_bytes);
        if len < expected {
            return Err(FrameError::Short { plane: index, expected, got: len });
        }
        Ok(())
    }

    fn check_planes(&self, got: usize) -> Result<(), FrameError> {
        // Fields are public, so a size of zero may come here past `new`.
        let FrameInfo { width, height, .. } = *self;
        if width == 0 || height == 0 {
            return Err(FrameError::Empty { width, height });
        }
        let expected = self.format.planes();
        if got == expected { Ok(()) } else { Err(FrameError::PlaneCount { format: self.format, expected, got }) }
    }
}

/// Planes that a frame has at most; one more is kept so that too many are noticed.
const MOST_PLANES: usize = 3 + 1;

/// One plane to read: rows are `stride` bytes apart.
#[derive(Debug, Clone, Copy)]
pub struct PlaneRef<'a> {
    /// Bytes from the start of the first row.
    pub data: &'a [u8],
    /// Distance between rows in bytes.
    pub stride: usize,
}

/// One plane to write: rows are `stride` bytes apart.
#[derive(Debug)]
pub struct PlaneMut<'a> {
    /// Bytes from the start of the first row.
    pub data: &'a mut [u8],
    /// Distance between rows in bytes.
    pub stride: usize,
}

/// A frame to read, borrowed from whoever owns the memory. Every row of every plane is known to be inside it.
#[derive(Debug, Clone)]
pub struct FrameView<'a> {
    info: FrameInfo,
    planes: ArrayVec<PlaneRef<'a>, MOST_PLANES>,
}

impl<'a> FrameView<'a> {
    /// Checks that `planes` hold a frame of `info`.
    pub fn new(info: FrameInfo, planes: impl IntoIterator<Item = PlaneRef<'a>>) -> Result<Self, FrameError> {
        let planes: ArrayVec<_, MOST_PLANES> = planes.into_iter().take(MOST_PLANES).collect();
        info.check_planes(planes.len())?;
        for (index, plane) in planes.iter().enumerate() {
            info.check_plane(index, plane.stride, plane.data.len())?;
        }
        Ok(FrameView { info, planes })
    }

    /// Format, size and colorimetry.
    pub fn info(&self) -> &FrameInfo {
        &self.info
    }

    /// The planes themselves, in memory order.
    pub fn planes(&self) -> &[PlaneRef<'a>] {
        &self.planes
    }

    /// The picture bytes of row `y` of plane `plane`, without padding.
    pub fn row(&self, plane: usize, y: usize) -> &'a [u8] {
        let layout = self.info.format.plane_layout(plane, self.info.width, self.info.height);
        let PlaneRef { data, stride } = self.planes[plane];
        &data[y * stride..y * stride + layout.row_bytes]
    }
}

/// A frame to write. Padding bytes between rows are never touched.
#[derive(Debug)]
pub struct FrameViewMut<'a> {
    info: FrameInfo,
    planes: ArrayVec<PlaneMut<'a>, MOST_PLANES>,
}

impl<'a> FrameViewMut<'a> {
    /// Checks that `planes` can hold a frame of `info`.
    pub fn new(info: FrameInfo, planes: impl IntoIterator<Item = PlaneMut<'a>>) -> Result<Self, FrameError> {
        let planes: ArrayVec<_, MOST_PLANES> = planes.into_iter().take(MOST_PLANES).collect();
        info.check_planes(planes.len())?;
        for (index, plane) in planes.iter().enumerate() {
            info.check_plane(index, plane.stride, plane.data.len())?;
        }
        Ok(FrameViewMut { info, planes })
    }

    /// Format, size and colorimetry.
    pub fn info(&self) -> &FrameInfo {
        &self.info
    }

    /// The picture bytes of row `y` of plane `plane`, without padding.
    pub fn row_mut(&mut self, plane: usize, y: usize) -> &mut [u8] {
        let layout = self.info.format.plane_layout(plane, self.info.width, self.info.height);
        let PlaneMut { data, stride } = &mut self.planes[plane];
        &mut data[y * *stride..y * *stride + layout.row_bytes]
    }

    /// The planes themselves, in memory order, so that threads can share out their rows. What lies behind the picture
    /// bytes of a row ([`Format::plane_layout`]) is padding and has to stay as it is.
    pub fn planes_mut(&mut self) -> &mut [PlaneMut<'a>] {
        &mut self.planes
    }
}

/// A frame that owns its memory, without padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedFrame {
    info: FrameInfo,
    planes: Vec<Vec<u8>>,
}

impl OwnedFrame {
    /// A frame of zero bytes.
    pub fn new(info: FrameInfo) -> Self {
        let planes = (0..info.format.planes())
            .map(|plane| {
                let layout = info.format.plane_layout(plane, info.width, info.height);
                vec![0; layout.row_bytes * layout.rows]
            })
            .collect();
        OwnedFrame { info, planes }
    }

    /// A frame from bytes without padding, plane after plane in memory order.
    pub fn from_planes(info: FrameInfo, planes: Vec<Vec<u8>>) -> Result<Self, FrameError> {
        info.check_planes(planes.len())?;
        for (index, plane) in planes.iter().enumerate() {
            let layout = info.format.plane_layout(index, info.width, info.height);
            info.check_plane(index, layout.row_bytes, plane.len())?;
        }
        Ok(OwnedFrame { info, planes })
    }

    /// Format, size and colorimetry.
    pub fn info(&self) -> &FrameInfo {
        &self.info
    }

    /// The bytes of plane `plane`, rows one after another.
    pub fn plane(&self, plane: usize) -> &[u8] {
        &self.planes[plane]
    }

    /// A view to read.
    pub fn view(&self) -> FrameView<'_> {
        let planes = (self.planes.iter().enumerate())
            .map(|(index, data)| PlaneRef { data, stride: self.row_bytes(index) })
            .collect();
        FrameView { info: self.info, planes }
    }

    /// A view to write.
    pub fn view_mut(&mut self) -> FrameViewMut<'_> {
        let FrameInfo { format, width, height, .. } = self.info;
        let planes = (self.planes.iter_mut().enumerate())
            .map(|(index, data)| PlaneMut { data, stride: format.plane_layout(index, width, height).row_bytes })
            .collect();
        FrameViewMut { info: self.info, planes }
    }

    fn row_bytes(&self, plane: usize) -> usize {
        self.info.format.plane_layout(plane, self.info.width, self.info.height).row_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PlaneLayout;

    #[test]
    fn one_pixel_of_every_format_has_rows() {
        for format in Format::ALL {
            let mut frame = OwnedFrame::new(FrameInfo::new(format, 1, 1).unwrap());
            for plane in 0..format.planes() {
                assert!(!frame.view().row(plane, 0).is_empty(), "{format:?} plane {plane}");
                frame.view_mut().row_mut(plane, 0).fill(7);
            }
            assert!((0..format.planes()).all(|plane| frame.plane(plane).iter().all(|&byte| byte == 7)));
        }
    }

    #[test]
    fn odd_sizes_round_chroma_up() {
        let layout = Format::I420.plane_layout(1, 5, 3);
        assert_eq!(layout, PlaneLayout { row_bytes: 3, rows: 2 });
        assert_eq!(Format::Nv12.plane_layout(1, 5, 3).row_bytes, 6);
    }

    #[test]
    fn padding_is_sliced_off() {
        let info = FrameInfo::new(Format::Rgb, 2, 2).unwrap();
        let bytes: Vec<u8> = (0..16).collect();
        let view = FrameView::new(info, vec![PlaneRef { data: &bytes, stride: 8 }]).unwrap();
        assert_eq!(view.row(0, 1), &[8, 9, 10, 11, 12, 13]);

        // The last row may lack its padding, but not a byte of picture.
        assert!(FrameView::new(info, vec![PlaneRef { data: &bytes[..14], stride: 8 }]).is_ok());
        let short = FrameView::new(info, vec![PlaneRef { data: &bytes[..13], stride: 8 }]).unwrap_err();
        assert_eq!(short, FrameError::Short { plane: 0, expected: 14, got: 13 });
    }

    #[test]
    fn wrong_planes_are_refused() {
        let info = FrameInfo::new(Format::Nv12, 4, 4).unwrap();
        let bytes = [0; 64];
        let plane = PlaneRef { data: &bytes, stride: 4 };
        assert!(matches!(FrameView::new(info, vec![plane]), Err(FrameError::PlaneCount { expected: 2, got: 1, .. })));
        let narrow = PlaneRef { data: &bytes, stride: 3 };
        assert!(matches!(FrameView::new(info, vec![plane, narrow]), Err(FrameError::Stride { plane: 1, .. })));
        assert!(matches!(FrameInfo::new(Format::Rgb, 0, 4), Err(FrameError::Empty { .. })));
    }

    #[test]
    fn sizes_that_no_memory_holds_are_refused() {
        let info = FrameInfo::new(Format::Rgb, 2, 3).unwrap();
        let bytes = [0; 64];
        let view = |info, stride| FrameView::new(info, vec![PlaneRef { data: &bytes, stride }]);
        // Twice this stride is zero in 64 bits.
        assert!(matches!(view(info, 1 << 63), Err(FrameError::Short { .. })));
        assert!(matches!(view(FrameInfo { width: usize::MAX / 2, ..info }, 64), Err(FrameError::Stride { .. })));
        assert!(matches!(view(FrameInfo { height: 0, ..info }, 64), Err(FrameError::Empty { .. })));
    }

    #[test]
    fn rows_of_a_padded_frame_leave_the_padding_alone() {
        let info = FrameInfo::new(Format::Rgb, 1, 2).unwrap();
        let mut bytes = [9u8; 8];
        let mut view = FrameViewMut::new(info, vec![PlaneMut { data: &mut bytes, stride: 5 }]).unwrap();
        (0..2).for_each(|y| view.row_mut(0, y).fill(1));
        drop(view);
        assert_eq!(bytes, [1, 1, 1, 9, 9, 1, 1, 1]);
    }
}
