use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};
use image::RgbImage;
use rayon::prelude::*;

use crate::looks::{Layers, Look};
use crate::pictures::to_byte;

/// Which part of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// Seen in training.
    Train,
    /// Only ever used to measure.
    HeldOut,
}

impl Split {
    /// Name of its folder.
    pub fn folder(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::HeldOut => "held-out",
        }
    }
}

/// A picture and what each look makes of it, in bytes.
pub struct Example {
    /// Name of the picture, for reports.
    pub name: String,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Red, green and blue of each pixel, row by row.
    pub source: Vec<u8>,
    /// Red, green, blue and ink of each pixel, for each look.
    pub layers: HashMap<Look, Vec<u8>>,
}

impl Example {
    /// Packs a picture and its layers, all of one size.
    pub fn new(name: &str, source: &RgbImage, layers: &[(Look, Layers)]) -> Self {
        let pack = |layers: &Layers| layers.data().iter().flatten().map(|&value| to_byte(value)).collect();
        Example {
            name: name.to_string(),
            width: source.width() as usize,
            height: source.height() as usize,
            source: source.as_raw().clone(),
            layers: layers.iter().map(|(look, layers)| (*look, pack(layers))).collect(),
        }
    }

    /// A picture with edges, colours and a dark patch, for tests.
    #[cfg(test)]
    pub(crate) fn synthetic(width: u32, height: u32, looks: &[Look]) -> Self {
        let picture = RgbImage::from_fn(width, height, |x, y| {
            image::Rgb(match (x * 3 / width, y * 2 / height) {
                (0, 0) => [240, 200, 40],
                (1, 0) => [40, 90, 220],
                (2, 1) => [8, 10, 12],
                _ => [200, (x * 255 / width) as u8, 120],
            })
        });
        let analysis = crate::looks::Analysis::new(&crate::pictures::to_rgb(&picture));
        let layers: Vec<_> = looks.iter().map(|&look| (look, analysis.layers(look))).collect();
        Example::new("synthetic", &picture, &layers)
    }

    /// Writes it into `folder` as `<name>.safetensors`.
    pub fn save(&self, folder: &Path) -> Result<()> {
        let path = folder.join(format!("{}.safetensors", self.name));
        let tensor =
            |bytes: &[u8], channels| Tensor::from_slice(bytes, (self.height, self.width, channels), &Device::Cpu);
        let mut tensors = HashMap::from([("source".to_string(), tensor(&self.source, 3)?)]);
        for (look, bytes) in &self.layers {
            tensors.insert(look.name().to_string(), tensor(bytes, 4)?);
        }
        candle_core::safetensors::save(&tensors, &path)
            .with_context(|| format!("cannot write the prepared picture {}", path.display()))
    }

    fn read(path: &Path, looks: &[Look]) -> Result<Self> {
        let tensors = candle_core::safetensors::load(path, &Device::Cpu)?;
        let bytes = |name: &str, channels: usize| -> Result<((usize, usize), Vec<u8>)> {
            let tensor = tensors.get(name).with_context(|| format!("it has no layers of the look \"{name}\""))?;
            let (height, width, got) = tensor.dims3()?;
            ensure!(got == channels, "\"{name}\" has {got} channels instead of {channels}");
            Ok(((width, height), tensor.flatten_all()?.to_vec1::<u8>()?))
        };
        let ((width, height), source) = bytes("source", 3)?;
        let mut layers = HashMap::new();
        for &look in looks {
            let (size, bytes) = bytes(look.name(), 4)?;
            ensure!(size == (width, height), "the layers of \"{}\" have another size than the picture", look.name());
            layers.insert(look, bytes);
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Example { name, width, height, source, layers })
    }
}

/// Reads one part of prepared data with the layers of `looks`, sorted by name.
pub fn load(data: &Path, split: Split, looks: &[Look]) -> Result<Vec<Example>> {
    let folder = data.join(split.folder());
    let fail = || format!("{} is no prepared data: run inkcast-train prepare first", data.display());
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .with_context(fail)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()
        .with_context(fail)?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "safetensors"));
    paths.sort();
    ensure!(!paths.is_empty(), "{} is empty: run inkcast-train prepare with more pictures", folder.display());
    paths
        .par_iter()
        .map(|path| {
            Example::read(path, looks).with_context(|| {
                format!("{} cannot be used: delete it or run inkcast-train prepare again", path.display())
            })
        })
        .collect()
}
