use rayon::prelude::*;

/// Activations `[H, W, C]` with a border of one zero pixel on every side, so that 3x3 kernels need no edge cases.
///
/// Only the inside is ever written; the border stays as it was made. Values are `f32`, or `u8` codes whose zero is 0.
#[derive(Debug, Clone, Default)]
pub struct FeatureMap<T = f32> {
    width: usize,
    height: usize,
    channels: usize,
    data: Vec<T>,
}

impl<T: Copy + Default + Send> FeatureMap<T> {
    /// Width of the border in pixels.
    pub const BORDER: usize = 1;

    /// A map of zeros.
    pub fn new(width: usize, height: usize, channels: usize) -> Self {
        let data = vec![T::default(); (width + 2 * Self::BORDER) * (height + 2 * Self::BORDER) * channels];
        FeatureMap { width, height, channels, data }
    }

    /// Makes this a map of zeros of another size, unless it has that size.
    pub fn fit(&mut self, width: usize, height: usize, channels: usize) {
        if (self.width, self.height, self.channels) != (width, height, channels) {
            *self = FeatureMap::new(width, height, channels);
        }
    }

    /// Width of the inside in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height of the inside in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Values a pixel.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Distance between rows in values, border included.
    pub fn stride(&self) -> usize {
        (self.width + 2 * Self::BORDER) * self.channels
    }

    /// Everything, border included.
    pub fn data(&self) -> &[T] {
        &self.data
    }

    /// The inside of row `y`.
    pub fn row(&self, y: usize) -> &[T] {
        let edge = Self::BORDER * self.channels;
        &self.bordered_row(y as isize)[edge..edge + self.width * self.channels]
    }

    /// Row `y` with its border; -1 and the height are the zero rows above and below.
    pub fn bordered_row(&self, y: isize) -> &[T] {
        let start = (y + Self::BORDER as isize) as usize * self.stride();
        &self.data[start..start + self.stride()]
    }

    /// The rows `y - 1`, `y` and `y + 1` with their borders: what a 3x3 kernel reads.
    pub fn neighbourhood(&self, y: usize) -> [&[T]; 3] {
        let y = y as isize;
        [self.bordered_row(y - 1), self.bordered_row(y), self.bordered_row(y + 1)]
    }

    /// The insides of all rows, for threads to share out.
    pub fn rows_mut(&mut self) -> impl IndexedParallelIterator<Item = &mut [T]> {
        let (edge, inside) = (Self::BORDER * self.channels, self.width * self.channels);
        self.strips_mut(1).map(move |row| &mut row[edge..edge + inside])
    }

    /// Strips of `rows` rows each, the last one may have fewer, rows with their borders one after another.
    pub fn strips_mut(&mut self, rows: usize) -> impl IndexedParallelIterator<Item = &mut [T]> {
        let stride = self.stride();
        let inside = &mut self.data[Self::BORDER * stride..][..self.height * stride];
        inside.par_chunks_mut((stride * rows).max(1))
    }
}
