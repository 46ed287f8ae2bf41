//! Every launch line in `pipelines/` runs to its end, with test sources and sinks in place of hardware and networks.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gst::prelude::*;
use gstreamer as gst;

use crate::comic;

/// Frames of each pipeline.
const FRAMES: usize = 12;

/// Elements that need nothing but GStreamer: they run as they are.
const SOFTWARE: &[&str] = &[
    "aacparse",
    "audioconvert",
    "audioresample",
    "avenc_aac",
    "comicstyle",
    "decodebin",
    "flvmux",
    "h264parse",
    "mp4mux",
    "mpegtsmux",
    "queue",
    "rtph264pay",
    "videoconvert",
    "x264enc",
];

/// Elements that touch the world outside, and what stands in for them. `{folder}` is an empty folder with the clip
/// `in.mp4`, `{frames}` the number of frames.
const STAND_INS: &[(&str, &str)] = &[
    ("audiotestsrc", "audiotestsrc wave=silence num-buffers={frames} samplesperbuffer=1024"),
    ("autovideosink", "fakesink sync=false"),
    ("filesink", "filesink location={folder}/out.mp4"),
    ("filesrc", "filesrc location={folder}/in.mp4"),
    ("hlssink2", "hlssink2 location={folder}/segment%05d.ts playlist-location={folder}/playlist.m3u8"),
    ("rtmp2sink", "fakesink sync=false"),
    ("srtsink", "fakesink sync=false"),
    ("udpsink", "fakesink sync=false"),
    ("v4l2sink", "fakesink sync=false"),
    ("v4l2src", "videotestsrc num-buffers={frames} pattern=ball"),
    ("videotestsrc", "videotestsrc num-buffers={frames} pattern=smpte horizontal-speed=3"),
];

#[test]
fn every_launch_line_runs_to_its_end() {
    comic::init();
    let mut files: Vec<PathBuf> = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pipelines"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() >= 6, "{files:?}");
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name.ends_with(".gst"), "{name} is no launch line");
        let folder = tempfile::tempdir().unwrap();
        write_clip(&folder.path().join("in.mp4"));
        let text = std::fs::read_to_string(&file).unwrap();
        let line = stand_in(&launch_line(&text), folder.path()).unwrap_or_else(|why| panic!("{name}: {why}"));
        run(&name, &line);
        for output in ["out.mp4", "playlist.m3u8"] {
            let written = folder.path().join(output);
            assert!(!line.contains(output) || written.metadata().is_ok_and(|file| file.len() > 0), "{name}: {output}");
        }
    }
}

#[test]
fn launch_lines_survive_the_shell_and_are_explained() {
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pipelines")).unwrap() {
        let file = entry.unwrap().path();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        for told in ["# Expect: ", "# Debian: ", &format!("# Run: gst-launch-1.0 $(grep -v '^#' pipelines/{name})")] {
            assert!(text.lines().any(|line| line.starts_with(told)), "{name} does not say \"{told}\"");
        }
        // The shell splits what grep prints at white space and expands patterns in it, but removes no quotes.
        let line = launch_line(&text);
        for letter in ['"', '\'', '\\', '*', '?', '['] {
            assert!(!line.contains(letter), "{name}: {letter} does not reach gst-launch-1.0 as it is written");
        }
        assert!(line.contains("comicstyle"), "{name}");
    }
}

#[test]
fn an_element_without_a_rule_is_noticed() {
    let folder = Path::new("here");
    let error = stand_in("dvbsrc frequency=1 ! decodebin ! comicstyle ! fakesink", folder).unwrap_err();
    assert!(error.contains("dvbsrc"), "{error}");
    let line = stand_in("v4l2src name=eye device=/dev/video0 ! comicstyle ! mux. mp4mux name=mux", folder).unwrap();
    assert_eq!(line, "videotestsrc num-buffers=12 pattern=ball name=eye ! comicstyle ! mux. mp4mux name=mux");
}

/// The launch line of a file: all that is no comment.
fn launch_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    lines.join(" ")
}

/// The line with stand-ins; fails on an element that is neither known as software nor has one.
fn stand_in(line: &str, folder: &Path) -> Result<String, String> {
    let mut words = Vec::new();
    let mut replaced = false;
    for word in line.split_whitespace() {
        let is_property = word.contains('=') && !word.contains('/') || word.contains("=/") || word.contains("://");
        let is_link = word == "!" || word.ends_with('.');
        let is_caps = word.starts_with("video/") || word.starts_with("audio/");
        if is_link || is_caps || SOFTWARE.contains(&word) {
            replaced = false;
            words.push(word.to_string());
        } else if is_property {
            // A stand-in has properties of its own, but others refer to the name.
            if !replaced || word.starts_with("name=") {
                words.push(word.to_string());
            }
        } else {
            let (_, stand_in) = (STAND_INS.iter().find(|(element, _)| *element == word))
                .ok_or_else(|| format!("element {word} needs an entry in SOFTWARE or in STAND_INS"))?;
            replaced = true;
            let folder = folder.to_string_lossy();
            words.push(stand_in.replace("{folder}", &folder).replace("{frames}", &FRAMES.to_string()));
        }
    }
    Ok(words.join(" "))
}

/// Runs a line to its end and counts what passes: every frame must leave `comicstyle`, and something every sink.
fn run(name: &str, line: &str) {
    let pipeline = gst::parse::launch(line).unwrap_or_else(|error| panic!("{name}: {error}"));
    let bin = pipeline.downcast_ref::<gst::Bin>().unwrap();
    let factory = |element: &gst::Element| element.factory().unwrap().name().to_string();
    let elements: Vec<gst::Element> = bin.iterate_recurse().into_iter().map(Result::unwrap).collect();

    // On a slow machine leaky queues drop frames, which is what they are for, but not in a test that counts them.
    for queue in elements.iter().filter(|element| factory(element) == "queue") {
        queue.set_property_from_str("leaky", "no");
    }
    let comic = elements.iter().find(|element| factory(element) == "comicstyle").unwrap();
    let drawn = count(&comic.static_pad("src").unwrap());
    let sinks: Vec<_> = bin.iterate_sinks().into_iter().map(Result::unwrap).collect();
    let arrived: Vec<_> = (sinks.iter())
        .flat_map(|sink| sink.sink_pads().into_iter().map(|pad| (factory(sink), count(&pad))).collect::<Vec<_>>())
        .collect();

    comic::run_to_end(&pipeline);
    assert_eq!(drawn.load(Ordering::SeqCst), FRAMES, "{name}: frames out of comicstyle");
    assert!(!arrived.is_empty(), "{name} has no sink");
    for (sink, arrived) in arrived {
        assert!(arrived.load(Ordering::SeqCst) > 0, "{name}: nothing arrived at {sink}");
    }
}

/// Counts the buffers, and those in lists, that pass a pad.
fn count(pad: &gst::Pad) -> Arc<AtomicUsize> {
    let passed = Arc::new(AtomicUsize::new(0));
    let counter = passed.clone();
    pad.add_probe(gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST, move |_, probe| {
        let buffers = match &probe.data {
            Some(gst::PadProbeData::BufferList(list)) => list.len(),
            _ => 1,
        };
        counter.fetch_add(buffers, Ordering::SeqCst);
        gst::PadProbeReturn::Ok
    });
    passed
}

/// Writes a clip with picture and sound.
fn write_clip(path: &Path) {
    let pipeline = gst::parse::launch(&format!(
        "videotestsrc num-buffers={FRAMES} pattern=ball ! video/x-raw,width=320,height=180,framerate=25/1 ! x264enc \
         ! mp4mux name=mux ! filesink location={} audiotestsrc num-buffers=20 ! avenc_aac ! aacparse ! queue ! mux.",
        path.display()
    ))
    .unwrap();
    comic::run_to_end(&pipeline);
}
