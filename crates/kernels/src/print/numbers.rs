//! What the device needs to know of a page, as the structures of `body.cuh` have it.

use inkcast_frame::Plane;

use super::{Beside, FROM_UNIT, Press, Print, rounded};

/// How colour is printed: `Press`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C)]
pub(crate) struct PressNumbers {
    pub kind: i32,
    pub paper: [f32; 3],
    pub contrast: f32,
}

impl PressNumbers {
    pub fn new(press: &Press) -> Self {
        let (kind, paper) = match press.print {
            Print::Flat => (0, [0.0; 3]),
            Print::Process { paper, .. } => (1, paper),
            Print::Tone { paper, .. } => (2, paper),
        };
        PressNumbers { kind, paper, contrast: press.screens.first().map_or(0.0, |screen| screen.contrast) }
    }
}

impl Press {
    /// The screens' columns as the device reads them: a row for each screen, at least one row.
    pub(super) fn columns(&self) -> Plane<[f32; 4]> {
        let screens = &self.screens;
        Plane::from_fn(self.width, screens.len().max(1), |x, row| screens.get(row).map_or([0.0; 4], |s| s.column(x)))
    }

    /// The screens' steps: to the right, then down, for both angles.
    pub(super) fn steps(&self) -> Vec<[f32; 4]> {
        self.screens.iter().map(|screen| screen.steps()).collect()
    }
}

/// What of a page may change from frame to frame: `PageHow`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C)]
pub struct PageHow {
    pub(super) ink: f32,
    pub(super) strength: i32,
    pub(super) as_drawn: i32,
    pub(super) beside: i32,
    pub(super) divider: i32,
}

impl PageHow {
    /// Weights of ink (0..2) and of the print against the source (0..1), and what is shown of the source.
    pub fn new(ink: f32, strength: f32, beside: Beside) -> Self {
        let (beside, divider) = match beside {
            Beside::Nothing => (0, 0),
            Beside::Split { divider } => (1, divider as i32),
            Beside::Source => (2, 0),
        };
        let as_drawn = (strength >= 1.0 && ink == 1.0).into();
        PageHow { ink, strength: rounded(strength * FROM_UNIT).into(), as_drawn, beside, divider }
    }
}
