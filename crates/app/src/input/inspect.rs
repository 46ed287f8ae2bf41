use std::path::{Path, PathBuf};
use std::sync::mpsc;

use gstreamer as gst;
use gstreamer::glib;
use gstreamer_pbutils as pbutils;
use gstreamer_pbutils::prelude::*;

use super::iso::Iso;
use crate::failure::Failure;
use crate::packages;

/// What an input is, before anything is done with it.
#[derive(Debug)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// How long it says it is.
    pub duration: Option<gst::ClockTime>,
    /// Its first video stream.
    pub video: Video,
    /// What an MP4 or MOV file says of itself.
    pub iso: Option<Iso>,
}

/// A video stream.
#[derive(Debug)]
pub struct Video {
    /// Width in pixels, as stored.
    pub width: u32,
    /// Height in pixels, as stored.
    pub height: u32,
    /// Width of a pixel for its height.
    pub pixel_aspect: f64,
    /// Whether it has fields in place of frames.
    pub is_interlaced: bool,
    /// How it has to be turned to stand upright, in the words of `videoflip`; `None` if it does.
    pub turn: Option<&'static str>,
}

impl Video {
    /// Width and height as it is shown: upright, with square pixels.
    pub fn shown_size(&self) -> (f64, f64) {
        let (width, height) = (self.width as f64 * self.pixel_aspect, self.height as f64);
        if self.is_turned_sideways() { (height, width) } else { (width, height) }
    }

    /// Width and height in pixels after turning it upright.
    pub fn upright_size(&self) -> (u32, u32) {
        if self.is_turned_sideways() { (self.height, self.width) } else { (self.width, self.height) }
    }

    fn is_turned_sideways(&self) -> bool {
        matches!(self.turn, Some("90r" | "90l" | "ul-lr" | "ur-ll"))
    }
}

/// [`inspect`] for a path that has to be a file.
pub fn existing(path: &Path) -> Result<Source, Failure> {
    if !path.exists() {
        return Err(Failure::Input(format!("{} does not exist; check the path", path.display())));
    }
    if path.is_dir() {
        return Err(Failure::Input(format!("{} is a folder; name a video file in it", path.display())));
    }
    inspect(path)
}

/// Looks into `path`. Whatever cannot be converted is refused here, in one sentence.
pub fn inspect(path: &Path) -> Result<Source, Failure> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| Failure::Input(format!("cannot read {shown}: {error}"));
    if std::fs::metadata(path).map_err(unreadable)?.len() == 0 {
        return Err(Failure::Input(format!("{shown} is empty (0 bytes); copy it again from where it came")));
    }
    let iso = Iso::read(path).map_err(unreadable)?;
    if iso.as_ref().is_some_and(|iso| iso.is_cut_off && !iso.has_index) {
        return Err(Failure::Input(format!(
            "{shown} is cut off before its index (the moov box), so no frame in it can be found; copy it again from \
             where it came"
        )));
    }

    let (info, error) = discover(path)?;
    let reason = || error.as_ref().map(|error| error.to_string()).unwrap_or_default();
    check_decoders(path, &info)?;
    match info.result() {
        pbutils::DiscovererResult::Ok | pbutils::DiscovererResult::MissingPlugins => {}
        pbutils::DiscovererResult::Timeout => {
            return Err(Failure::Input(format!("{shown} cannot be read: no frame came within 30 seconds")));
        }
        _ => return Err(Failure::Input(format!("{shown} is not a media file, or is damaged: {}", reason()))),
    }

    let videos = info.video_streams();
    let Some(video) = videos.iter().find(|video| !video.is_image()) else {
        return Err(Failure::Input(match (videos.is_empty(), info.audio_streams().is_empty()) {
            (_, false) => format!("{shown} has sound only and no video"),
            (false, true) => format!("{shown} is a still picture, not a video; use `inkcast image` for it"),
            (true, true) => format!("{shown} has no video in it"),
        }));
    };
    let pixel_aspect = video.par();
    Ok(Source {
        path: path.to_path_buf(),
        duration: info.duration().filter(|duration| !duration.is_zero()),
        video: Video {
            width: video.width(),
            height: video.height(),
            pixel_aspect: pixel_aspect.numer() as f64 / pixel_aspect.denom().max(1) as f64,
            is_interlaced: video.is_interlaced(),
            turn: video.tags().and_then(|tags| turn(&tags)).or_else(|| info.tags().and_then(|tags| turn(&tags))),
        },
        iso,
    })
}

/// Runs GStreamer's discoverer. Its synchronous form would keep back what it found beside an error.
fn discover(path: &Path) -> Result<(pbutils::DiscovererInfo, Option<glib::Error>), Failure> {
    let failed = |reason: String| Failure::Input(format!("cannot read {}: {reason}", path.display()));
    let absolute = path.canonicalize().map_err(|error| failed(error.to_string()))?;
    let uri = glib::filename_to_uri(absolute, None).map_err(|error| failed(error.to_string()))?;

    let context = glib::MainContext::new();
    let (sender, receiver) = mpsc::channel();
    let outcome = context.with_thread_default(|| -> Result<(), String> {
        let discoverer =
            pbutils::Discoverer::new(gst::ClockTime::from_seconds(30)).map_err(|error| error.to_string())?;
        let main_loop = glib::MainLoop::new(Some(&context), false);
        discoverer.connect_discovered(move |_, info, error| {
            let _ = sender.send((info.clone(), error.cloned()));
        });
        let finished = main_loop.clone();
        discoverer.connect_finished(move |_| finished.quit());
        discoverer.start();
        discoverer.discover_uri_async(&uri).map_err(|error| error.to_string())?;
        main_loop.run();
        discoverer.stop();
        Ok(())
    });
    outcome.map_err(|error| failed(error.to_string()))?.map_err(failed)?;
    receiver.try_recv().map_err(|_| failed("GStreamer found out nothing about it".to_string()))
}

/// Refuses a file whose container or video this machine cannot decode, and names the package that can.
fn check_decoders(path: &Path, info: &pbutils::DiscovererInfo) -> Result<(), Failure> {
    for detail in info.missing_elements_installer_details() {
        // "gstreamer|1.0|program|What it is|decoder-video/x-h265, ..."
        let fields: Vec<&str> = detail.split('|').collect();
        let (Some(description), Some(wanted)) = (fields.get(3), fields.get(4)) else { continue };
        let Some((kind, caps)) = wanted.split_once('-') else { continue };
        // Sound that cannot be decoded may still be copied.
        if kind == "decoder" && !caps.starts_with("audio/") && !caps.starts_with("text/") {
            return Err(Failure::Lacking(format!(
                "{} needs a {description}, which is not installed; install it with: sudo apt-get install {}",
                path.display(),
                packages::package_of_decoder(caps)
            )));
        }
    }
    Ok(())
}

/// The word of `videoflip` for the orientation in `tags`.
fn turn(tags: &gst::TagList) -> Option<&'static str> {
    let orientation = tags.get::<gst::tags::ImageOrientation>()?;
    match orientation.get() {
        "rotate-90" => Some("90r"),
        "rotate-180" => Some("180"),
        "rotate-270" => Some("90l"),
        "flip-rotate-0" => Some("horiz"),
        "flip-rotate-90" => Some("ur-ll"),
        "flip-rotate-180" => Some("vert"),
        "flip-rotate-270" => Some("ul-lr"),
        _ => None,
    }
}
