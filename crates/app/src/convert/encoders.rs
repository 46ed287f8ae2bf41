use std::path::Path;

use gstreamer as gst;
use gstreamer::prelude::*;

use crate::failure::Failure;
use crate::outputs::extension;
use crate::packages;

/// A video encoder by the name users type.
#[derive(Debug)]
pub struct Encoder {
    /// The name.
    pub name: &'static str,
    /// What it makes, and what it is good for.
    pub description: &'static str,
    /// The GStreamer element.
    pub element: &'static str,
    /// The element between it and the muxer, which fills in what containers want to know.
    parser: &'static str,
    /// Extensions of the containers that hold its streams.
    containers: &'static [&'static str],
    /// Whether it takes pictures with odd sides.
    pub odd_sizes: bool,
    configure: fn(&gst::Element, u32),
}

/// Every encoder that can be asked for.
pub const ENCODERS: &[Encoder] = &[
    Encoder {
        name: "x264",
        description: "H.264, plays everywhere",
        element: "x264enc",
        parser: "h264parse",
        containers: &["mp4", "mov", "mkv"],
        odd_sizes: false,
        configure: |element, quality| {
            set(element, "pass", "qual");
            set(element, "quantizer", &scale(quality, 42, 11).to_string());
            // Without a buffer to fill there is no bound on the bit rate, which else is 2 Mbit/s at every size.
            set(element, "vbv-buf-capacity", "0");
            set(element, "speed-preset", "veryfast");
            // Frames in the lookahead are most of the memory an encoder needs.
            set(element, "rc-lookahead", "5");
            // Its own thread for the lookahead keeps as many frames again.
            set(element, "sync-lookahead", "0");
        },
    },
    Encoder {
        name: "x265",
        description: "H.265, smaller files, slower",
        element: "x265enc",
        parser: "h265parse",
        containers: &["mp4", "mov", "mkv"],
        odd_sizes: false,
        configure: |element, quality| {
            set(element, "speed-preset", "superfast");
            set(element, "option-string", &format!("crf={}:rc-lookahead=10", scale(quality, 44, 13)));
        },
    },
    Encoder {
        name: "vp9",
        description: "VP9, free of patents, the default for .webm",
        element: "vp9enc",
        parser: "vp9parse",
        containers: &["webm", "mkv", "mp4"],
        odd_sizes: true,
        configure: |element, quality| {
            set(element, "end-usage", "cq");
            set(element, "cq-level", &scale(quality, 60, 8).to_string());
            // The bit rate only bounds this mode from above; quality is what decides.
            set(element, "target-bitrate", "200000000");
            set(element, "deadline", "1");
            set(element, "cpu-used", "7");
            set(element, "row-mt", "true");
            set(element, "lag-in-frames", "0");
            set(element, "keyframe-max-dist", "250");
            // Finer than any frame rate, so that no two timestamps fall together.
            set(element, "timebase", "1/90000");
        },
    },
    Encoder {
        name: "av1",
        description: "AV1, the smallest files, slow",
        element: "av1enc",
        parser: "av1parse",
        containers: &["mp4", "mkv", "webm"],
        odd_sizes: true,
        configure: |element, quality| {
            set(element, "usage-profile", "realtime");
            set(element, "end-usage", "cbr");
            set(element, "target-bitrate", "1000000");
            set(element, "min-quantizer", &scale(quality, 58, 4).to_string());
            set(element, "max-quantizer", &scale(quality, 62, 10).to_string());
            set(element, "cpu-used", "8");
            set(element, "lag-in-frames", "0");
            set(element, "keyframe-max-dist", "250");
        },
    },
    Encoder {
        name: "openh264",
        description: "H.264 where x264 is not installed",
        element: "openh264enc",
        parser: "h264parse",
        containers: &["mp4", "mov", "mkv"],
        odd_sizes: false,
        configure: |element, quality| {
            set(element, "rate-control", "off");
            let quantizer = scale(quality, 45, 14).to_string();
            set(element, "qp-min", &quantizer);
            set(element, "qp-max", &quantizer);
            set(element, "gop-size", "250");
        },
    },
];

impl Encoder {
    /// A new encoder of this kind at `quality` 0..100, and the parser that follows it.
    pub fn build(&self, quality: u32) -> Result<(gst::Element, gst::Element), Failure> {
        let element = packages::make(self.element)?;
        (self.configure)(&element, quality);
        if element.has_property("qos") {
            // Nothing plays here, so no frame is ever late.
            element.set_property("qos", false);
        }
        Ok((element, packages::make(self.parser)?))
    }

    /// Whether its elements are there.
    pub fn is_installed(&self) -> bool {
        packages::is_installed(self.element) && packages::is_installed(self.parser)
    }
}

/// Sets a property whatever its type: encoders differ in signs and widths of their numbers.
fn set(element: &gst::Element, property: &str, value: &str) {
    element.set_property_from_str(property, value);
}

/// The encoder's own number for `quality`, between `worst` at 0 and `best` at 100.
fn scale(quality: u32, worst: i32, best: i32) -> i32 {
    worst + ((best - worst) as f32 * quality as f32 / 100.0).round() as i32
}

/// The encoder called `name`.
pub fn parse(name: &str) -> Result<&'static Encoder, String> {
    ENCODERS.iter().find(|encoder| encoder.name == name).ok_or_else(|| {
        let names: Vec<_> = ENCODERS.iter().map(|encoder| encoder.name).collect();
        format!("known encoders are {}", names.join(", "))
    })
}

/// The long help of `--encoder`.
pub fn help() -> String {
    let mut text = "Video encoder [default: x264, or vp9 for .webm]:\n".to_string();
    for Encoder { name, description, containers, .. } in ENCODERS {
        text += &format!("- {name}: {description} (.{})\n", containers.join(", ."));
    }
    text + "`inkcast doctor` says which are installed."
}

/// The encoder for `output`: the one that was `asked` for, if the container takes it and it is installed, else the first
/// one that does.
pub fn choose(asked: Option<&'static Encoder>, output: &Path) -> Result<&'static Encoder, Failure> {
    let container = extension(output);
    let fits = |encoder: &&Encoder| encoder.containers.contains(&container.as_str());
    match asked {
        Some(encoder) if !fits(&encoder) => Err(Failure::Usage(format!(
            "a .{container} file cannot hold {}; its containers are .{}",
            encoder.name,
            encoder.containers.join(", .")
        ))),
        Some(encoder) => packages::require(&[encoder.element, encoder.parser]).map(|()| encoder),
        None => {
            let mut fitting = ENCODERS.iter().filter(fits);
            let first = fitting.clone().next().ok_or_else(|| {
                Failure::Usage(format!("there is no encoder for .{container}; use .mp4, .mov, .mkv or .webm"))
            })?;
            // A slow encoder nobody asked for would be no help; the other kind of H.264 is.
            let stands_in = |encoder: &&Encoder| encoder.parser == first.parser && encoder.is_installed();
            match fitting.find(stands_in) {
                Some(encoder) => Ok(encoder),
                None => packages::require(&[first.element, first.parser]).map(|()| first),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quality_runs_from_worst_to_best() {
        assert_eq!([0, 50, 100].map(|quality| scale(quality, 42, 12)), [42, 27, 12]);
    }

    #[test]
    fn containers_choose_and_refuse_encoders() {
        gst::init().unwrap();
        assert_eq!(choose(None, Path::new("a.webm")).unwrap().name, "vp9");
        assert_eq!(choose(None, Path::new("a.MP4")).unwrap().name, "x264");
        let error = choose(Some(parse("x264").unwrap()), Path::new("a.webm")).unwrap_err().to_string();
        assert!(error.contains(".webm") && error.contains("x264") && error.contains(".mkv"), "{error}");
        assert!(parse("h264").unwrap_err().contains("x264"));
    }

    #[test]
    fn every_installed_encoder_takes_its_settings() {
        gst::init().unwrap();
        for encoder in ENCODERS.iter().filter(|encoder| encoder.is_installed()) {
            for quality in [0, 100] {
                encoder.build(quality).unwrap();
            }
        }
    }
}
