use std::time::{Duration, Instant};

use inkcast_frame::{Format, FrameInfo, OwnedFrame};
use inkcast_generator::Package;
use inkcast_stylize::{Compute, STAGES, Settings, StylizeError, Stylizer};
use serde::Serialize;

use super::memory;
use crate::failure::Failure;

/// Frames before the first one that is timed: buffers are made, the history fills, the processor wakes up.
pub const WARM_UP: u32 = 3;

/// How long frames of one size took.
#[derive(Debug, Clone, Serialize)]
pub struct Timing {
    /// Frames that were timed.
    pub frames: u32,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Median time of a whole frame.
    pub total_ms: f64,
    /// Time that nine of ten frames keep within.
    pub p90_ms: f64,
    /// Frames a second at the median.
    pub fps: f64,
    /// Median time of each stage. Their sum is not exactly the median of the whole.
    pub stages: Vec<Stage>,
    /// The most memory in use, in MiB, where the system tells.
    pub peak_mib: Option<f64>,
}

/// One stage of the frame path.
#[derive(Debug, Clone, Serialize)]
pub struct Stage {
    /// Its name, one of [`STAGES`].
    pub name: &'static str,
    /// Its median time.
    pub ms: f64,
}

/// Runs at most `frames` frames of `size`, after those to warm up, through a stylizer of their own. `next` fills a frame and
/// says whether there was one. The second value says where they were processed.
pub fn measure(
    package: &Package,
    compute: Compute,
    settings: &Settings,
    format: Format,
    size: (usize, usize),
    frames: u32,
    mut next: impl FnMut(&mut OwnedFrame) -> anyhow::Result<bool>,
) -> anyhow::Result<(Timing, String)> {
    let failed = |error: StylizeError| Failure::Model(error.to_string());
    memory::forget_peak();
    let (width, height) = size;
    let mut stylizer = Stylizer::new(package.clone(), compute).map_err(failed)?;
    let mut input = OwnedFrame::new(FrameInfo::new(format, width, height)?);
    let mut output = OwnedFrame::new(FrameInfo::new(format, settings.compare.output_width(width), height)?);
    let mut totals = Vec::new();
    let mut stages = STAGES.map(|_| Vec::new());
    for index in 0..WARM_UP + frames {
        if !next(&mut input)? {
            break;
        }
        let began = Instant::now();
        let report = stylizer.process(&input.view(), &mut output.view_mut(), settings).map_err(failed)?;
        if index >= WARM_UP {
            totals.push(began.elapsed());
            stages.iter_mut().zip(report.stages).for_each(|(times, time)| times.push(time));
        }
    }
    if totals.is_empty() {
        let text = format!("there are no frames left to time after {WARM_UP} to warm up; give a longer clip");
        return Err(Failure::Input(text).into());
    }
    let total_ms = quantile(&mut totals, 0.5);
    let stages = STAGES.iter().zip(&mut stages).map(|(name, times)| Stage { name, ms: quantile(times, 0.5) });
    let timing = Timing {
        frames: totals.len() as u32,
        width,
        height,
        total_ms,
        p90_ms: quantile(&mut totals, 0.9),
        fps: 1000.0 / total_ms,
        stages: stages.collect(),
        peak_mib: memory::peak_mib(),
    };
    Ok((timing, stylizer.device()))
}

/// The time, in milliseconds, that this share of `times` does not exceed.
fn quantile(times: &mut [Duration], share: f64) -> f64 {
    times.sort();
    let rank = (share * times.len() as f64).ceil() as usize;
    times[rank.clamp(1, times.len()) - 1].as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let mut times: Vec<Duration> = [5, 1, 4, 2, 3].map(Duration::from_millis).to_vec();
        assert_eq!(quantile(&mut times, 0.5), 3.0);
        assert_eq!(quantile(&mut times, 0.9), 5.0);
        assert_eq!(quantile(&mut [Duration::from_millis(7)], 0.5), 7.0);
        let mut ten: Vec<Duration> = (1..=10).rev().map(Duration::from_millis).collect();
        assert_eq!((quantile(&mut ten, 0.5), quantile(&mut ten, 0.9)), (5.0, 9.0));
    }
}
