use std::time::Instant;

use crate::Report;

/// Measures stages one after another.
pub(crate) struct Clock {
    /// The times so far.
    pub report: Report,
    last: Instant,
}

impl Clock {
    /// Begins with the first stage.
    pub fn start() -> Self {
        Clock { report: Report::default(), last: Instant::now() }
    }

    /// Ends the stage of this index.
    pub fn stage(&mut self, index: usize) {
        let now = Instant::now();
        self.report.stages[index] = now - self.last;
        self.last = now;
    }
}
