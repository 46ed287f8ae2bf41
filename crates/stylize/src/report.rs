use std::time::Duration;

/// What happened to one frame.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// The picture has nothing to do with the previous one, so the history was dropped.
    pub scene_cut: bool,
    /// Mean weight that the previous frame was given, 0..1.
    pub carried: f32,
    /// Time of each stage in the order they ran.
    pub stages: Vec<(&'static str, Duration)>,
}
