use inkcast_frame::Plane;
use inkcast_kernels::{Level, UnknownLevel};
use inkcast_motion::{Motion, MotionEstimator};

use super::measures::Flow;

/// Estimates the source's motion in both directions.
#[derive(Debug)]
pub struct TwoWayFlow {
    /// One estimator for each direction, as they may keep what they know of a frame.
    estimators: [MotionEstimator; 2],
    lumas: [Plane; 2],
    forward: Motion,
    backward: Motion,
}

impl TwoWayFlow {
    /// What the flow is, for people who read a figure that depends on it.
    pub const DESCRIPTION: &str = "inkcast-motion (dense inverse search after Kroeger et al., ECCV 2016, refined after Brox et al., ECCV 2004), both ways";

    /// Estimators with the kernels that this processor has and `INKCAST_CPU_LEVEL` allows.
    pub fn new() -> Result<Self, UnknownLevel> {
        let level = Level::choose()?;
        Ok(TwoWayFlow {
            estimators: [MotionEstimator::new(level), MotionEstimator::new(level)],
            lumas: Default::default(),
            forward: Motion::default(),
            backward: Motion::default(),
        })
    }

    /// The ways from `previous` to `current` and from `current` to `previous`; `None` if the estimator sees no motion
    /// between the two but a new scene.
    pub fn estimate(&mut self, previous: &Plane<u8>, current: &Plane<u8>) -> Option<(&Flow, &Flow)> {
        let [earlier, later] = &mut self.lumas;
        unit(previous, earlier);
        unit(current, later);
        let [forwards, backwards] = &mut self.estimators;
        // An estimator leads from its second frame to its first.
        forwards.estimate(later, earlier, &mut self.forward);
        backwards.estimate(earlier, later, &mut self.backward);
        let is_there = !self.forward.scene_cut && !self.backward.scene_cut;
        is_there.then_some((&self.forward.flow, &self.backward.flow))
    }
}

/// Grey levels as numbers from 0 to 1.
fn unit(luma: &Plane<u8>, unit: &mut Plane) {
    unit.resize(luma.width(), luma.height());
    unit.data_mut().iter_mut().zip(luma.data()).for_each(|(unit, luma)| *unit = f32::from(*luma) / 255.0);
}

#[cfg(test)]
mod tests {
    use inkcast_kit::motion::{Motion, Scene};

    use super::*;

    #[test]
    fn both_ways_are_found() {
        let scene = Scene::new(3, Motion::Shift(3.0, -1.0), 160, 120);
        let grey = |index| {
            let frame = scene.frame(index);
            Plane::from_fn(160, 120, |x, y| (255.0 * frame.at(x, y)).round() as u8)
        };
        let mut flow = TwoWayFlow::new().unwrap();
        let (forward, backward) = flow.estimate(&grey(0), &grey(1)).unwrap();
        let ([fx, fy], [bx, by]) = (forward.at(80, 60), backward.at(80, 60));
        assert!((bx - 3.0).abs() < 0.2 && (by + 1.0).abs() < 0.2, "{bx} {by}");
        assert!((fx + 3.0).abs() < 0.2 && (fy - 1.0).abs() < 0.2, "{fx} {fy}");
    }
}
