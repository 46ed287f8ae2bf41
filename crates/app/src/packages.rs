use gstreamer as gst;

use crate::failure::Failure;

/// Debian packages and the GStreamer elements in them that Inkcast knows of.
const PACKAGES: &[(&str, &[&str])] = &[
    ("libgstreamer1.0-0", &["filesrc", "filesink", "queue", "multiqueue", "capsfilter", "fakesink"]),
    (
        "gstreamer1.0-plugins-base",
        &[
            "audioconvert",
            "audioresample",
            "decodebin",
            "oggdemux",
            "opusdec",
            "opusenc",
            "parsebin",
            "theoradec",
            "uridecodebin",
            "videoconvert",
            "videorate",
            "videoscale",
            "videotestsrc",
            "vorbisdec",
            "vorbisenc",
        ],
    ),
    (
        "gstreamer1.0-plugins-good",
        &[
            "aacparse",
            "autovideosink",
            "avidemux",
            "deinterlace",
            "flvdemux",
            "flvmux",
            "jpegdec",
            "lamemp3enc",
            "matroskademux",
            "matroskamux",
            "mp4mux",
            "mpegaudioparse",
            "qtdemux",
            "qtmux",
            "udpsink",
            "v4l2sink",
            "v4l2src",
            "videocrop",
            "videoflip",
            "vp8dec",
            "vp8enc",
            "vp9dec",
            "vp9enc",
            "webmmux",
            "ximagesrc",
        ],
    ),
    (
        "gstreamer1.0-plugins-bad",
        &[
            "av1dec",
            "av1enc",
            "av1parse",
            "fdkaacenc",
            "h264parse",
            "h265parse",
            "mpegpsdemux",
            "mpegtsmux",
            "openh264dec",
            "openh264enc",
            "rtmp2sink",
            "srtsink",
            "tsdemux",
            "voaacenc",
            "vp9parse",
            "waylandsink",
            "x265enc",
        ],
    ),
    ("gstreamer1.0-plugins-ugly", &["asfdemux", "x264enc"]),
    ("gstreamer1.0-libav", &["avdec_h264", "avdec_h265", "avenc_aac"]),
    ("gstreamer1.0-x", &["ximagesink", "xvimagesink"]),
    ("gstreamer1.0-gl", &["glimagesink"]),
];

/// The Debian package with `element`, if Inkcast knows it.
pub fn package_of(element: &str) -> Option<&'static str> {
    PACKAGES.iter().find(|(_, elements)| elements.contains(&element)).map(|(package, _)| *package)
}

/// The Debian package that most likely decodes what GStreamer describes with `caps`, such as `video/x-h265, ...`.
pub fn package_of_decoder(caps: &str) -> &'static str {
    match caps.split([',', ' ', ';']).next().unwrap_or_default() {
        "video/x-vp8" | "video/x-vp9" | "image/jpeg" | "image/png" | "audio/x-flac" => "gstreamer1.0-plugins-good",
        "video/x-theora" | "audio/x-vorbis" | "audio/x-opus" => "gstreamer1.0-plugins-base",
        "video/x-av1" => "gstreamer1.0-plugins-bad",
        // libav decodes nearly everything else.
        _ => "gstreamer1.0-libav",
    }
}

/// Whether `element` is installed.
pub fn is_installed(element: &str) -> bool {
    gst::ElementFactory::find(element).is_some()
}

/// A new `element`, or the sentence on what to install.
pub fn make(element: &str) -> Result<gst::Element, Failure> {
    gst::ElementFactory::make(element).build().map_err(|_| lacking(element))
}

/// Refuses if one of `elements` is not installed.
pub fn require(elements: &[&str]) -> Result<(), Failure> {
    match elements.iter().find(|element| !is_installed(element)) {
        Some(element) => Err(lacking(element)),
        None => Ok(()),
    }
}

fn lacking(element: &str) -> Failure {
    let way_out = match package_of(element) {
        Some(package) => format!("install it with: sudo apt-get install {package}"),
        None => "see `inkcast doctor`".to_string(),
    };
    Failure::Lacking(format!("the GStreamer element {element} is not installed; {way_out}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_is_in_one_package() {
        for (index, (package, elements)) in PACKAGES.iter().enumerate() {
            for element in *elements {
                assert_eq!(package_of(element), Some(*package), "{element}");
                assert!(!PACKAGES[index + 1..].iter().any(|(_, later)| later.contains(element)), "{element}");
            }
        }
    }

    #[test]
    fn what_is_missing_is_named_with_its_package() {
        let error = lacking("x264enc").to_string();
        assert!(error.contains("x264enc") && error.contains("apt-get install gstreamer1.0-plugins-ugly"), "{error}");
        assert_eq!(package_of_decoder("video/x-h265, profile=(string)main"), "gstreamer1.0-libav");
        assert_eq!(package_of_decoder("video/x-vp9"), "gstreamer1.0-plugins-good");
    }
}
