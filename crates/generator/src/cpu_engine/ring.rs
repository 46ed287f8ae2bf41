/// The last three rows of a map that is never whole: what a 3x3 kernel reads of it. Rows have a border of one zero pixel
/// at either end, and rows above and below the map are zero.
#[derive(Debug, Default)]
pub(super) struct Ring<T> {
    channels: usize,
    /// Rows of the map.
    height: usize,
    /// One zero row, then row `y` at `1 + y % 3`.
    rows: [Vec<T>; 4],
}

impl<T: Copy + Default> Ring<T> {
    /// Makes room for rows of a map of this size, unless it is there.
    pub fn fit(&mut self, width: usize, height: usize, channels: usize) {
        let length = (width + 2) * channels;
        if channels != self.channels || length != self.rows[0].len() {
            for row in &mut self.rows {
                row.clear();
                row.resize(length, T::default());
            }
        }
        (self.channels, self.height) = (channels, height);
    }

    /// The inside of row `y`, to be written.
    pub fn row_mut(&mut self, y: usize) -> &mut [T] {
        let row = &mut self.rows[1 + y % 3];
        let inside = self.channels..row.len() - self.channels;
        &mut row[inside]
    }

    /// Row `y`, which may lie outside the map, with its border.
    pub fn row(&self, y: isize) -> &[T] {
        let is_inside = (0..self.height as isize).contains(&y);
        &self.rows[if is_inside { 1 + y as usize % 3 } else { 0 }]
    }

    /// The rows `y - 1`, `y` and `y + 1`.
    pub fn neighbourhood(&self, y: usize) -> [&[T]; 3] {
        let y = y as isize;
        [self.row(y - 1), self.row(y), self.row(y + 1)]
    }
}
