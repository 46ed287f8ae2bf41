/// Which luma weights turn RGB into Y'CbCr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Matrix {
    /// ITU-R BT.601, standard definition.
    Bt601,
    /// ITU-R BT.709, high definition.
    Bt709,
    /// ITU-R BT.2020 with non-constant luminance, ultra high definition.
    Bt2020,
}

impl Matrix {
    /// Luma weights `(Kr, Kb)` of red and blue; green has the rest, `1 - Kr - Kb`.
    pub fn luma_weights(self) -> (f32, f32) {
        match self {
            Matrix::Bt601 => (0.299, 0.114),
            Matrix::Bt709 => (0.2126, 0.0722),
            Matrix::Bt2020 => (0.2627, 0.0593),
        }
    }

    /// What a Y'CbCr stream that does not say its matrix most likely uses, by its height in pixels.
    pub fn guess(height: usize) -> Self {
        if height > 576 { Matrix::Bt709 } else { Matrix::Bt601 }
    }
}

/// Which code values stand for black and white.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Range {
    /// 0..255, as computers and JPEG use it.
    Full,
    /// 16..235 for luma and RGB, 16..240 for chroma, as television uses it.
    Limited,
}

/// What the code values of a frame mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Colorimetry {
    /// Matrix of Y'CbCr formats; for RGB formats it only weighs the luma that motion is estimated on.
    pub matrix: Matrix,
    /// Range of the code values.
    pub range: Range,
}

impl Colorimetry {
    /// BT.709 in full range: what RGB formats have unless they say otherwise.
    pub const SRGB: Colorimetry = Colorimetry { matrix: Matrix::Bt709, range: Range::Full };
}
