//! Chooses the working size that leaves frames done in time.

use std::time::Duration;

/// Shares of the picture's sides, from which automatic choice takes one.
const SHARES: [f32; 5] = [1.0, 0.75, 0.6, 0.5, 0.375];
/// Share of a frame's time above which a smaller size is taken: the rest is for whatever else the machine does.
const BUSY: f32 = 0.8;
/// A larger size is taken if it would need less than this share, by the pixels that it has more.
const IDLE: f32 = 0.6;
/// Frames over which the time is averaged, and after a change the least number before the next.
const WINDOW: f32 = 12.0;

/// The state of automatic choice. It knows time only from its arguments.
#[derive(Debug, Clone)]
pub(crate) struct Pacing {
    /// Index of the share in use.
    step: usize,
    /// Mean time of recent frames, in seconds.
    mean: f32,
    /// Frames since the last change.
    frames: f32,
}

impl Default for Pacing {
    fn default() -> Self {
        Pacing { step: 0, mean: 0.0, frames: 0.0 }
    }
}

impl Pacing {
    /// The share of the picture's sides to work at.
    pub fn share(&self) -> f32 {
        SHARES[self.step]
    }

    /// Takes note that a frame took `took` where `budget` was there.
    pub fn note(&mut self, took: Duration, budget: Duration) {
        self.frames += 1.0;
        self.mean += (took.as_secs_f32() - self.mean) / self.frames.min(WINDOW);
        // The first frame of a size allocates; one frame is no reason.
        let settled = self.frames >= WINDOW;
        let used = self.mean / budget.as_secs_f32().max(1e-6);
        if used > BUSY && settled && self.step + 1 < SHARES.len() {
            self.change(self.step + 1);
        } else if settled && self.step > 0 {
            let growth = (SHARES[self.step - 1] / SHARES[self.step]).powi(2);
            if used * growth < IDLE {
                self.change(self.step - 1);
            }
        }
    }

    fn change(&mut self, step: usize) {
        *self = Pacing { step, mean: 0.0, frames: 0.0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs frames whose time is `fixed` plus `full` scaled by the pixels worked on, and returns the last shares.
    fn run(fixed: f32, full: f32, frames: usize) -> Vec<f32> {
        let mut pacing = Pacing::default();
        let budget = Duration::from_millis(40);
        let shares = (0..frames).map(|_| {
            let took = fixed + full * pacing.share().powi(2);
            pacing.note(Duration::from_secs_f32(took / 1000.0), budget);
            pacing.share()
        });
        shares.collect()
    }

    #[test]
    fn a_fast_machine_works_at_full_size() {
        assert!(run(5.0, 20.0, 200).iter().all(|&share| share == 1.0));
    }

    #[test]
    fn a_slow_one_settles_at_a_size_that_is_in_time_and_stays_there() {
        for full in [40.0, 60.0, 90.0, 150.0] {
            let shares = run(8.0, full, 400);
            let last = *shares.last().unwrap();
            assert!(last < 1.0, "{full} ms at full size");
            assert!(8.0 + full * last * last <= 0.8 * 40.0 || last == SHARES[4], "{full} ms: {last}");
            assert!(shares[200..].iter().all(|&share| share == last), "{full} ms: it goes to and fro");
        }
    }

    #[test]
    fn one_slow_frame_changes_nothing() {
        let mut pacing = Pacing::default();
        for index in 0..100 {
            let took = if index == 50 { 120 } else { 10 };
            pacing.note(Duration::from_millis(took), Duration::from_millis(40));
            assert_eq!(pacing.share(), 1.0);
        }
    }

    #[test]
    fn with_time_to_spare_it_grows_again() {
        let mut pacing = Pacing::default();
        let mut run = |milliseconds| {
            (0..60).for_each(|_| pacing.note(Duration::from_millis(milliseconds), Duration::from_millis(40)));
            pacing.share()
        };
        assert!(run(60) < 0.6);
        assert_eq!(run(5), 1.0);
    }
}
