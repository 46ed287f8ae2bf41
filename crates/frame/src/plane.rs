/// A plane of numbers, `width * height` of them, rows one after another without padding.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plane<T = f32> {
    width: usize,
    height: usize,
    data: Vec<T>,
}

impl<T: Copy + Default> Plane<T> {
    /// A plane of default values, which for numbers is zero.
    pub fn new(width: usize, height: usize) -> Self {
        Plane { width, height, data: vec![T::default(); width * height] }
    }

    /// A plane whose values are computed from their coordinates `(x, y)`.
    pub fn from_fn(width: usize, height: usize, mut value: impl FnMut(usize, usize) -> T) -> Self {
        let mut plane = Plane::new(width, height);
        for y in 0..height {
            for x in 0..width {
                plane.data[y * width + x] = value(x, y);
            }
        }
        plane
    }

    /// Changes the size; values are lost if it differs. Memory is only allocated when the plane grows.
    pub fn resize(&mut self, width: usize, height: usize) {
        if (self.width, self.height) != (width, height) {
            (self.width, self.height) = (width, height);
            self.data.clear();
            self.data.resize(width * height, T::default());
        }
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// `(width, height)`.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// All values, rows one after another.
    pub fn data(&self) -> &[T] {
        &self.data
    }

    /// All values, rows one after another.
    pub fn data_mut(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// Row `y`.
    pub fn row(&self, y: usize) -> &[T] {
        &self.data[y * self.width..(y + 1) * self.width]
    }

    /// Row `y`.
    pub fn row_mut(&mut self, y: usize) -> &mut [T] {
        &mut self.data[y * self.width..(y + 1) * self.width]
    }

    /// The value at `(x, y)`.
    pub fn at(&self, x: usize, y: usize) -> T {
        self.data[y * self.width + x]
    }

    /// The value at `(x, y)`, coordinates outside moved to the nearest edge.
    pub fn at_clamped(&self, x: isize, y: isize) -> T {
        self.at(x.clamp(0, self.width as isize - 1) as usize, y.clamp(0, self.height as isize - 1) as usize)
    }
}

/// A frame as the stages see it: red, green, blue and luma of each pixel as gamma-coded bytes, 0 = none, 255 = full.
///
/// The four values of a pixel lie together because every stage reads them together, and the network's first layer takes
/// them as they lie.
pub type Picture = Plane<[u8; 4]>;

/// What the generator decides and the print step puts on paper: red, green and blue of the flat colour, and the
/// coverage of ink (lines and solid blacks; 0 = none, [`LAYER_ONE`] = black).
///
/// Values are fixed-point: [`LAYER_STEP`] is one grey level of 255, so that means over many frames and repeated warps
/// keep more precision than a byte has, while sixteen values fit one vector register of 256 bits.
///
/// Tone, where a screen needs it, is the lightness of the colour: a value of its own would carry nothing new.
pub type Layers = Plane<[i16; 4]>;

/// One grey level of 255 in [`Layers`].
pub const LAYER_STEP: i16 = 128;

/// Full colour or full ink in [`Layers`]: 255 grey levels.
pub const LAYER_ONE: i16 = 255 * LAYER_STEP;
