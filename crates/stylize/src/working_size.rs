use std::fmt;
use std::str::FromStr;

use crate::StylizeError;

/// The size at which the network runs: `full`, `auto` or `WxH`, as users write it.
///
/// Below the size of the picture its layers are brought up again guided by the picture, lines as sharp as at full size.
/// Fine detail is lost, time is won.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum WorkingSize {
    /// That of the picture.
    #[default]
    Full,
    /// As large as leaves frames done in time, which depends on the machine: for live streams.
    Auto,
    /// The largest that fits into so many pixels, shape kept; never larger than the picture.
    Within {
        /// Most pixels across.
        width: usize,
        /// Most pixels down.
        height: usize,
    },
}

impl WorkingSize {
    /// The size for pictures of `full` size, `share` being what automatic choice has come to.
    pub(crate) fn of(self, full: (usize, usize), share: f32) -> (usize, usize) {
        let scale = match self {
            WorkingSize::Full => 1.0,
            WorkingSize::Auto => share,
            WorkingSize::Within { width, height } => {
                (width as f32 / full.0 as f32).min(height as f32 / full.1 as f32).min(1.0)
            }
        };
        // A side shorter than this tells the network nothing.
        const SHORTEST: usize = 16;
        let side = |length: usize| ((length as f32 * scale).round() as usize).max(SHORTEST.min(length)).min(length);
        (side(full.0), side(full.1))
    }
}

impl fmt::Display for WorkingSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WorkingSize::Full => f.write_str("full"),
            WorkingSize::Auto => f.write_str("auto"),
            WorkingSize::Within { width, height } => write!(f, "{width}x{height}"),
        }
    }
}

impl FromStr for WorkingSize {
    type Err = StylizeError;

    fn from_str(text: &str) -> Result<Self, StylizeError> {
        let sides = || {
            let (width, height) = text.split_once('x')?;
            let side = |digits: &str| digits.parse().ok().filter(|side| (16..=32_768).contains(side));
            Some(WorkingSize::Within { width: side(width)?, height: side(height)? })
        };
        match text {
            "full" | "" => Ok(WorkingSize::Full),
            "auto" => Ok(WorkingSize::Auto),
            _ => sides().ok_or_else(|| StylizeError::UnknownWorkingSize { size: text.to_string() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_they_are_written() {
        for size in [WorkingSize::Full, WorkingSize::Auto, WorkingSize::Within { width: 640, height: 360 }] {
            assert_eq!(size.to_string().parse::<WorkingSize>().unwrap(), size);
        }
        for wrong in ["half", "640", "640x", "x360", "0x0", "15x400", "640x360x2", "-1x5", "99999x99999"] {
            let error = wrong.parse::<WorkingSize>().unwrap_err().to_string();
            assert!(error.contains(wrong) && error.contains("WxH"), "{error}");
        }
    }

    #[test]
    fn the_shape_is_kept_and_nothing_is_enlarged() {
        let within = |width, height| WorkingSize::Within { width, height };
        assert_eq!(within(640, 640).of((1280, 720), 1.0), (640, 360));
        assert_eq!(within(9999, 9999).of((1280, 720), 1.0), (1280, 720));
        assert_eq!(within(16, 16).of((1280, 720), 1.0), (16, 16), "no side below sixteen");
        assert_eq!(within(640, 360).of((7, 5), 1.0), (7, 5));
        assert_eq!(WorkingSize::Auto.of((1280, 720), 0.5), (640, 360));
        assert_eq!(WorkingSize::Full.of((1280, 720), 0.5), (1280, 720));
    }
}
