use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};
use image::RgbImage;
use rayon::prelude::*;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::cache::{Domain, Split};
use super::store::{check_finished, folder, name, prepared_files, write_whole};
use super::{Example, Flow};
use crate::looks::Look;

/// Frames of a stored sequence, the most that are trained on.
pub(super) const LENGTH: usize = 4;

/// Frames of a clip that follow each other. Only what the last one should look like is known: that is what a network is
/// to draw when it has seen the others.
pub struct ClipSequence {
    /// The last frame with the layers of every look.
    pub newest: Example,
    /// Red, green and blue of the frames before, the oldest first, of the same size.
    pub earlier: Vec<Vec<u8>>,
    /// Motion from each frame but the first to the one before.
    pub flows: Vec<Flow>,
}

impl ClipSequence {
    /// Finds the motion between frames of one size, the last of which is `newest`.
    pub(super) fn new(frames: &[RgbImage], newest: Example) -> Result<Self> {
        let flows = frames.windows(2).map(|pair| Flow::estimate(&pair[0], &pair[1])).collect::<Result<_>>()?;
        let earlier = frames.iter().rev().skip(1).rev().map(|frame| frame.as_raw().clone()).collect();
        Ok(ClipSequence { newest, earlier, flows })
    }

    /// Writes it into `folder` under the name of its last frame, all of it or nothing.
    pub(super) fn save(&self, folder: &Path) -> Result<()> {
        let mut tensors = self.newest.tensors()?;
        for (number, frame) in self.earlier.iter().enumerate() {
            let shape = vec![self.newest.height, self.newest.width, 3];
            tensors.push((format!("earlier.{number}"), TensorView::new(Dtype::U8, shape, frame)?));
        }
        for (number, flow) in self.flows.iter().enumerate() {
            tensors.extend(flow.tensors(number)?);
        }
        let path = folder.join(format!("{}.safetensors", self.newest.name));
        write_whole(&path, &safetensors::serialize(tensors, None)?)
    }

    fn read(path: &Path, looks: &[Look]) -> Result<Self> {
        let tensors = candle_core::safetensors::load(path, &Device::Cpu)?;
        let newest = Example::unpack(&name(path), &tensors, looks)?;
        let size = (newest.width, newest.height);
        let earlier = |number: usize| frame(&tensors, number, size);
        let flow = |number: usize| Flow::unpack(&tensors, number, size);
        Ok(ClipSequence {
            earlier: (0..LENGTH - 1).map(earlier).collect::<Result<_>>()?,
            flows: (0..LENGTH - 1).map(flow).collect::<Result<_>>()?,
            newest,
        })
    }
}

fn frame(tensors: &HashMap<String, Tensor>, number: usize, (width, height): (usize, usize)) -> Result<Vec<u8>> {
    let name = format!("earlier.{number}");
    let tensor = tensors.get(&name).with_context(|| format!("it has no \"{name}\""))?;
    ensure!(tensor.dims() == [height, width, 3], "\"{name}\" has another size than the last frame");
    Ok(tensor.flatten_all()?.to_vec1()?)
}

/// Reads the sequences of clips to train on, sorted by name, with the layers of `looks`. Data may have none.
pub fn load_clip_sequences(data: &Path, looks: &[Look]) -> Result<Vec<ClipSequence>> {
    check_finished(data)?;
    let folder = folder(data, Domain::Sequences, Split::Train);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let read = |path: &std::path::PathBuf| {
        ClipSequence::read(path, looks).with_context(|| {
            format!("{} cannot be used: delete it and run inkcast-train prepare again", path.display())
        })
    };
    prepared_files(&folder)?.par_iter().map(read).collect()
}

#[cfg(test)]
mod tests;
