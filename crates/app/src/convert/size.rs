use std::str::FromStr;

/// A size as users write it: `1280x720`, or `1280x-1` and `-1x720` to keep the shape of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    width: Option<u32>,
    height: Option<u32>,
}

impl Size {
    /// Width and height for a source that is shown `width` x `height` pixels large. A side that was left open becomes
    /// even, as most encoders want it.
    pub fn resolve(self, width: f64, height: f64) -> (u32, u32) {
        let even = |value: f64| ((value / 2.0).round() as u32 * 2).max(2);
        match (self.width, self.height) {
            (Some(wide), Some(high)) => (wide, high),
            (Some(wide), None) => (wide, even(wide as f64 * height / width)),
            (None, Some(high)) => (even(high as f64 * width / height), high),
            (None, None) => (even(width), even(height)),
        }
    }

    /// Both sides, for a source that can be made in any size; a side that was left open makes a 16:9 picture.
    pub fn widescreen(self) -> (u32, u32) {
        self.resolve(16.0, 9.0)
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || "a size is written as 1280x720, or 1280x-1 to keep the shape; sides go from 16 to 8192".to_string();
        let side = |text: &str| match text {
            "-1" => Ok(None),
            _ => text.parse().ok().filter(|side| (16..=8192).contains(side)).map(Some).ok_or_else(wrong),
        };
        let (width, height) = text.split_once(['x', 'X']).ok_or_else(wrong)?;
        let size = Size { width: side(width)?, height: side(height)? };
        if size.width.is_none() && size.height.is_none() { Err(wrong()) } else { Ok(size) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_side_keeps_the_shape() {
        let size = |text: &str| text.parse::<Size>().unwrap();
        assert_eq!(size("640x360").resolve(100.0, 100.0), (640, 360));
        assert_eq!(size("640x-1").resolve(1920.0, 1080.0), (640, 360));
        assert_eq!(size("-1x480").resolve(1080.0, 1920.0), (270, 480));
        assert_eq!(size("100x-1").resolve(1000.0, 333.0), (100, 34));
        for text in ["640", "x", "0x0", "-1x-1", "640x-2", "640x", "axb", "15x90", "640x9000"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
