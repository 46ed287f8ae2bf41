//! Whether a training still converges.

use std::collections::VecDeque;

use anyhow::{Result, ensure};

use crate::table::Rows;
use crate::training::Scalars;

/// Losses that the running median is taken over.
const WINDOW: usize = 200;
/// Losses before the median says anything.
const FIRST: usize = 20;
/// Steps in a row that a loss may stay far above its median.
const PATIENCE: u64 = 20;

/// Watches the total losses of a run, the first scalar and the first that begins with "d-".
pub struct Watch {
    /// How many times its median a loss may reach; 0 switches this off.
    factor: f32,
    curves: Vec<Curve>,
}

#[derive(Default)]
struct Curve {
    /// Magnitudes of the latest losses, without those that are far too high.
    recent: VecDeque<f32>,
    /// Steps in a row that it has been far too high.
    high: u64,
}

impl Watch {
    /// With `fit.divergence` of the configuration.
    pub fn new(factor: f32) -> Self {
        Watch { factor, curves: vec![Curve::default(), Curve::default()] }
    }

    /// Takes in the steps of a run that is resumed, as its table has them: from then on it watches as if the run had gone on.
    pub fn recall(&mut self, rows: &Rows) {
        for (_, values) in &rows.rows {
            let scalars = rows.columns.iter().cloned().zip(values.iter().copied()).collect();
            // The run went on after these.
            drop(self.check(&scalars));
        }
    }

    /// Takes in the scalars of one more step. A number that is not finite, and a total loss that has long been far
    /// above its median, are errors.
    pub fn check(&mut self, scalars: &Scalars) -> Result<()> {
        for (name, value) in scalars {
            ensure!(value.is_finite(), "{name} is {value}");
        }
        let totals = [scalars.first(), scalars.iter().find(|(name, _)| name.starts_with("d-"))];
        for (curve, total) in self.curves.iter_mut().zip(totals) {
            let Some((name, value)) = total else { continue };
            let median = curve.median();
            curve.take_in(value.abs(), median, self.factor);
            ensure!(
                curve.high < PATIENCE,
                "{name} is {value} and has been more than {} times its median of {median} for {PATIENCE} steps",
                self.factor
            );
        }
        Ok(())
    }

    /// Whether no loss is far too high now, so that a checkpoint is worth keeping.
    pub fn is_calm(&self) -> bool {
        self.curves.iter().all(|curve| curve.high == 0)
    }
}

impl Curve {
    fn take_in(&mut self, magnitude: f32, median: f32, factor: f32) {
        if factor > 0.0 && self.recent.len() >= FIRST && magnitude > factor * median {
            self.high += 1;
            return;
        }
        self.high = 0;
        self.recent.push_back(magnitude);
        if self.recent.len() > WINDOW {
            self.recent.pop_front();
        }
    }

    fn median(&self) -> f32 {
        let mut sorted: Vec<f32> = self.recent.iter().copied().collect();
        sorted.sort_by(f32::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn losses(generator: f32, discriminator: f32) -> Scalars {
        let losses = [("loss", generator), ("part", 1e9), ("d-loss", discriminator), ("d-part", 1e9)];
        losses.map(|(name, value)| (name.to_string(), value)).to_vec()
    }

    /// Steps until the watch stops a run whose losses are `normal` for `steps` steps and `then` from there on.
    fn steps_until_stopped(factor: f32, normal: Scalars, steps: u64, then: Scalars) -> Option<(u64, String)> {
        let mut watch = Watch::new(factor);
        for number in 0..steps + 300 {
            if let Err(error) = watch.check(if number < steps { &normal } else { &then }) {
                return Some((number + 1 - steps, error.to_string()));
            }
            assert_eq!(watch.is_calm(), number < steps || factor == 0.0 || steps < FIRST as u64);
        }
        None
    }

    #[test]
    fn a_loss_that_stays_far_above_its_median_stops_the_run() {
        let (steps, error) = steps_until_stopped(10.0, losses(0.5, 2.0), 40, losses(5.5, 2.0)).unwrap();
        assert_eq!(steps, PATIENCE);
        assert!(error.starts_with("loss is 5.5") && error.contains("10 times its median of 0.5"), "{error}");
        let (_, error) = steps_until_stopped(10.0, losses(-0.5, 2.0), 40, losses(-0.5, -20.5)).unwrap();
        assert!(error.starts_with("d-loss is -20.5"), "{error}");
        assert_eq!(steps_until_stopped(0.0, losses(0.5, 2.0), 40, losses(500.0, 2.0)), None);
        // Too early to know what is normal.
        assert_eq!(steps_until_stopped(10.0, losses(0.5, 2.0), 5, losses(500.0, 2.0)), None);
    }

    #[test]
    fn single_outliers_are_forgiven() {
        let mut watch = Watch::new(10.0);
        for number in 0..1000 {
            watch.check(&losses(if number % 20 == 19 { 1e6 } else { 1.0 }, 1.0)).unwrap();
        }
    }

    #[test]
    fn a_resumed_run_is_watched_as_if_it_had_gone_on() {
        let steps: Vec<Scalars> = (0..60).map(|number| losses(if number < 45 { 1.0 } else { 50.0 }, 2.0)).collect();
        let columns = steps[0].iter().map(|(name, _)| name.clone()).collect();
        let row = |(step, scalars): (usize, &Scalars)| (step as u64, scalars.iter().map(|(_, value)| *value).collect());
        let rows = Rows { columns, rows: steps.iter().enumerate().map(row).collect() };
        let mut resumed = Watch::new(10.0);
        resumed.recall(&rows);
        assert!(!resumed.is_calm());
        // 15 high ones are behind it.
        let more = (1..).find(|_| resumed.check(&losses(50.0, 2.0)).is_err()).unwrap();
        assert_eq!(more, PATIENCE - 15);
    }

    #[test]
    fn what_is_not_finite_is_named() {
        let error = Watch::new(0.0).check(&vec![("loss".to_string(), 1.0), ("ink/edges".to_string(), f32::NAN)]);
        assert!(error.unwrap_err().to_string().contains("ink/edges is NaN"));
    }
}
