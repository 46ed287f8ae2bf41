use std::path::PathBuf;

use clap::{Args, ValueEnum};
use gstreamer as gst;
use gstreamer::prelude::*;
use inkcast_generator::Package;
use inkcast_stylize::{Compare, Compute, DeviceChoice, PrecisionChoice, Screen, ScreenAnchor, Settings, WorkingSize};

use crate::failure::Failure;
use crate::packages;

/// How the comic looks and where it is computed: the same flags for files, stills and live streams.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Style")]
pub struct StyleArgs {
    /// Style by name, as `inkcast styles` lists them [default: the model's default]
    #[arg(long, value_name = "NAME")]
    pub style: Option<String>,
    /// How much of the style: 0 is the source, 1 the full comic
    #[arg(long, value_name = "0..1", default_value_t = Settings::default().strength, value_parser = unit)]
    pub strength: f32,
    /// How much of the previous frame is kept: 0 draws every frame anew, 1 is as steady as motion allows
    #[arg(long, value_name = "0..1", default_value_t = Settings::default().steadiness, value_parser = unit)]
    pub steadiness: f32,
    /// Weight of lines and blacks: 0 leaves them out, 1 is as the style draws them
    #[arg(long, value_name = "0..2", default_value_t = Settings::default().ink, value_parser = double)]
    pub ink: f32,
    /// Distance of printed dots in pixels, for styles with dots; 0 chooses it by the size of the picture
    #[arg(long, value_name = "PIXELS", default_value_t = Settings::default().screen_size_px, value_parser = period)]
    pub screen_size: f32,
    /// Whether styles that have dots print them
    #[arg(long, value_enum, default_value_t = ScreenArg::Style)]
    pub screen: ScreenArg,
    /// What printed dots are fixed to
    #[arg(long, value_enum, default_value_t = AnchorArg::Page)]
    pub screen_anchor: AnchorArg,
    /// Show the source as well: on the left half (split), or next to the comic (side-by-side)
    #[arg(long, value_enum, default_value_t = CompareArg::None)]
    pub compare: CompareArg,
    /// Folder of a model package, in place of the built-in model
    #[arg(long, value_name = "FOLDER")]
    pub model: Option<PathBuf>,
    /// Where the network runs: auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    pub device: String,
    /// The size at which the network runs: full, WxH (the largest that fits, such as 640x360), or auto (as large as leaves
    /// frames done in time, for live streams)
    #[arg(long, value_name = "SIZE", default_value_t = WorkingSize::default())]
    pub working_size: WorkingSize,
    /// The numbers that the network runs in on a CPU: auto (int8 where the model is prepared for it
    /// and the processor gains), f32 or int8
    #[arg(long, default_value_t = PrecisionChoice::default())]
    pub precision: PrecisionChoice,
    /// Threads that frames are drawn on; 0 is one for each core
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1024))]
    pub threads: u32,
}

/// [`Compare`] as the command line spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompareArg {
    /// The comic only
    None,
    /// Left half source, right half comic
    Split,
    /// Source and comic next to each other, twice as wide
    SideBySide,
}

/// [`Screen`] as the command line spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScreenArg {
    /// As the style has them
    Style,
    /// Flat colour in every style
    None,
}

/// [`ScreenAnchor`] as the command line spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AnchorArg {
    /// The page: dots stand still, as on paper
    Page,
    /// The scene: dots follow the camera
    Scene,
}

/// The name of a choice, as the command line and the element's properties spell it.
fn name_of(choice: impl ValueEnum) -> String {
    choice.to_possible_value().map(|value| value.get_name().to_string()).unwrap_or_default()
}

fn unit(text: &str) -> Result<f32, String> {
    number(text, 1.0)
}

fn double(text: &str) -> Result<f32, String> {
    number(text, 2.0)
}

fn period(text: &str) -> Result<f32, String> {
    number(text, 256.0)
}

fn number(text: &str, most: f32) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if (0.0..=most).contains(&value) => Ok(value),
        _ => Err(format!("a number from 0 to {most} is needed")),
    }
}

impl StyleArgs {
    /// Opens the model and checks that it has the style and that the device is one, before any other work.
    pub fn open_model(&self) -> Result<(Package, Compute), Failure> {
        let wrong = |error: &dyn std::fmt::Display| Failure::Model(error.to_string());
        let device: DeviceChoice = self.device.parse().map_err(|error| wrong(&error))?;
        device.check().map_err(|error| wrong(&error))?;
        let package = open_package(self.model.as_deref())?;
        package.style(self.style_name()).map_err(|error| wrong(&error))?;
        Ok((
            package,
            Compute { device, precision: self.precision, threads: self.threads as usize, ..Compute::default() },
        ))
    }

    /// The settings of a frame.
    pub fn settings(&self) -> Settings {
        Settings {
            style: self.style_name().to_string(),
            strength: self.strength,
            steadiness: self.steadiness,
            ink: self.ink,
            screen_size_px: self.screen_size,
            working_size: self.working_size,
            frame_budget: None,
            screen: match self.screen {
                ScreenArg::Style => Screen::Style,
                ScreenArg::None => Screen::None,
            },
            screen_anchor: match self.screen_anchor {
                AnchorArg::Page => ScreenAnchor::Page,
                AnchorArg::Scene => ScreenAnchor::Scene,
            },
            compare: match self.compare {
                CompareArg::None => Compare::None,
                CompareArg::Split => Compare::Split,
                CompareArg::SideBySide => Compare::SideBySide,
            },
        }
    }

    /// The element with these settings.
    pub fn element(&self) -> Result<gst::Element, Failure> {
        let element = packages::make("comicstyle")?;
        for (name, value) in self.properties() {
            element.set_property_from_str(name, &value);
        }
        Ok(element)
    }

    /// The properties of `comicstyle` in which these settings differ from its defaults.
    pub fn properties(&self) -> Vec<(&'static str, String)> {
        let defaults = Settings::default();
        let mut properties = Vec::new();
        let mut add = |name, value: String, differs: bool| {
            if differs {
                properties.push((name, value));
            }
        };
        add("style", self.style_name().to_string(), self.style.is_some());
        add("strength", self.strength.to_string(), self.strength != defaults.strength);
        add("steadiness", self.steadiness.to_string(), self.steadiness != defaults.steadiness);
        add("ink", self.ink.to_string(), self.ink != defaults.ink);
        add("screen-size", self.screen_size.to_string(), self.screen_size != defaults.screen_size_px);
        add("working-size", self.working_size.to_string(), self.working_size != defaults.working_size);
        add("screen", name_of(self.screen), self.screen != ScreenArg::Style);
        add("screen-anchor", name_of(self.screen_anchor), self.screen_anchor != AnchorArg::Page);
        add("compare", name_of(self.compare), self.compare != CompareArg::None);
        let model = self.model.as_deref().map(|folder| folder.display().to_string());
        add("model", model.unwrap_or_default(), self.model.is_some());
        add("device", self.device.clone(), self.device != "auto");
        add("precision", self.precision.to_string(), self.precision != PrecisionChoice::default());
        add("threads", self.threads.to_string(), self.threads != 0);
        properties
    }

    fn style_name(&self) -> &str {
        self.style.as_deref().unwrap_or_default()
    }
}

/// The package in `folder`, or the built-in one.
pub fn open_package(folder: Option<&std::path::Path>) -> Result<Package, Failure> {
    match folder {
        Some(folder) => Package::open(folder),
        None => Package::embedded(),
    }
    .map_err(|error| Failure::Model(error.to_string()))
}
