use crate::Level;

/// Ways to compute an operation: the levels of the processor, and the body of the CUDA kernel compiled for the host.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Variant {
    Level(Level),
    Device,
}

impl Variant {
    /// Every variant to be checked: name, whether it can run here, and the variant.
    pub fn all() -> Vec<(&'static str, bool, Variant)> {
        let levels = Level::variants().map(|(name, available, level)| (name, available, Variant::Level(level)));
        levels.into_iter().chain([("device", true, Variant::Device)]).collect()
    }
}
