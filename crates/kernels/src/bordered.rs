use inkcast_frame::Plane;
use rayon::prelude::*;

use crate::Level;
use crate::vectorised::vectorised;

/// A plane of luma inside a border that repeats its edge, so that patches may reach out of the picture without a test
/// for every pixel.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bordered {
    width: usize,
    height: usize,
    stride: usize,
    data: Vec<f32>,
}

impl Bordered {
    /// Pixels of border on every side: a patch of 8, its gradient, and a position between pixels.
    pub const BORDER: usize = 16;

    /// From one row to the next of a plane of this width, in values.
    pub(crate) fn stride_of(width: usize) -> usize {
        width.next_multiple_of(8) + 2 * Self::BORDER
    }

    /// Width without the border.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height without the border.
    pub fn height(&self) -> usize {
        self.height
    }

    /// `(width, height)` without the border.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// From one row to the next, in values.
    pub(crate) fn stride(&self) -> usize {
        self.stride
    }

    /// Everything, the border included; pixel `(0, 0)` is at [`Bordered::index`]`(0, 0)`.
    pub(crate) fn data(&self) -> &[f32] {
        &self.data
    }

    /// Where pixel `(x, y)` is in the data, for coordinates up to [`Bordered::BORDER`] outside.
    #[inline(always)]
    pub(crate) fn index(&self, x: isize, y: isize) -> usize {
        let border = Self::BORDER as isize;
        (y + border) as usize * self.stride + (x + border) as usize
    }

    /// The value at `(x, y)`, up to [`Bordered::BORDER`] outside.
    pub fn at(&self, x: isize, y: isize) -> f32 {
        self.data[self.index(x, y)]
    }

    /// `COUNT` values of row `y` from column `x` on, which together lie within the border.
    pub fn around<const COUNT: usize>(&self, x: isize, y: isize) -> &[f32; COUNT] {
        self.data[self.index(x, y)..].first_chunk().expect("columns within the border")
    }

    /// Row `y` without the border.
    pub fn row(&self, y: usize) -> &[f32] {
        let start = self.index(0, y as isize);
        &self.data[start..start + self.width]
    }

    /// Changes the size; values are lost if it differs. Memory is only allocated when it grows.
    fn resize(&mut self, width: usize, height: usize) {
        assert!(width > 0 && height > 0, "a plane of {width}x{height} has no edge to repeat");
        if (self.width, self.height) != (width, height) {
            (self.width, self.height) = (width, height);
            self.stride = Self::stride_of(width);
            self.data.clear();
            self.data.resize(self.stride * (height + 2 * Self::BORDER), 0.0);
        }
    }

    /// Takes over `plane`, which must have at least one pixel.
    pub fn copy_from(&mut self, plane: &Plane) {
        self.resize(plane.width(), plane.height());
        self.fill_rows(|y, row| row.copy_from_slice(plane.row(y)));
    }

    /// `finer` at half size, rounded up, as means of 2x2 pixels; a last odd row or column counts twice.
    pub fn halve_from(&mut self, level: Level, finer: &Bordered) {
        self.resize(finer.width.div_ceil(2), finer.height.div_ceil(2));
        let width = self.width;
        self.fill_rows(|y, row| {
            let upper = finer.index(0, 2 * y as isize);
            let (upper, lower) = (&finer.data[upper..], &finer.data[upper + finer.stride..]);
            // The border makes an odd size even.
            means(level, &upper[..2 * width], &lower[..2 * width], row);
        });
    }

    /// Replaces each value `v` by `gain * v + offset`, limited to 0..1.
    pub fn expose(&mut self, gain: f32, offset: f32) {
        let stride = self.stride;
        self.data.par_chunks_mut(stride).with_min_len(16).for_each(|row| {
            row.iter_mut().for_each(|value| *value = (gain * *value + offset).clamp(0.0, 1.0));
        });
    }

    /// Fills the picture row by row, then the border.
    fn fill_rows(&mut self, fill: impl Fn(usize, &mut [f32]) + Sync) {
        let (width, stride) = (self.width, self.stride);
        let inner = Self::BORDER * stride..(Self::BORDER + self.height) * stride;
        self.data[inner.clone()].par_chunks_mut(stride).with_min_len(16).enumerate().for_each(|(y, row)| {
            let (left, rest) = row.split_at_mut(Self::BORDER);
            let (middle, right) = rest.split_at_mut(width);
            fill(y, middle);
            left.fill(middle[0]);
            right.fill(middle[width - 1]);
        });
        for y in 0..Self::BORDER {
            self.data.copy_within(inner.start..inner.start + stride, y * stride);
            self.data.copy_within(inner.end - stride..inner.end, inner.end + y * stride);
        }
    }
}

vectorised! {
    /// Means of 2x2 values.
    fn means(upper: &[f32], lower: &[f32], out: &mut [f32]) {
        let (upper, lower) = (upper.as_chunks::<2>().0, lower.as_chunks::<2>().0);
        for ((out, [a, b]), [c, d]) in out.iter_mut().zip(upper).zip(lower) {
            *out = 0.25 * ((a + b) + (c + d));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edge_goes_on_outside() {
        let plane = Plane::from_fn(3, 2, |x, y| (10 * y + x) as f32);
        let mut bordered = Bordered::default();
        bordered.copy_from(&plane);
        for y in -16..18 {
            for x in -16..19 {
                assert_eq!(bordered.at(x, y), plane.at_clamped(x, y), "{x} {y}");
            }
        }
        assert_eq!(bordered.row(1), [10.0, 11.0, 12.0]);
    }

    #[test]
    fn halves_are_means_with_an_odd_edge() {
        for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
            for (width, height) in [(1, 1), (3, 3), (16, 2), (33, 9)] {
                let plane = Plane::from_fn(width, height, |x, y| ((7 * x + 13 * y) % 32) as f32);
                let (mut finer, mut coarser) = (Bordered::default(), Bordered::default());
                finer.copy_from(&plane);
                coarser.halve_from(level, &finer);
                assert_eq!(coarser.size(), (width.div_ceil(2), height.div_ceil(2)));
                for y in -16..coarser.height() as isize + 16 {
                    for x in -16..coarser.width() as isize + 16 {
                        let (x0, y0) = (
                            2 * x.clamp(0, coarser.width() as isize - 1),
                            2 * y.clamp(0, coarser.height() as isize - 1),
                        );
                        let sum = plane.at_clamped(x0, y0)
                            + plane.at_clamped(x0 + 1, y0)
                            + plane.at_clamped(x0, y0 + 1)
                            + plane.at_clamped(x0 + 1, y0 + 1);
                        assert_eq!(coarser.at(x, y), 0.25 * sum, "{level} {width}x{height} at {x}, {y}");
                    }
                }
            }
        }
    }

    #[test]
    fn exposure_is_limited() {
        let mut bordered = Bordered::default();
        bordered.copy_from(&Plane::from_fn(3, 1, |x, _| 0.4 * x as f32));
        bordered.expose(2.0, -0.2);
        assert_eq!(bordered.row(0), [0.0, 0.6, 1.0]);
        assert_eq!((bordered.at(-3, -5), bordered.at(9, 9)), (0.0, 1.0));
    }
}
