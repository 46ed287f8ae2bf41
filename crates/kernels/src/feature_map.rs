/// Activations `[H, W, C]` with a border of one zero pixel on every side, so that 3x3 kernels need no edge cases.
///
/// Only the inside is ever written; the border stays as it was made.
#[derive(Debug, Clone, Default)]
pub struct FeatureMap {
    width: usize,
    height: usize,
    channels: usize,
    data: Vec<f32>,
}

impl FeatureMap {
    /// Width of the border in pixels.
    pub const BORDER: usize = 1;

    /// A map of zeros.
    pub fn new(width: usize, height: usize, channels: usize) -> Self {
        let data = vec![0.0; (width + 2 * Self::BORDER) * (height + 2 * Self::BORDER) * channels];
        FeatureMap { width, height, channels, data }
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
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// The inside of row `y`.
    pub fn row(&self, y: usize) -> &[f32] {
        let start = (y + Self::BORDER) * self.stride() + Self::BORDER * self.channels;
        &self.data[start..start + self.width * self.channels]
    }

    /// The insides of all rows, for threads to share out.
    pub fn rows_mut(&mut self) -> impl rayon::iter::IndexedParallelIterator<Item = &mut [f32]> {
        use rayon::prelude::*;
        let (stride, edge, inside) = (self.stride(), Self::BORDER * self.channels, self.width * self.channels);
        let rows = &mut self.data[Self::BORDER * stride..][..self.height * stride];
        rows.par_chunks_mut(stride).map(move |row| &mut row[edge..edge + inside])
    }
}
