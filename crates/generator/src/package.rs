use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Architecture, Folded, Generator, GeneratorError};

const EMBEDDED_MANIFEST: &str = include_str!("../../../models/inkcast-s/model.toml");
const EMBEDDED_WEIGHTS: &[u8] = include_bytes!("../../../models/inkcast-s/model.safetensors");

/// A model that can be run: its description and its network.
#[derive(Debug, Clone)]
pub struct Package {
    manifest: Manifest,
    generator: Generator,
    origin: Origin,
}

/// Where a package came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Compiled into this library.
    Embedded,
    /// Read from this folder.
    Folder(PathBuf),
}

/// `model.toml`: what a package says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Manifest {
    /// Version of the package layout; this library reads 1.
    pub format: u32,
    /// Name of the model.
    pub name: String,
    /// Version of the model, counted by whoever trains it.
    pub version: String,
    /// One sentence for people who choose a model.
    pub description: String,
    /// Licence of the weights, as an SPDX expression.
    pub licence: String,
    /// Style that is used when none is asked for.
    pub default_style: String,
    /// File name of the weights, beside the manifest.
    pub weights: String,
    /// SHA-256 of the weight file in lower-case hexadecimal digits.
    pub sha256: String,
    /// Sizes of the network.
    pub architecture: Architecture,
    /// The styles, in the order they are shown.
    #[serde(rename = "style")]
    pub styles: Vec<Style>,
    /// How the weights were made.
    #[serde(default)]
    pub training: Training,
}

/// One style of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Style {
    /// Name, as users type it. Its vector is the tensor `style.<name>`.
    pub name: String,
    /// One sentence on what it looks like.
    pub description: String,
    /// How its layers are printed.
    #[serde(default)]
    pub screen: Screen,
    /// Colour of unprinted paper, gamma-coded RGB in 0..1.
    #[serde(default = "white_paper")]
    pub paper: [f32; 3],
    /// Upper ends of the activations for 8-bit arithmetic, one for each convolution with a ReLU in the order they run
    /// ([`Architecture::activation_names`]): value = code * end / 255. Empty if the style has not been calibrated; then
    /// it runs in `f32` only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub activations: Vec<f32>,
}

/// The paper of a style that names none, gamma-coded RGB in 0..1.
pub fn white_paper() -> [f32; 3] {
    [1.0; 3]
}

/// Which dots a style's colour is printed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Screen {
    /// Flat colour without dots.
    #[default]
    None,
    /// Dots of yellow, magenta and cyan, each screen at its own angle, as colour comics were printed.
    Process,
    /// Black dots at 45 degrees for the lightness of the colour, as manga screentone.
    Tone,
}

/// How weights were made, for model cards and `inkcast model inspect`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Training {
    /// The command that made them.
    #[serde(default)]
    pub command: String,
    /// The commit it ran at.
    #[serde(default)]
    pub commit: String,
    /// What they were trained on.
    #[serde(default)]
    pub data: String,
    /// Optimiser steps.
    #[serde(default)]
    pub steps: u64,
}

impl Package {
    /// The default model, which is part of this library.
    pub fn embedded() -> Result<Self, GeneratorError> {
        Self::from_bytes("embedded model inkcast-s", EMBEDDED_MANIFEST, EMBEDDED_WEIGHTS, Origin::Embedded)
    }

    /// Reads the package in `folder`: `model.toml` and the weights it names. The path of the manifest itself is
    /// accepted too.
    pub fn open(folder: &Path) -> Result<Self, GeneratorError> {
        let folder = if folder.file_name().is_some_and(|name| name == "model.toml") {
            folder.parent().unwrap_or(Path::new("."))
        } else {
            folder
        };
        let path = folder.join("model.toml");
        folder.metadata().map_err(|source| GeneratorError::Read { path: folder.to_path_buf(), source })?;
        if !path.is_file() {
            return Err(GeneratorError::NotAPackage { path: folder.to_path_buf() });
        }
        let text =
            std::fs::read_to_string(&path).map_err(|source| GeneratorError::Read { path: path.clone(), source })?;
        let manifest = Manifest::parse(&path.display().to_string(), &text)?;
        let weights = folder.join(&manifest.weights);
        let bytes = std::fs::read(&weights).map_err(|source| GeneratorError::Read { path: weights.clone(), source })?;
        Self::build(&weights.display().to_string(), manifest, &bytes, Origin::Folder(folder.to_path_buf()))
    }

    /// Builds a package from the text of its manifest and the bytes of its weights; `name` is used in errors.
    pub fn from_bytes(name: &str, manifest: &str, weights: &[u8], origin: Origin) -> Result<Self, GeneratorError> {
        Self::build(name, Manifest::parse(name, manifest)?, weights, origin)
    }

    fn build(name: &str, manifest: Manifest, weights: &[u8], origin: Origin) -> Result<Self, GeneratorError> {
        let wrong = |reason: String| GeneratorError::Weights { origin: name.to_string(), reason };
        let sha256 = sha256(weights);
        if sha256 != manifest.sha256 {
            let expected = &manifest.sha256;
            return Err(wrong(format!(
                "the checksum is {sha256}, but model.toml says {expected}: the file is damaged or was replaced"
            )));
        }
        let tensors =
            read_tensors(weights).map_err(|error| wrong(format!("these are no safetensors weights: {error}")))?;
        if let Some((name, _)) = tensors.iter().find(|(_, tensor)| !is_finite(tensor)) {
            return Err(wrong(format!("tensor {name} has values that are not finite")));
        }
        let generator = Generator::from_tensors(manifest.architecture, tensors).map_err(|error| match error {
            GeneratorError::Architecture(reason) => {
                wrong(format!("the weights are not those of model.toml's architecture: {reason}"))
            }
            other => other,
        })?;
        if let Some(style) = manifest.styles.iter().find(|style| generator.style(&style.name).is_none()) {
            return Err(wrong(format!("there is no tensor style.{} for the style of that name", style.name)));
        }
        Ok(Package { manifest, generator, origin })
    }

    /// What the package says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The network.
    pub fn generator(&self) -> &Generator {
        &self.generator
    }

    /// Where it came from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The vector `[style_dims]` of the style called `name`.
    pub fn style_vector(&self, name: &str) -> Result<&candle_core::Tensor, GeneratorError> {
        let style = self.style(name)?;
        self.generator.style(&style.name).ok_or_else(|| self.unknown_style(&style.name))
    }

    /// The style called `name`; an empty name means the model's default.
    pub fn style(&self, name: &str) -> Result<&Style, GeneratorError> {
        let Manifest { default_style, styles, .. } = &self.manifest;
        let wanted = if name.is_empty() { default_style } else { name };
        styles.iter().find(|style| style.name == *wanted).ok_or_else(|| self.unknown_style(wanted))
    }

    /// The network with the style called `name` folded in, ready for an engine; an empty name means the default.
    pub fn fold(&self, name: &str) -> Result<Folded, GeneratorError> {
        let activations = &self.style(name)?.activations;
        self.generator.fold(self.style_vector(name)?)?.with_activations(activations)
    }

    fn unknown_style(&self, style: &str) -> GeneratorError {
        let Manifest { name, styles, .. } = &self.manifest;
        let known = styles.iter().map(|style| style.name.clone()).collect();
        GeneratorError::UnknownStyle { model: name.clone(), style: style.to_string(), known }
    }
}

impl Manifest {
    /// Parses and checks the text of a `model.toml`; `name` is used in errors.
    pub fn parse(name: &str, text: &str) -> Result<Self, GeneratorError> {
        let wrong = |reason: String| GeneratorError::Manifest { origin: name.to_string(), reason };
        let manifest: Manifest = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].lines().count().max(1));
            wrong(format!("line {line}: {}", error.message().replace('\n', ", ")))
        })?;
        if manifest.format != 1 {
            return Err(wrong(format!("package format {} is not known, this version reads 1", manifest.format)));
        }
        manifest.architecture.validate().map_err(|error| wrong(error.to_string()))?;
        // The weights lie beside the manifest; a path would let a package read files elsewhere.
        if Path::new(&manifest.weights).file_name().is_none_or(|file| file != manifest.weights.as_str()) {
            return Err(wrong(format!("weights = \"{}\" must be a plain file name", manifest.weights)));
        }
        if !manifest.styles.iter().any(|style| style.name == manifest.default_style) {
            return Err(wrong(format!("default-style \"{}\" is none of the styles", manifest.default_style)));
        }
        for (index, style) in manifest.styles.iter().enumerate() {
            if manifest.styles[..index].iter().any(|earlier| earlier.name == style.name) {
                return Err(wrong(format!("style \"{}\" is there twice", style.name)));
            }
            if !style.paper.iter().all(|value| (0.0..=1.0).contains(value)) {
                return Err(wrong(format!("the paper of style \"{}\" must lie in 0..1", style.name)));
            }
            let (given, needed) = (&style.activations, manifest.architecture.activation_names().len());
            if !given.is_empty() && given.len() != needed {
                let reason = format!("style \"{}\" has {} activations, its network {needed}", style.name, given.len());
                return Err(wrong(reason));
            }
            if !given.iter().all(|end| end.is_finite() && *end > 0.0) {
                return Err(wrong(format!("the activations of style \"{}\" must be finite and above 0", style.name)));
            }
        }
        Ok(manifest)
    }

    /// Writes `weights` and this manifest, its checksum filled in, into `folder`, which is made if it is missing.
    pub fn save(&self, folder: &Path, weights: &[u8]) -> Result<(), GeneratorError> {
        std::fs::create_dir_all(folder)
            .map_err(|source| GeneratorError::Write { path: folder.to_path_buf(), source })?;
        write(&folder.join(&self.weights), weights)?;
        Manifest { sha256: sha256(weights), ..self.clone() }.save_description(folder)
    }

    /// Replaces the `model.toml` of a package by this one and leaves the weights as they are.
    pub fn save_description(&self, folder: &Path) -> Result<(), GeneratorError> {
        let text = toml::to_string(self)
            .map_err(|error| GeneratorError::Manifest { origin: self.name.clone(), reason: error.to_string() })?;
        write(&folder.join("model.toml"), text.as_bytes())
    }
}

/// Writes a file beside its place and moves it there, so that nothing is left half written.
fn write(path: &Path, bytes: &[u8]) -> Result<(), GeneratorError> {
    let beside = path.with_extension("part");
    let written = std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|source| {
        // What is left of a full disk's file is of no use; that it cannot be removed changes nothing.
        std::fs::remove_file(&beside).ok();
        GeneratorError::Write { path: path.to_path_buf(), source }
    })
}

/// SHA-256 of `bytes` in lower-case hexadecimal digits.
fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read_tensors(bytes: &[u8]) -> candle_core::Result<HashMap<String, candle_core::Tensor>> {
    let tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)?;
    tensors.into_iter().map(|(name, tensor)| Ok((name, tensor.to_dtype(DType::F32)?))).collect()
}

fn is_finite(tensor: &candle_core::Tensor) -> bool {
    let values = tensor.flatten_all().and_then(|flat| flat.to_vec1::<f32>());
    values.is_ok_and(|values| values.iter().all(|value| value.is_finite()))
}
