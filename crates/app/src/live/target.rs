use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::failure::Failure;
use crate::outputs::extension;
use crate::packages;

/// Where a live comic goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A window.
    Display,
    /// A recording.
    File(PathBuf),
    /// A streaming service.
    Rtmp(String),
    /// Another program or machine, with repeated sending of what gets lost.
    Srt(String),
    /// Another program or machine, without.
    Udp {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
    },
    /// A virtual camera, as v4l2loopback makes them.
    Camera(PathBuf),
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "display" => Ok(Target::Display),
            Some(("file", path)) if matches!(extension(Path::new(path)).as_str(), "mp4" | "mov" | "mkv") => {
                Ok(Target::File(path.into()))
            }
            Some(("file", _)) => Err("a recording ends in .mp4, .mov or .mkv".to_string()),
            Some(("camera", device)) if !device.is_empty() => Ok(Target::Camera(device.into())),
            Some(("rtmp" | "rtmps", rest)) if rest.starts_with("//") => Ok(Target::Rtmp(text.to_string())),
            Some(("srt", rest)) if rest.starts_with("//") => Ok(Target::Srt(text.to_string())),
            Some(("udp", rest)) => {
                let address =
                    rest.strip_prefix("//").and_then(|address| address.trim_end_matches('/').rsplit_once(':'));
                match address.map(|(host, port)| (host.to_string(), port.parse())) {
                    Some((host, Ok(port))) if !host.is_empty() => Ok(Target::Udp { host, port }),
                    _ => Err("UDP needs a host and a port: udp://127.0.0.1:5000".to_string()),
                }
            }
            _ => {
                Err("use display, file:PATH, rtmp://..., srt://..., udp://HOST:PORT or camera:/dev/videoN".to_string())
            }
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Display => f.write_str("display"),
            Target::File(path) => write!(f, "{}", path.display()),
            Target::Rtmp(uri) | Target::Srt(uri) => f.write_str(uri),
            Target::Udp { host, port } => write!(f, "udp://{host}:{port}"),
            Target::Camera(device) => write!(f, "camera {}", device.display()),
        }
    }
}

impl Target {
    /// The file of a recording.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Target::File(path) => Some(path),
            _ => None,
        }
    }

    /// Refuses what this machine lacks, and a file that exists unless `force` is given.
    pub fn check(&self, force: bool) -> Result<(), Failure> {
        match self {
            Target::Display => {
                packages::require(&["autovideosink"])?;
                let has_display = ["WAYLAND_DISPLAY", "DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
                if has_display {
                    return Ok(());
                }
                Err(Failure::Lacking(
                    "there is no display (neither WAYLAND_DISPLAY nor DISPLAY is set); run this in a desktop session, \
                     or use --to file:PATH"
                        .to_string(),
                ))
            }
            Target::File(path) => {
                if path.exists() && !force {
                    return Err(Failure::Output(format!("{} exists already; --force overwrites it", path.display())));
                }
                packages::require(&["x264enc", "h264parse", muxer(path)])
            }
            Target::Rtmp(_) => packages::require(&["x264enc", "h264parse", "flvmux", "rtmp2sink"]),
            Target::Srt(_) => packages::require(&["x264enc", "h264parse", "mpegtsmux", "srtsink"]),
            Target::Udp { .. } => packages::require(&["x264enc", "h264parse", "mpegtsmux", "udpsink"]),
            Target::Camera(device) => {
                packages::require(&["v4l2sink"])?;
                if device.exists() {
                    return Ok(());
                }
                Err(Failure::Lacking(format!(
                    "there is no virtual camera {}; make one with: sudo apt-get install v4l2loopback-dkms && \
                     sudo modprobe v4l2loopback",
                    device.display()
                )))
            }
        }
    }

    /// Its part of a launch line; `file` is where a recording is written.
    pub fn launch(&self, fps: u32, file: Option<&str>) -> String {
        // Two seconds between key frames is what streaming services ask for, and what a viewer waits at most.
        // x264 takes even sizes only; the scaler goes to the nearest.
        let encode = format!(
            "videoscale ! video/x-raw,format=I420,width=(int)[2,16384,2],height=(int)[2,16384,2] ! x264enc tune=zerolatency speed-preset=veryfast bitrate=4000 key-int-max={} ! h264parse",
            2 * fps
        );
        match self {
            Target::Display => "autovideosink".to_string(),
            Target::File(path) => {
                let encode = encode.replace("bitrate=4000", "pass=qual quantizer=20");
                let file = super::quote(file.unwrap_or_default());
                format!("{encode} ! {} ! filesink location={file}", muxer(path))
            }
            Target::Rtmp(uri) => {
                format!(
                    "{encode} config-interval=-1 ! flvmux streamable=true ! rtmp2sink location={}",
                    super::quote(uri)
                )
            }
            Target::Srt(uri) => {
                let uri = super::quote(uri);
                format!(
                    "{encode} config-interval=-1 ! mpegtsmux alignment=7 ! srtsink wait-for-connection=false uri={uri}"
                )
            }
            Target::Udp { host, port } => {
                format!("{encode} config-interval=-1 ! mpegtsmux alignment=7 ! udpsink host={host} port={port}")
            }
            Target::Camera(device) => {
                let device = super::quote(&device.display().to_string());
                format!("video/x-raw,format=YUY2 ! v4l2sink device={device}")
            }
        }
    }
}

fn muxer(path: &Path) -> &'static str {
    match extension(path).as_str() {
        "mkv" => "matroskamux",
        "mov" => "qtmux",
        _ => "mp4mux",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_as_written() {
        for (text, target) in [
            ("display", Target::Display),
            ("file:a/b.mp4", Target::File("a/b.mp4".into())),
            ("rtmp://host/app/key", Target::Rtmp("rtmp://host/app/key".to_string())),
            ("srt://host:9000", Target::Srt("srt://host:9000".to_string())),
            ("udp://127.0.0.1:5000", Target::Udp { host: "127.0.0.1".to_string(), port: 5000 }),
            ("camera:/dev/video9", Target::Camera("/dev/video9".into())),
        ] {
            assert_eq!(text.parse(), Ok(target), "{text}");
        }
        for text in ["", "file:a.txt", "udp://host", "udp://:1", "udp://host:99999", "camera", "ftp://x"] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }
}
