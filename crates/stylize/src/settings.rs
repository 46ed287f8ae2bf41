/// What may change from frame to frame. A copy is taken at the start of a frame and holds for all of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Style by name; empty means the model's default.
    pub style: String,
    /// 0 gives the source, 1 the full style.
    pub strength: f32,
    /// 0 draws every frame anew, 1 keeps as much of the previous frame as motion allows.
    pub steadiness: f32,
    /// Weight of lines and blacks: 0 leaves them out, 1 is as the style draws them, up to 2.
    pub ink: f32,
    /// Period of printed dots in output pixels; 0 chooses it by the picture's size.
    pub screen_size_px: f32,
    /// Whether the source is shown beside the result.
    pub compare: Compare,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            style: String::new(),
            strength: 1.0,
            steadiness: 0.7,
            ink: 1.0,
            screen_size_px: 0.0,
            compare: Compare::None,
        }
    }
}

/// How the source is shown beside the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compare {
    /// Result only.
    #[default]
    None,
    /// Left half source, right half result, a line between them.
    Split,
    /// Source and result next to each other: the output is twice as wide as the input.
    SideBySide,
}

impl Compare {
    /// Width of the output for an input `width` pixels wide.
    pub fn output_width(self, width: usize) -> usize {
        if self == Compare::SideBySide { 2 * width } else { width }
    }
}
