use std::time::Duration;

use crate::WorkingSize;

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
    /// Whether styles that have dots print them.
    pub screen: Screen,
    /// What printed dots are fixed to.
    pub screen_anchor: ScreenAnchor,
    /// The size at which the network runs.
    pub working_size: WorkingSize,
    /// The time that a frame may take: what [`WorkingSize::Auto`] aims at. `None` leaves it at the full size.
    pub frame_budget: Option<Duration>,
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
            screen: Screen::Style,
            screen_anchor: ScreenAnchor::Page,
            working_size: WorkingSize::Full,
            frame_budget: None,
            compare: Compare::None,
        }
    }
}

/// Whether dots are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Screen {
    /// As the style has them.
    #[default]
    Style,
    /// Never: every style in flat colour, which small bit rates and large displays take better.
    None,
}

/// What printed dots are fixed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ScreenAnchor {
    /// The page: dots stand still while the picture moves under them, as on paper.
    #[default]
    Page,
    /// The scene: dots follow the camera.
    Scene,
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
