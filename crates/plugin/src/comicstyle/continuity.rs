//! Whether a frame follows the one before it.

use gst::ClockTime;
use gstreamer as gst;

/// The longest gap across which motion is still followed.
const LONGEST_GAP: ClockTime = ClockTime::from_mseconds(500);

/// Tells frames that were dropped on the way, after which the picture can still be followed, from a break.
#[derive(Debug, Default)]
pub struct Continuity {
    due: Option<ClockTime>,
}

impl Continuity {
    /// Takes note of a frame and tells whether the picture breaks off before it.
    ///
    /// Frames may be missing without a word, which is no break. A frame marked DISCONT is one, unless its time stamp
    /// shows that some frames were dropped: leaky queues mark every frame after a drop, and a style that began anew
    /// with each of them would flicker on a slow machine.
    pub fn breaks(&mut self, pts: Option<ClockTime>, duration: Option<ClockTime>, discont: bool) -> bool {
        let dropped = match (self.due, pts, duration) {
            (Some(due), Some(pts), Some(duration)) => {
                let gap = pts.saturating_sub(due);
                gap >= duration / 2 && !gap.is_zero() && gap <= LONGEST_GAP
            }
            _ => false,
        };
        self.due = pts.zip(duration).map(|(pts, duration)| pts + duration);
        discont && !dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_mark_that_dropped_frames_do_not_explain_is_a_break() {
        let ms = |ms| Some(ClockTime::from_mseconds(ms));
        // After a frame at 100 ms that lasts 40 ms.
        for (pts, duration, discont, breaks, why) in [
            (ms(140), ms(40), false, false, "the next frame"),
            (ms(900), ms(40), false, false, "a long gap, but nobody says that something broke"),
            (ms(140), ms(40), true, true, "marked, and no frame is missing"),
            (ms(145), ms(40), true, true, "marked, and rounding is no missing frame"),
            (ms(180), ms(40), true, false, "one frame was dropped"),
            (ms(640), ms(40), true, false, "many frames were dropped"),
            (ms(680), ms(40), true, true, "too many frames were dropped"),
            (ms(20), ms(40), true, true, "time goes back"),
            (None, ms(40), true, true, "no time stamp"),
            (ms(180), None, true, true, "no duration"),
        ] {
            let mut continuity = Continuity::default();
            assert!(continuity.breaks(ms(100), ms(40), true), "the first frame follows nothing");
            assert_eq!(continuity.breaks(pts, duration, discont), breaks, "{why}");
        }
    }
}
