//! Reports on what was drawn, as element messages on the bus.

use std::time::Duration;

use gst::ClockTime;
use gstreamer as gst;
use inkcast_stylize::Report;

/// Name of the message's structure.
pub const NAME: &str = "comicstyle-report";

/// Adds up what happened to frames until a report is due.
#[derive(Debug, Default)]
pub struct Reports {
    /// Time of the first frame that the next report covers.
    since: Option<ClockTime>,
    frames: u32,
    repeated: u32,
    scene_cuts: u32,
    carried: f64,
    /// Sum of flicker, and over how many frames.
    flicker: (f64, u32),
    busy: Duration,
}

impl Reports {
    /// Counts a frame and returns a report if `interval_ms` have passed since the last one; zero asks for none.
    ///
    /// Fields: `frames`, `repeated` and `scene-cuts` (uint), `timestamp` (uint64, time of the first frame), `flicker`
    /// (double, mean change in grey levels of 255 of pixels whose motion is known beyond doubt; missing where there were
    /// none), `carried` (double, mean weight of the previous frame, 0..1), `frame-ms` (double, mean time spent on a frame
    /// in milliseconds).
    pub fn count(&mut self, report: &Report, pts: Option<ClockTime>, interval_ms: u32) -> Option<gst::Structure> {
        if interval_ms == 0 {
            *self = Reports::default();
            return None;
        }
        let interval = ClockTime::from_mseconds(interval_ms.into());
        // Time that goes back begins anew.
        let start = self.since.filter(|&since| pts.is_none_or(|pts| pts >= since));
        let due =
            start.zip(pts).filter(|&(since, pts)| pts - since >= interval).map(|(since, _)| self.structure(since));
        if due.is_some() || start.is_none() {
            *self = Reports { since: pts, ..Reports::default() };
        }
        self.frames += 1;
        self.repeated += u32::from(report.repeated);
        self.scene_cuts += u32::from(report.scene_cut);
        self.carried += f64::from(report.carried);
        if let Some(flicker) = report.flicker {
            self.flicker = (self.flicker.0 + f64::from(flicker), self.flicker.1 + 1);
        }
        self.busy += report.stages.iter().sum::<Duration>();
        due
    }

    fn structure(&self, since: ClockTime) -> gst::Structure {
        let frames = f64::from(self.frames.max(1));
        let (flicker, flickering) = self.flicker;
        gst::Structure::builder(NAME)
            .field("timestamp", since.nseconds())
            .field("frames", self.frames)
            .field("repeated", self.repeated)
            .field("scene-cuts", self.scene_cuts)
            .field("carried", self.carried / frames)
            .field("frame-ms", self.busy.as_secs_f64() * 1000.0 / frames)
            .field_if("flicker", flicker / f64::from(flickering.max(1)), flickering > 0)
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_covers_its_interval() {
        gst::init().unwrap();
        let mut reports = Reports::default();
        let frame = |index: u64| Report {
            scene_cut: index == 3,
            carried: 0.5,
            flicker: (index > 0).then_some(index as f32),
            ..Report::default()
        };
        let mut count = |index: u64| reports.count(&frame(index), Some(ClockTime::from_mseconds(40 * index)), 200);
        let due: Vec<Option<gst::Structure>> = (0..11).map(&mut count).collect();
        let when: Vec<usize> = (0..11).filter(|&index| due[index].is_some()).collect();
        assert_eq!(when, [5, 10]);
        let first = due[5].as_ref().unwrap();
        assert_eq!(first.get::<u32>("frames"), Ok(5));
        assert_eq!(first.get::<u32>("scene-cuts"), Ok(1));
        assert_eq!(first.get::<f64>("carried"), Ok(0.5));
        assert_eq!(first.get::<f64>("flicker"), Ok(2.5), "the mean of 1 to 4");
        assert_eq!(due[10].as_ref().unwrap().get::<u64>("timestamp"), Ok(200_000_000));
        // Switched off, and time that went back.
        assert!(reports.count(&frame(1), Some(ClockTime::from_seconds(9)), 0).is_none());
        assert!(reports.count(&frame(1), Some(ClockTime::from_seconds(20)), 200).is_none());
        assert!(reports.count(&frame(1), Some(ClockTime::from_seconds(2)), 200).is_none());
    }
}
