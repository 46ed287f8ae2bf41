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

/// A frame as the stages see it: `[3, H, W]` RGB and `[H, W]` luma, all 0..1 and gamma-coded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Picture {
    /// Red, green and blue.
    pub rgb: [Plane; 3],
    /// Luma by the frame's own matrix.
    pub luma: Plane,
}

impl Picture {
    /// Changes the size of every plane.
    pub fn resize(&mut self, width: usize, height: usize) {
        self.rgb.iter_mut().for_each(|plane| plane.resize(width, height));
        self.luma.resize(width, height);
    }
}

/// What the generator decides and the print step puts on paper: `[4, H, W]`, all 0..1.
///
/// Tone, where a screen needs it, is the lightness of `colour`: a plane of its own would carry nothing new.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layers {
    /// Flat colour, as RGB.
    pub colour: [Plane; 3],
    /// Ink coverage of lines and solid blacks: 0 = none, 1 = black.
    pub ink: Plane,
}

impl Layers {
    /// Changes the size of every plane.
    pub fn resize(&mut self, width: usize, height: usize) {
        self.planes_mut().into_iter().for_each(|plane| plane.resize(width, height));
    }

    /// Red, green, blue, ink.
    pub fn planes(&self) -> [&Plane; 4] {
        let [r, g, b] = &self.colour;
        [r, g, b, &self.ink]
    }

    /// Red, green, blue, ink.
    pub fn planes_mut(&mut self) -> [&mut Plane; 4] {
        let [r, g, b] = &mut self.colour;
        [r, g, b, &mut self.ink]
    }
}
