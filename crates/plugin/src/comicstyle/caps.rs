//! Which caps the element takes, and how those of its two pads belong together.

use std::sync::LazyLock;
use std::time::Duration;

use gst::glib;
use gst::prelude::*;
use gstreamer as gst;
use gstreamer_video as gst_video;
use inkcast_frame::{Colorimetry, Format, FrameError, FrameInfo, Matrix, Range};
use inkcast_stylize::Compare;

use super::memory;

/// What both pads take: 8 or 10 bits a sample, any size. Fields of interlaced video are half a frame period apart, so
/// neither motion nor lines could be followed across them; `deinterlace` belongs before this element.
///
/// Frames may lie on a CUDA device where GStreamer's library for that is there and this build has CUDA.
pub fn template() -> &'static gst::Caps {
    static TEMPLATE: LazyLock<gst::Caps> = LazyLock::new(|| {
        let system = gst_video::VideoCapsBuilder::new()
            .format_list(Format::ALL.map(gst_format))
            .field("interlace-mode", gst_video::VideoInterlaceMode::Progressive.to_str())
            .build();
        if memory::is_shared() { memory::in_either(&system) } else { system }
    });
    &TEMPLATE
}

/// Caps of the other pad that go with `caps` on the pad of `direction`. All is the same, except that the output is
/// twice as wide where source and comic stand side by side.
pub fn transform(direction: gst::PadDirection, caps: &gst::Caps, compare: Compare) -> gst::Caps {
    if compare != Compare::SideBySide {
        return caps.clone();
    }
    let resize = if direction == gst::PadDirection::Sink { doubled } else { halved };
    let mut other = caps.clone();
    other.make_mut().filter_map_in_place(|_, structure| match structure.value("width").map(&resize) {
        Ok(Some(width)) => {
            structure.set_value("width", width);
            gst::CapsFilterMapAction::Keep
        }
        Ok(None) => gst::CapsFilterMapAction::Remove,
        Err(_) => gst::CapsFilterMapAction::Keep,
    });
    other
}

fn doubled(width: &glib::SendValue) -> Option<glib::SendValue> {
    resize(
        width,
        &|width| width.checked_mul(2),
        &|range| (range.min().checked_mul(2), range.max().min(i32::MAX / 2) * 2, range.step().checked_mul(2)),
        &doubled,
    )
}

fn halved(width: &glib::SendValue) -> Option<glib::SendValue> {
    resize(
        width,
        &|width| (width % 2 == 0).then_some(width / 2),
        &|range| (range.min().checked_add(1).map(|min| min / 2), range.max() / 2, Some(1)),
        &halved,
    )
}

/// A width of caps, which is a number, a range or a list of both, changed by `number` and `range`; `None` if nothing
/// is left.
fn resize(
    width: &glib::SendValue,
    number: &dyn Fn(i32) -> Option<i32>,
    range: &dyn Fn(gst::IntRange<i32>) -> (Option<i32>, i32, Option<i32>),
    recurse: &dyn Fn(&glib::SendValue) -> Option<glib::SendValue>,
) -> Option<glib::SendValue> {
    if let Ok(width) = width.get::<i32>() {
        return number(width).map(|width| width.to_send_value());
    }
    if let Ok(widths) = width.get::<gst::IntRange<i32>>() {
        let (Some(min), max, Some(step)) = range(widths) else { return None };
        return match min.cmp(&max) {
            std::cmp::Ordering::Less => Some(gst::IntRange::with_step(min, max, step).to_send_value()),
            std::cmp::Ordering::Equal => Some(min.to_send_value()),
            std::cmp::Ordering::Greater => None,
        };
    }
    let widths: Vec<glib::SendValue> = width.get::<gst::List>().ok()?.iter().filter_map(recurse).collect();
    (!widths.is_empty()).then(|| gst::List::new(widths).to_send_value())
}

/// What both pads agreed on.
#[derive(Debug, Clone)]
pub struct Negotiated {
    /// Whether input and output lie on a CUDA device.
    #[cfg(feature = "cuda")]
    pub on_device: [bool; 2],
    /// Layout of input buffers.
    pub input: gst_video::VideoInfo,
    /// Layout of output buffers.
    pub output: gst_video::VideoInfo,
}

impl Negotiated {
    /// The comparison that fits the output. A change of the property takes effect with the new caps; until then a
    /// frame must be what the caps promise.
    pub fn compare(&self, wanted: Compare) -> Compare {
        match (self.is_doubled(), wanted) {
            (true, _) => Compare::SideBySide,
            (false, Compare::SideBySide) => Compare::None,
            (false, other) => other,
        }
    }

    /// The time between two frames, where the caps tell it.
    pub fn frame_budget(&self) -> Option<Duration> {
        let (frames, seconds) = (self.input.fps().numer(), self.input.fps().denom());
        (frames > 0 && seconds > 0).then(|| Duration::from_secs_f64(f64::from(seconds) / f64::from(frames)))
    }

    /// Whether the output is twice as wide as the input.
    pub fn is_doubled(&self) -> bool {
        self.output.width() != self.input.width()
    }
}

/// GStreamer's name for a format.
pub fn gst_format(format: Format) -> gst_video::VideoFormat {
    match format {
        Format::Rgb => gst_video::VideoFormat::Rgb,
        Format::Bgr => gst_video::VideoFormat::Bgr,
        Format::Rgbx => gst_video::VideoFormat::Rgbx,
        Format::Bgrx => gst_video::VideoFormat::Bgrx,
        Format::Rgba => gst_video::VideoFormat::Rgba,
        Format::Bgra => gst_video::VideoFormat::Bgra,
        Format::Nv12 => gst_video::VideoFormat::Nv12,
        Format::I420 => gst_video::VideoFormat::I420,
        Format::P010 => gst_video::VideoFormat::P01010le,
        Format::I42010 => gst_video::VideoFormat::I42010le,
    }
}

/// Format, size and colorimetry of frames with these caps; `None` for a format outside [`template`].
pub fn frame_info(info: &gst_video::VideoInfo) -> Option<Result<FrameInfo, FrameError>> {
    let format = Format::ALL.into_iter().find(|&format| gst_format(format) == info.format())?;
    let described = FrameInfo::new(format, info.width() as usize, info.height() as usize);
    Some(described.map(|guessed| guessed.with_colorimetry(colorimetry(&info.colorimetry(), guessed))))
}

/// What the code values mean; where the caps do not say, what is most likely for the format and the size.
fn colorimetry(told: &gst_video::VideoColorimetry, guessed: FrameInfo) -> Colorimetry {
    let matrix = match told.matrix() {
        gst_video::VideoColorMatrix::Bt601 | gst_video::VideoColorMatrix::Fcc => Matrix::Bt601,
        gst_video::VideoColorMatrix::Bt709 | gst_video::VideoColorMatrix::Smpte240m => Matrix::Bt709,
        gst_video::VideoColorMatrix::Bt2020 => Matrix::Bt2020,
        // RGB has no matrix of its own; the primaries tell how bright its colours are.
        gst_video::VideoColorMatrix::Rgb if told.primaries() == gst_video::VideoColorPrimaries::Bt2020 => {
            Matrix::Bt2020
        }
        _ => guessed.colorimetry.matrix,
    };
    let range = match told.range() {
        gst_video::VideoColorRange::Range0_255 => Range::Full,
        gst_video::VideoColorRange::Range16_235 => Range::Limited,
        _ => guessed.colorimetry.range,
    };
    Colorimetry { matrix, range }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    #[test]
    fn width_is_doubled_downstream_and_halved_upstream() {
        gst::init().unwrap();
        let width = |text: &str| gst::Caps::from_str(&format!("video/x-raw, width=(int){text}, height=9")).unwrap();
        for (sink, src) in [
            ("640", "1280"),
            ("1", "2"),
            ("[1, 100]", "[2, 200, 2]"),
            ("[1, max]", "[2, 2147483646, 2]"),
            ("[5, max]", "[10, 2147483646, 2]"),
            ("{ 3, 5 }", "{ 6, 10 }"),
        ] {
            let doubled = transform(gst::PadDirection::Sink, &width(sink), Compare::SideBySide);
            assert_eq!(doubled, width(src), "{sink} doubled");
            for compare in [Compare::None, Compare::Split] {
                assert_eq!(transform(gst::PadDirection::Sink, &width(sink), compare), width(sink));
            }
        }
        for (src, sink) in
            [("1280", "640"), ("[1, 100]", "[1, 50]"), ("[2, 3]", "1"), ("{ 6, 10, 3 }", "{ 3, 5 }"), ("[7, 9]", "4")]
        {
            let halved = transform(gst::PadDirection::Src, &width(src), Compare::SideBySide);
            assert_eq!(halved, width(sink), "{src} halved");
        }
        for odd in ["641", "1", "{ 3, 5 }"] {
            assert!(transform(gst::PadDirection::Src, &width(odd), Compare::SideBySide).is_empty(), "{odd}");
        }
    }

    #[test]
    fn caps_say_what_code_values_mean() {
        gst::init().unwrap();
        let info = |caps: &str| {
            let caps = gst::Caps::from_str(&format!("video/x-raw, framerate=25/1, {caps}")).unwrap();
            frame_info(&gst_video::VideoInfo::from_caps(&caps).unwrap()).unwrap().unwrap().colorimetry
        };
        for (caps, matrix, range) in [
            ("format=I420, width=640, height=480, colorimetry=bt601", Matrix::Bt601, Range::Limited),
            ("format=I420, width=640, height=480, colorimetry=bt709", Matrix::Bt709, Range::Limited),
            ("format=NV12, width=640, height=480, colorimetry=bt2020", Matrix::Bt2020, Range::Limited),
            ("format=I420, width=640, height=480, colorimetry=1:4:0:1", Matrix::Bt601, Range::Full),
            ("format=I420, width=640, height=480, colorimetry=1:3:5:1", Matrix::Bt709, Range::Full),
            ("format=I420, width=640, height=480", Matrix::Bt601, Range::Limited),
            ("format=I420, width=1280, height=720", Matrix::Bt709, Range::Limited),
            ("format=RGB, width=64, height=48", Matrix::Bt709, Range::Full),
            ("format=RGB, width=64, height=48, colorimetry=2:1:7:1", Matrix::Bt709, Range::Limited),
            ("format=RGB, width=64, height=48, colorimetry=1:1:12:7", Matrix::Bt2020, Range::Full),
        ] {
            assert_eq!(info(caps), Colorimetry { matrix, range }, "{caps}");
        }
    }

    #[test]
    fn interlaced_video_is_not_in_the_template() {
        gst::init().unwrap();
        let caps = |mode: &str| {
            let text = format!("video/x-raw, format=I420, width=64, height=48, framerate=25/1{mode}");
            gst::Caps::from_str(&text).unwrap()
        };
        for mode in ["", ", interlace-mode=progressive"] {
            assert!(template().can_intersect(&caps(mode)), "{mode}");
        }
        for mode in [", interlace-mode=interleaved", ", interlace-mode=mixed"] {
            assert!(!template().can_intersect(&caps(mode)), "{mode}");
        }
    }
}
