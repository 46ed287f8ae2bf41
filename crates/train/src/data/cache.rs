use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};
use image::RgbImage;
use rayon::prelude::*;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::store::{check_finished, folder, name, prepared_files, write_whole};
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

/// What kind of picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// Photos and frames of clips, with the layers of every look.
    Photos,
    /// Comic pictures as they are.
    Comics,
    /// Frames of clips that follow each other, with the motion between them.
    Sequences,
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
    /// Red, green and blue of a comic picture of the same scene, if the data are pairs.
    pub comic: Option<Vec<u8>>,
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
            comic: None,
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

    /// The source as a picture.
    pub fn to_picture(&self) -> RgbImage {
        RgbImage::from_raw(self.width as u32, self.height as u32, self.source.clone())
            .expect("the source has three bytes for each pixel")
    }

    /// Writes it into `folder` as `<name>.safetensors`, all of it or nothing.
    pub fn save(&self, folder: &Path) -> Result<()> {
        let path = folder.join(format!("{}.safetensors", self.name));
        write_whole(&path, &safetensors::serialize(self.tensors()?, None)?)
    }

    /// What a file holds, by name.
    pub(super) fn tensors(&self) -> Result<Vec<(String, TensorView<'_>)>> {
        let view = |bytes, channels| TensorView::new(Dtype::U8, vec![self.height, self.width, channels], bytes);
        let mut tensors = vec![("source".to_string(), view(&self.source, 3)?)];
        for (look, bytes) in &self.layers {
            tensors.push((look.name().to_string(), view(bytes, 4)?));
        }
        if let Some(comic) = &self.comic {
            tensors.push(("comic".to_string(), view(comic, 3)?));
        }
        Ok(tensors)
    }

    fn read(path: &Path, looks: &[Look]) -> Result<Self> {
        Example::unpack(&name(path), &candle_core::safetensors::load(path, &Device::Cpu)?, looks)
    }

    /// The inverse of [`Example::tensors`], with the layers of `looks`; other tensors are passed over.
    pub(super) fn unpack(name: &str, tensors: &HashMap<String, Tensor>, looks: &[Look]) -> Result<Self> {
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
        let mut comic = None;
        if tensors.contains_key("comic") {
            let (size, bytes) = bytes("comic", 3)?;
            ensure!(size == (width, height), "the comic picture has another size than the photo");
            comic = Some(bytes);
        }
        Ok(Example { name: name.to_string(), width, height, source, layers, comic })
    }
}

/// Reads one part of the prepared photos with the layers of `looks`, sorted by name.
pub fn load(data: &Path, split: Split, looks: &[Look]) -> Result<Vec<Example>> {
    load_domain(data, Domain::Photos, split, looks, "more pictures")
}

/// Reads one part of the prepared comic pictures, sorted by name. They have no layers.
pub fn load_comics(data: &Path, split: Split) -> Result<Vec<Example>> {
    load_domain(data, Domain::Comics, split, &[], "--comics")
}

fn load_domain(data: &Path, domain: Domain, split: Split, looks: &[Look], missing: &str) -> Result<Vec<Example>> {
    check_finished(data)?;
    let folder = folder(data, domain, split);
    let paths = prepared_files(&folder)
        .with_context(|| format!("{} is no prepared data: run inkcast-train prepare first", data.display()))?;
    ensure!(!paths.is_empty(), "{} is empty: run inkcast-train prepare with {missing}", folder.display());
    paths
        .par_iter()
        .map(|path| {
            Example::read(path, looks).with_context(|| {
                format!("{} cannot be used: delete it and run inkcast-train prepare again", path.display())
            })
        })
        .collect()
}
