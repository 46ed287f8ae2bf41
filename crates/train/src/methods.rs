//! The ways of training, by the name that a configuration gives as `method`.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use candle_core::Device;
use inkcast_generator::Package;
use serde::Deserialize;

use crate::gan::conditional::Conditional;
use crate::gan::cycle::Cycle;
use crate::gan::noise::Noise;
use crate::gan::style_based::StyleBasedTraining;
use crate::paired::Paired;
use crate::training::Training;

/// Every method, as `method` names it. The first is used if there is no such key.
pub const METHODS: [&str; 6] = ["paired", "noise", "style-based", "conditional", "double", "cycle"];

/// What a method is opened with.
pub struct Opening<'a> {
    /// Text of the whole configuration.
    pub config: &'a str,
    /// The file that it is from, for errors.
    pub file: &'a Path,
    /// Folder with the data.
    pub data: &'a Path,
    /// Package whose weights a new run starts from.
    pub base: Option<&'a Package>,
    /// Where steps are computed.
    pub device: &'a Device,
}

impl Opening<'_> {
    /// The configuration as `parse` reads it; errors name the file.
    pub fn parsed<C>(&self, parse: impl Fn(&str) -> Result<C>) -> Result<C> {
        parse(self.config).with_context(|| format!("in the configuration {}", self.file.display()))
    }
}

/// Reads the data and makes the networks that a configuration asks for, as they are before the first step.
pub fn open(opening: &Opening) -> Result<Box<dyn Training>> {
    let method = name(opening.config)?;
    let anywhere = opening.device.is_cpu() || method == METHODS[0];
    ensure!(anywhere, "the method \"{method}\" trains on the CPU only: use --device cpu");
    match method.as_str() {
        "paired" => Ok(Box::new(Paired::open(opening)?)),
        "noise" => Ok(Box::new(Noise::open(opening)?)),
        "style-based" => Ok(Box::new(StyleBasedTraining::open(opening)?)),
        "conditional" | "double" => Ok(Box::new(Conditional::open(opening)?)),
        "cycle" => Ok(Box::new(Cycle::open(opening)?)),
        other => bail!(
            "in the configuration {}: there is no method \"{other}\"; there are: {}",
            opening.file.display(),
            METHODS.join(", ")
        ),
    }
}

/// The method that the text of a configuration asks for: its key `method`.
pub fn name(config: &str) -> Result<String> {
    #[derive(Deserialize)]
    struct Configuration {
        method: Option<String>,
    }
    let Configuration { method } = toml::from_str(config)?;
    Ok(method.unwrap_or_else(|| METHODS[0].to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_without_a_method_is_paired() {
        assert_eq!(name("[fit]\nsteps = 1").unwrap(), "paired");
        assert_eq!(name("method = \"cycle\"\n[fit]\nsteps = 1").unwrap(), "cycle");
    }

    #[test]
    fn an_unknown_method_is_named_with_those_there_are() {
        let opening = Opening {
            config: "method = \"pared\"",
            file: Path::new("a.toml"),
            data: Path::new("nowhere"),
            base: None,
            device: &Device::Cpu,
        };
        let error = open(&opening).err().unwrap().to_string();
        assert!(error.contains("a.toml") && error.contains("\"pared\"") && error.contains("paired"), "{error}");
    }
}
