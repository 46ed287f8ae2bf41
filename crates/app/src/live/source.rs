use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use gstreamer::glib;

use crate::doctor::cameras;
use crate::failure::Failure;
use crate::packages;

/// Where live pictures come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A moving test picture.
    Test,
    /// A camera, the first one if no device is named.
    Camera(Option<PathBuf>),
    /// The screen of an X11 session.
    Screen,
    /// Anything with a URI that GStreamer plays.
    Uri(String),
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "test" => Ok(Source::Test),
            None if text == "camera" => Ok(Source::Camera(None)),
            None if text == "screen" => Ok(Source::Screen),
            Some(("camera", device)) if !device.is_empty() => Ok(Source::Camera(Some(device.into()))),
            Some((_, rest)) if rest.starts_with("//") => Ok(Source::Uri(text.to_string())),
            _ if Path::new(text).is_file() => {
                let path = Path::new(text).canonicalize().map_err(|error| error.to_string())?;
                glib::filename_to_uri(path, None).map(|uri| Source::Uri(uri.to_string())).map_err(|e| e.to_string())
            }
            _ => Err("use test, camera, camera:/dev/videoN, screen, a URI such as rtsp://..., or a file".to_string()),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Test => f.write_str("test picture"),
            Source::Camera(device) => write!(f, "camera {}", device_of(device).display()),
            Source::Screen => f.write_str("screen"),
            Source::Uri(uri) => f.write_str(uri),
        }
    }
}

impl Source {
    /// Refuses what this machine lacks.
    pub fn check(&self) -> Result<(), Failure> {
        match self {
            Source::Test => packages::require(&["videotestsrc"]),
            Source::Camera(device) => {
                packages::require(&["v4l2src"])?;
                check_camera(&device_of(device))
            }
            Source::Screen => {
                packages::require(&["ximagesrc"])?;
                match std::env::var_os("DISPLAY") {
                    Some(_) => Ok(()),
                    None => Err(Failure::Lacking(
                        "there is no X11 screen (DISPLAY is not set); run this in an X11 session, or use --from test"
                            .to_string(),
                    )),
                }
            }
            Source::Uri(_) => packages::require(&["uridecodebin"]),
        }
    }

    /// Its part of a launch line, made at this `size` and rate where that is possible.
    pub fn launch(&self, size: Option<(u32, u32)>, fps: Option<u32>) -> String {
        match self {
            Source::Test => {
                let (width, height) = size.unwrap_or((640, 360));
                let fps = fps.unwrap_or(30);
                format!(
                    "videotestsrc is-live=true pattern=smpte horizontal-speed=2 ! \
                     video/x-raw,width={width},height={height},framerate={fps}/1"
                )
            }
            // Many cameras give JPEG pictures at their larger sizes.
            Source::Camera(device) => {
                format!("v4l2src device={} ! decodebin", super::quote(&device_of(device).display().to_string()))
            }
            Source::Screen => {
                format!("ximagesrc use-damage=false show-pointer=true ! video/x-raw,framerate={}/1", fps.unwrap_or(30))
            }
            // The converter takes no sound, so the picture is what gets linked. A file is read at its own speed: faster,
            // and the queue behind would drop most of it.
            Source::Uri(uri) => {
                let pace = if uri.starts_with("file:") { " ! clocksync" } else { "" };
                format!("uridecodebin uri={} ! videoconvert{pace}", super::quote(uri))
            }
        }
    }
}

fn device_of(device: &Option<PathBuf>) -> PathBuf {
    device.clone().or_else(|| cameras().into_iter().next()).unwrap_or_else(|| PathBuf::from("/dev/video0"))
}

/// Refuses a video device that is not there, and names those that are.
pub fn check_camera(device: &Path) -> Result<(), Failure> {
    if device.exists() {
        return Ok(());
    }
    let others: Vec<String> = cameras().iter().map(|camera| camera.display().to_string()).collect();
    let way_out = match others.as_slice() {
        [] => "this machine has no video device; plug a camera in, or use --from test".to_string(),
        others => format!("this machine has {}", others.join(", ")),
    };
    Err(Failure::Lacking(format!("there is no camera {}; {way_out}", device.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_as_written() {
        for (text, source) in [
            ("test", Source::Test),
            ("camera", Source::Camera(None)),
            ("camera:/dev/video2", Source::Camera(Some("/dev/video2".into()))),
            ("screen", Source::Screen),
            ("rtsp://host/stream", Source::Uri("rtsp://host/stream".to_string())),
        ] {
            assert_eq!(text.parse(), Ok(source), "{text}");
        }
        for text in ["", "cam", "camera:", "no-such-file.mp4"] {
            assert!(text.parse::<Source>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_camera_that_is_not_there_is_named() {
        let error = check_camera(Path::new("/dev/video99")).unwrap_err().to_string();
        assert!(error.contains("/dev/video99"), "{error}");
    }
}
