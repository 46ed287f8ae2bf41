//! What a run says of itself: a bar on a terminal, lines elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::training::Scalars;

/// Reports how far a run is.
pub struct Progress {
    /// On a terminal only.
    bar: Option<ProgressBar>,
    begun_at: u64,
    end: u64,
    began: Instant,
    pictures_per_step: f64,
    /// Steps since the last report and the time they took, without measurements.
    steps: u32,
    spent: Duration,
}

impl Progress {
    /// A run that goes on from step `begun_at` to step `end`.
    pub fn new(begun_at: u64, end: u64, pictures_per_step: f64) -> Self {
        let bar = std::io::stdout().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {msg}");
            let bar = ProgressBar::new(end).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.with_position(begun_at)
        });
        Progress { bar, begun_at, end, began: Instant::now(), pictures_per_step, steps: 0, spent: Duration::ZERO }
    }

    /// Counts a step that took so long.
    pub fn step(&mut self, spent: Duration) {
        self.steps += 1;
        self.spent += spent;
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    /// Tells the means since the last report, the speed of the steps and the time left, measurements included.
    pub fn report(&mut self, step: u64, means: &Scalars) {
        let speed = self.pictures_per_step * f64::from(self.steps) / self.spent.as_secs_f64().max(1e-9);
        let left = self.began.elapsed().as_secs_f64() / (step - self.begun_at) as f64 * (self.end - step) as f64;
        let line = format!("{}, {speed:.1} pictures/s, {} left", short(means), clock(left as u64));
        match &self.bar {
            Some(bar) => bar.set_message(line),
            None => println!("step {step}: {line}"),
        }
        (self.steps, self.spent) = (0, Duration::ZERO);
    }

    /// Writes a line that stays.
    pub fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| println!("{line}")),
            None => println!("{line}"),
        }
    }
}

/// Those without a slash in their names, in one line.
pub fn short(scalars: &Scalars) -> String {
    let shown = scalars.iter().filter(|(name, _)| !name.contains('/'));
    shown.map(|(name, value)| format!("{name} {}", figure(*value))).collect::<Vec<_>>().join(", ")
}

/// About four digits, very small and very large numbers with an exponent.
pub fn figure(value: f32) -> String {
    match value.abs() {
        0.0 => "0".to_string(),
        1e-3..100.0 => format!("{value:.4}"),
        100.0..1e5 => format!("{value:.1}"),
        _ => format!("{value:.2e}"),
    }
}

fn clock(seconds: u64) -> String {
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Sums scalars up over steps.
#[derive(Default)]
pub struct Means {
    sums: Vec<(String, f64)>,
    count: u32,
}

impl Means {
    /// Adds those of one step; the names are the same every time.
    pub fn add(&mut self, scalars: &Scalars) {
        if self.sums.is_empty() {
            self.sums = scalars.iter().map(|(name, _)| (name.clone(), 0.0)).collect();
        }
        self.sums.iter_mut().zip(scalars).for_each(|((_, sum), (_, value))| *sum += f64::from(*value));
        self.count += 1;
    }

    /// The means since the last call.
    pub fn take(&mut self) -> Scalars {
        let Means { sums, count } = std::mem::take(self);
        sums.into_iter().map(|(name, sum)| (name, (sum / f64::from(count)) as f32)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_start_again_when_they_are_taken() {
        let mut means = Means::default();
        for value in [1.0, 2.0, 6.0] {
            means.add(&vec![("a".to_string(), value), ("b/c".to_string(), 2.0 * value)]);
        }
        assert_eq!(means.take(), [("a".to_string(), 3.0), ("b/c".to_string(), 6.0)]);
        means.add(&vec![("a".to_string(), 5.0)]);
        assert_eq!(means.take(), [("a".to_string(), 5.0)]);
    }

    #[test]
    fn lines_are_short() {
        let scalars = vec![("loss".to_string(), 0.123_456), ("ink/edges".to_string(), 1.0), ("rate".to_string(), 2e-5)];
        assert_eq!(short(&scalars), "loss 0.1235, rate 2.00e-5");
        assert_eq!([0.0, 1234.5, 1e7].map(figure), ["0", "1234.5", "1.00e7"]);
        assert_eq!(clock(3725), "1:02:05");
    }
}
