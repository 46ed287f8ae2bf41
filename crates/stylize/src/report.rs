use std::time::Duration;

/// Names of the stages in the order they run.
pub const STAGES: [&str; 7] = ["ingest", "motion", "carry", "generate", "compose", "print", "emit"];

/// What happened to one frame.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Report {
    /// The picture has nothing to do with the previous one, so the history was dropped.
    pub scene_cut: bool,
    /// The frame is the previous one again, bit for bit: the previous result was given once more.
    pub repeated: bool,
    /// Mean weight that the previous frame was given, 0..1.
    pub carried: f32,
    /// Mean change, in grey levels of 255, of pixels whose motion is known beyond doubt: how much the result still
    /// flickers. `None` without a previous frame or without such pixels.
    pub flicker: Option<f32>,
    /// The size at which the network ran, in pixels; zero where it did not run.
    pub working_size: (usize, usize),
    /// Time spent in each of [`STAGES`].
    pub stages: [Duration; STAGES.len()],
}
