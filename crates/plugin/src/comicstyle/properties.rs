//! The element's properties: their descriptions for `gst-inspect-1.0` and their values.

use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use gst::glib;
use gst::prelude::*;
use gstreamer as gst;
use inkcast_generator::Package;
use inkcast_stylize::{Compute, DeviceChoice, PrecisionChoice, Settings, StylizeError, Stylizer, WorkingSize};

use super::memory;

/// How the source is shown beside the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "InkcastCompare")]
pub enum Compare {
    /// The comic alone.
    #[default]
    #[enum_value(name = "The comic alone", nick = "none")]
    None,
    /// Left half source, right half comic.
    #[enum_value(name = "Left half source, right half comic", nick = "split")]
    Split,
    /// Source and comic next to each other.
    #[enum_value(name = "Source and comic next to each other, twice as wide", nick = "side-by-side")]
    SideBySide,
}

impl From<Compare> for inkcast_stylize::Compare {
    fn from(compare: Compare) -> Self {
        match compare {
            Compare::None => inkcast_stylize::Compare::None,
            Compare::Split => inkcast_stylize::Compare::Split,
            Compare::SideBySide => inkcast_stylize::Compare::SideBySide,
        }
    }
}

impl From<inkcast_stylize::Compare> for Compare {
    fn from(compare: inkcast_stylize::Compare) -> Self {
        match compare {
            inkcast_stylize::Compare::None => Compare::None,
            inkcast_stylize::Compare::Split => Compare::Split,
            inkcast_stylize::Compare::SideBySide => Compare::SideBySide,
        }
    }
}

/// Whether dots are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "InkcastScreen")]
pub enum Screen {
    /// As the style has them.
    #[default]
    #[enum_value(name = "As the style has them", nick = "style")]
    Style,
    /// Never.
    #[enum_value(name = "No dots: every style in flat colour", nick = "none")]
    None,
}

impl From<Screen> for inkcast_stylize::Screen {
    fn from(screen: Screen) -> Self {
        match screen {
            Screen::Style => inkcast_stylize::Screen::Style,
            Screen::None => inkcast_stylize::Screen::None,
        }
    }
}

impl From<inkcast_stylize::Screen> for Screen {
    fn from(screen: inkcast_stylize::Screen) -> Self {
        match screen {
            inkcast_stylize::Screen::Style => Screen::Style,
            inkcast_stylize::Screen::None => Screen::None,
        }
    }
}

/// What printed dots are fixed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "InkcastScreenAnchor")]
pub enum ScreenAnchor {
    /// The page.
    #[default]
    #[enum_value(name = "The page: dots stand still, as on paper", nick = "page")]
    Page,
    /// The scene.
    #[enum_value(name = "The scene: dots follow the camera", nick = "scene")]
    Scene,
}

impl From<ScreenAnchor> for inkcast_stylize::ScreenAnchor {
    fn from(anchor: ScreenAnchor) -> Self {
        match anchor {
            ScreenAnchor::Page => inkcast_stylize::ScreenAnchor::Page,
            ScreenAnchor::Scene => inkcast_stylize::ScreenAnchor::Scene,
        }
    }
}

impl From<inkcast_stylize::ScreenAnchor> for ScreenAnchor {
    fn from(anchor: inkcast_stylize::ScreenAnchor) -> Self {
        match anchor {
            inkcast_stylize::ScreenAnchor::Page => ScreenAnchor::Page,
            inkcast_stylize::ScreenAnchor::Scene => ScreenAnchor::Scene,
        }
    }
}

/// Values of all properties.
#[derive(Debug, Clone)]
pub struct Properties {
    model: String,
    device: String,
    precision: String,
    threads: u32,
    batch_window_ms: u32,
    /// As it was written; what it means is in the settings, unless it means nothing.
    working_size: String,
    /// Milliseconds of stream time between two reports on the bus; 0 posts none.
    pub report_interval_ms: u32,
    /// Where frames are computed, in words; empty before the element has started.
    pub active_device: String,
    /// Whether that is a CUDA device; not known before.
    pub is_on_device: Option<bool>,
    /// What holds for a frame and may change with the next.
    pub settings: Settings,
}

impl Default for Properties {
    fn default() -> Self {
        let (device, precision) = (DeviceChoice::default().to_string(), PrecisionChoice::default().to_string());
        Properties {
            model: String::new(),
            device,
            precision,
            threads: 0,
            batch_window_ms: 0,
            working_size: WorkingSize::default().to_string(),
            report_interval_ms: 0,
            active_device: String::new(),
            is_on_device: None,
            settings: Settings::default(),
        }
    }
}

impl Properties {
    /// Descriptions, in the order `gst-inspect-1.0` is asked for them.
    pub fn descriptions() -> &'static [glib::ParamSpec] {
        static DESCRIPTIONS: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(describe);
        &DESCRIPTIONS
    }

    /// Loads the model and prepares the device, as these properties say.
    pub fn stylizer(&self) -> Result<Stylizer, StylizeError> {
        let compute = Compute {
            device: self.device.parse()?,
            precision: self.precision.parse()?,
            threads: self.threads as usize,
            batch_window: Duration::from_millis(self.batch_window_ms.into()),
        };
        let package = if self.model.is_empty() { Package::embedded()? } else { Package::open(Path::new(&self.model))? };
        // Better now than on the first frame.
        self.working_size.parse::<WorkingSize>()?;
        package.style(&self.settings.style)?;
        let mut stylizer = Stylizer::new(package, compute)?;
        stylizer.set_style(&self.settings.style)?;
        Ok(stylizer)
    }

    /// Whether frames may lie in a CUDA device's memory, which is so where they are computed there; before that is known,
    /// where it may come to that.
    pub fn takes_cuda_memory(&self) -> bool {
        let may_be = || self.device.parse().is_ok_and(|device: DeviceChoice| device != DeviceChoice::Cpu);
        memory::is_shared() && self.is_on_device.unwrap_or_else(may_be)
    }

    /// Index of the CUDA device that frames would be computed on.
    #[cfg(feature = "cuda")]
    pub fn device_index(&self) -> Option<usize> {
        match self.device.parse().ok()? {
            DeviceChoice::Cpu => None,
            DeviceChoice::Auto => Some(0),
            DeviceChoice::Cuda(index) => Some(index),
        }
    }

    /// Takes over the value of the property called `name`; GObject has checked its type and range.
    pub fn set(&mut self, name: &str, value: &glib::Value) {
        let number = || value.get::<f64>().unwrap_or_default() as f32;
        let text = || value.get::<Option<String>>().ok().flatten().unwrap_or_default();
        match name {
            "model" => self.model = text(),
            "device" => self.device = text(),
            "precision" => self.precision = text(),
            "threads" => self.threads = value.get().unwrap_or_default(),
            "batch-window" => self.batch_window_ms = value.get().unwrap_or_default(),
            "style" => self.settings.style = text(),
            "strength" => self.settings.strength = number(),
            "steadiness" => self.settings.steadiness = number(),
            "ink" => self.settings.ink = number(),
            "screen-size" => self.settings.screen_size_px = number(),
            "working-size" => {
                self.working_size = text();
                // What cannot be read is refused by `stylizer`; while playing the size stays.
                if let Ok(size) = self.working_size.parse() {
                    self.settings.working_size = size;
                }
            }
            "screen" => self.settings.screen = value.get::<Screen>().unwrap_or_default().into(),
            "screen-anchor" => self.settings.screen_anchor = value.get::<ScreenAnchor>().unwrap_or_default().into(),
            "report-interval" => self.report_interval_ms = value.get().unwrap_or_default(),
            "compare" => self.settings.compare = value.get::<Compare>().unwrap_or_default().into(),
            _ => {}
        }
    }

    /// The value of the property that `description` describes.
    pub fn get(&self, description: &glib::ParamSpec) -> glib::Value {
        match description.name() {
            "model" => self.model.to_value(),
            "device" => self.device.to_value(),
            "active-device" => self.active_device.to_value(),
            "precision" => self.precision.to_value(),
            "threads" => self.threads.to_value(),
            "batch-window" => self.batch_window_ms.to_value(),
            "style" => self.settings.style.to_value(),
            "strength" => to_double(self.settings.strength).to_value(),
            "steadiness" => to_double(self.settings.steadiness).to_value(),
            "ink" => to_double(self.settings.ink).to_value(),
            "screen-size" => to_double(self.settings.screen_size_px).to_value(),
            "working-size" => self.working_size.to_value(),
            "screen" => Screen::from(self.settings.screen).to_value(),
            "screen-anchor" => ScreenAnchor::from(self.settings.screen_anchor).to_value(),
            "report-interval" => self.report_interval_ms.to_value(),
            "compare" => Compare::from(self.settings.compare).to_value(),
            _ => description.default_value().clone(),
        }
    }
}

/// The decimal number that was meant: 0.7 in single precision is 0.699999988 in double, which nobody wrote.
fn to_double(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

fn describe() -> Vec<glib::ParamSpec> {
    let Properties { device, precision, threads, batch_window_ms, working_size, report_interval_ms, settings, .. } =
        Properties::default();
    let animated = |name, nick, blurb, maximum, default| {
        glib::ParamSpecDouble::builder(name)
            .nick(nick)
            .blurb(blurb)
            .minimum(0.0)
            .maximum(maximum)
            .default_value(to_double(default))
            .controllable()
            .mutable_playing()
            .build()
    };
    vec![
        glib::ParamSpecString::builder("model")
            .nick("Model")
            .blurb("Folder of a model package (model.toml and its weights); empty uses the built-in model")
            .default_value(Some(""))
            .mutable_ready()
            .build(),
        glib::ParamSpecString::builder("device")
            .nick("Device")
            .blurb(
                "Where frames are computed: auto (CUDA if there is a device, else the CPU), cpu, cuda or cuda:N; only \
                 auto falls back",
            )
            .default_value(Some(device.as_str()))
            .mutable_ready()
            .build(),
        glib::ParamSpecString::builder("active-device")
            .nick("Active device")
            .blurb("Where frames are computed, and where auto did not take CUDA, why; empty in NULL and READY")
            .default_value(Some(""))
            .read_only()
            .build(),
        glib::ParamSpecString::builder("precision")
            .nick("Precision")
            .blurb(
                "The numbers that the network runs in on a CPU: auto (int8 where the model is prepared for it and \
                 the processor gains, else f32), f32 or int8",
            )
            .default_value(Some(precision.as_str()))
            .mutable_ready()
            .build(),
        glib::ParamSpecUInt::builder("threads")
            .nick("Threads")
            .blurb("Worker threads on the CPU, 0 for one on each core; the picture does not depend on it")
            .maximum(1024)
            .default_value(threads)
            .mutable_ready()
            .build(),
        glib::ParamSpecUInt::builder("batch-window")
            .nick("Batch window")
            .blurb(
                "Milliseconds that a frame on a CUDA device waits for those of other elements with the same model, style \
                 and device, to run the network on them together; 0 runs each on its own; nothing on a CPU",
            )
            .maximum(1000)
            .default_value(batch_window_ms)
            .mutable_ready()
            .build(),
        glib::ParamSpecString::builder("working-size")
            .nick("Working size")
            .blurb(
                "The size at which the network runs: full, WxH (the largest that fits, such as 640x360), or auto (as large \
                 as leaves frames done in time, for live streams); lines stay sharp",
            )
            .default_value(Some(working_size.as_str()))
            .mutable_playing()
            .build(),
        glib::ParamSpecString::builder("style")
            .nick("Style")
            .blurb("A style of the model, such as ink or halftone; empty uses the model's default")
            .default_value(Some(settings.style.as_str()))
            .mutable_playing()
            .build(),
        animated(
            "strength",
            "Strength",
            "How far the picture goes from the source (0) to the comic (1)",
            1.0,
            settings.strength,
        ),
        animated(
            "steadiness",
            "Steadiness",
            "How much of the previous frame is kept where motion can be followed: 0 draws each frame anew, 1 is the \
             calmest",
            1.0,
            settings.steadiness,
        ),
        animated(
            "ink",
            "Ink",
            "Weight of lines and blacks: 0 leaves them out, 1 is as the style draws them, 2 the heaviest",
            2.0,
            settings.ink,
        ),
        animated(
            "screen-size",
            "Screen size",
            "Distance between printed dots in pixels of the output, in styles that have dots; 0 chooses it by the \
             picture's size",
            256.0,
            settings.screen_size_px,
        ),
        glib::ParamSpecEnum::builder_with_default::<Screen>("screen", settings.screen.into())
            .nick("Screen")
            .blurb("Whether styles that have dots print them")
            .mutable_playing()
            .build(),
        glib::ParamSpecEnum::builder_with_default::<ScreenAnchor>("screen-anchor", settings.screen_anchor.into())
            .nick("Screen anchor")
            .blurb("What printed dots are fixed to")
            .mutable_playing()
            .build(),
        glib::ParamSpecUInt::builder("report-interval")
            .nick("Report interval")
            .blurb(
                "Milliseconds of stream time between two element messages \"comicstyle-report\" with frames, flicker, \
                 carried share, scene cuts and milliseconds a frame; 0 posts none",
            )
            .maximum(3_600_000)
            .default_value(report_interval_ms)
            .mutable_playing()
            .build(),
        glib::ParamSpecEnum::builder_with_default::<Compare>("compare", settings.compare.into())
            .nick("Compare")
            .blurb("Whether the source is shown beside the comic; side-by-side doubles the width")
            .mutable_playing()
            .build(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_they_were_set() {
        let mut properties = Properties::default();
        for description in Properties::descriptions() {
            let name = description.name();
            assert_eq!(
                format!("{:?}", properties.get(description)),
                format!("{:?}", description.default_value()),
                "default of {name}"
            );
            if !description.flags().contains(glib::ParamFlags::WRITABLE) {
                continue;
            }
            let value = match name {
                "threads" | "batch-window" | "report-interval" => 3u32.to_value(),
                "working-size" => "640x360".to_value(),
                "screen" => Screen::None.to_value(),
                "screen-anchor" => ScreenAnchor::Scene.to_value(),
                "compare" => Compare::Split.to_value(),
                "model" | "device" | "precision" | "style" => "something".to_value(),
                _ => 0.3f64.to_value(),
            };
            properties.set(name, &value);
            assert_eq!(format!("{:?}", properties.get(description)), format!("{value:?}"), "{name}");
        }
    }

    #[test]
    fn no_text_means_empty() {
        let mut properties = Properties::default();
        properties.set("style", &None::<String>.to_value());
        properties.set("model", &None::<String>.to_value());
        assert_eq!((properties.settings.style.as_str(), properties.model.as_str()), ("", ""));
    }
}
