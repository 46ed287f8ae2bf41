use std::str::FromStr;

use gstreamer as gst;

/// A point or a length in time, as users write it: `90`, `1:30`, `0:01:30.500`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub gst::ClockTime);

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a time is written as seconds (12.5), M:SS (1:30) or H:MM:SS.mmm (0:01:30.250)".to_string();
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let parts: Vec<&str> = whole.split(':').collect();
        if parts.len() > 3 || parts.iter().any(|part| part.is_empty() || !is_number(part)) {
            return Err(wrong());
        }
        if !is_number(fraction) || fraction.len() > 9 || text.ends_with('.') {
            return Err(wrong());
        }
        let mut seconds = 0u64;
        for (index, part) in parts.iter().enumerate() {
            let value: u64 = part.parse().map_err(|_| wrong())?;
            // 1:75 is a slip, 75 alone is not.
            if index > 0 && value > 59 {
                return Err(wrong());
            }
            seconds = seconds.checked_mul(60).and_then(|seconds| seconds.checked_add(value)).ok_or_else(wrong)?;
        }
        let nanoseconds: u64 = format!("{fraction:0<9}").parse().map_err(|_| wrong())?;
        let total = seconds.checked_mul(1_000_000_000).and_then(|whole| whole.checked_add(nanoseconds));
        // GStreamer counts in signed numbers in places.
        total
            .filter(|&total| total < i64::MAX as u64)
            .map(|total| Time(gst::ClockTime::from_nseconds(total)))
            .ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, milliseconds) in [
            ("0", 0),
            ("12", 12_000),
            ("12.5", 12_500),
            ("1:30", 90_000),
            ("1:02:03.004", 3_723_004),
            ("100", 100_000),
            ("0:00:00.250", 250),
        ] {
            assert_eq!(text.parse::<Time>(), Ok(Time(gst::ClockTime::from_mseconds(milliseconds))), "{text}");
        }
        for text in ["", "-1", "1:75", "1:2:3:4", "a", "1.", ".5", "1:", "1.2.3", "+3", "99999999999999999999"] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
    }
}
