use anyhow::{Result, ensure};
use candle_core::{Device, Tensor};
use rand::{Rng, SeedableRng, rngs::StdRng};
use rayon::prelude::*;

use super::window::Window;
use super::{Augment, ClipSequence, Damage, Example, Sequences};
use crate::looks::Look;

/// Crops to train on: single frames, or sequences of frames, made of stills by known motion or taken from clips.
pub struct Batch {
    /// Damaged pictures `[N, 3, size, size]`, the oldest frame first.
    pub frames: Vec<Tensor>,
    /// How each frame but the first is reached from the one before.
    pub links: Vec<Link>,
    /// Layers `[N, 4, size, size]` of the last frame without damage.
    pub target: Tensor,
}

impl Batch {
    /// The same on another device.
    pub fn to_device(&self, device: &Device) -> Result<Batch> {
        let moved = |link: &Link| {
            Ok(Link { places: link.places.to_device(device)?, confidence: link.confidence.to_device(device)? })
        };
        Ok(Batch {
            frames: self.frames.iter().map(|frame| Ok(frame.to_device(device)?)).collect::<Result<_>>()?,
            links: self.links.iter().map(moved).collect::<Result<_>>()?,
            target: self.target.to_device(device)?,
        })
    }
}

/// Where a frame finds itself in the frame before.
pub struct Link {
    /// x and y in pixels for each pixel, `[N, 2, size, size]`, as [`crate::ops::warp`] takes them.
    pub places: Tensor,
    /// Trust in what is there, 0..1, `[N, 1, size, size]`: zero outside the picture and where something covered it.
    pub confidence: Tensor,
}

/// What to draw.
pub struct Drawing<'a> {
    /// Whose layers are the target.
    pub look: Look,
    /// How many crops.
    pub count: usize,
    /// Their side in pixels.
    pub size: usize,
    /// How they are turned.
    pub augment: &'a Augment,
    /// What a camera does to them.
    pub damage: &'a Damage,
    /// How they move; `None` for single frames.
    pub sequences: Option<&'a Sequences>,
    /// What sequences of clips are taken from.
    pub clips: &'a [ClipSequence],
}

/// Draws random crops, half of them mirrored. The same seed draws the same crops. Every example and every clip must have
/// `size` pixels in both directions.
pub fn draw(examples: &[Example], drawing: &Drawing<'_>, seed: u64, device: &Device) -> Result<Batch> {
    ensure!(!examples.is_empty(), "there are no examples to draw crops from");
    let wants_clips = drawing.sequences.is_some_and(|sequences| sequences.clips > 0.0);
    ensure!(!(wants_clips && drawing.clips.is_empty()), "there are no sequences of clips to draw crops from");
    let mut rng = StdRng::seed_from_u64(seed);
    let seeds: Vec<u64> = (0..drawing.count).map(|_| rng.random()).collect();
    let crops: Vec<Crop> = seeds.into_par_iter().map(|seed| crop(examples, drawing, seed)).collect();
    let stack = |channels: usize, part: &dyn Fn(&Crop) -> &[f32]| -> Result<Tensor> {
        let values: Vec<f32> = crops.iter().flat_map(part).copied().collect();
        Ok(Tensor::from_vec(values, (drawing.count, channels, drawing.size, drawing.size), device)?)
    };
    let frames = (0..crops[0].frames.len()).map(|index| stack(3, &|crop| &crop.frames[index]));
    let links = (0..crops[0].links.len()).map(|index| {
        let places = stack(2, &|crop| &crop.links[index].0)?;
        Ok(Link { places, confidence: stack(1, &|crop| &crop.links[index].1)? })
    });
    Ok(Batch {
        frames: frames.collect::<Result<_>>()?,
        links: links.collect::<Result<_>>()?,
        target: stack(4, &|crop| &crop.target)?,
    })
}

/// One element of a batch, as planes.
struct Crop {
    frames: Vec<Vec<f32>>,
    /// Places and confidence.
    links: Vec<(Vec<f32>, Vec<f32>)>,
    target: Vec<f32>,
}

fn crop(examples: &[Example], drawing: &Drawing<'_>, seed: u64) -> Crop {
    let mut rng = StdRng::seed_from_u64(seed);
    let size = drawing.size;
    // Nothing is drawn where there are none, so that adding clips does not change other data.
    if let Some(sequences) = drawing.sequences.filter(|sequences| sequences.clips > 0.0)
        && rng.random::<f32>() < sequences.clips
    {
        return clip_crop(drawing, sequences, &mut rng);
    }
    let example = &examples[rng.random_range(0..examples.len())];
    let window = Window::draw(example, size, drawing.augment, &mut rng);
    let faults = drawing.damage.draw(&mut rng);
    let target = window.planes::<4>(&example.layers[&drawing.look]);
    let mut newest = window.planes::<3>(&example.source);
    let Some(sequences) = drawing.sequences else {
        faults.apply(&mut newest, size, 1.0, &mut rng);
        return Crop { frames: vec![newest], links: Vec::new(), target };
    };

    let motion = sequences.draw(size, &mut rng);
    let occluder = sequences.draw_occluder(size, &mut rng);
    let other = &examples[rng.random_range(0..examples.len())];
    let cover = Window::draw(other, size, &Augment::default(), &mut rng).planes::<3>(&other.source);
    let frames = (0..sequences.frames).rev().map(|k| {
        let mut frame = if k == 0 || motion.is_still() { newest.clone() } else { window.moved(example, &motion, k) };
        if let Some(occluder) = occluder.as_ref().filter(|_| k > 0) {
            occluder.cover(k, &mut frame, &cover, size);
        }
        let exposure = 1.0 + sequences.flicker * rng.random_range(-1.0..=1.0);
        faults.apply(&mut frame, size, exposure, &mut rng);
        frame
    });
    let frames = frames.collect();
    let links = (0..sequences.frames - 1).rev().map(|k| sequences.link(k, size, &motion, occluder.as_ref(), &mut rng));
    Crop { frames, links: links.collect(), target }
}

/// The last frames of a sequence of a clip, all cut by the same window.
fn clip_crop(drawing: &Drawing<'_>, sequences: &Sequences, rng: &mut StdRng) -> Crop {
    let ClipSequence { newest, earlier, flows } = &drawing.clips[rng.random_range(0..drawing.clips.len())];
    let window = Window::draw(newest, drawing.size, drawing.augment, rng);
    let faults = drawing.damage.draw(rng);
    let first = (earlier.len() + 1).saturating_sub(sequences.frames);
    let pictures = earlier[first..].iter().chain([&newest.source]);
    let frames = pictures.map(|picture| {
        let mut frame = window.planes::<3>(picture);
        let exposure = 1.0 + sequences.flicker * rng.random_range(-1.0..=1.0);
        faults.apply(&mut frame, drawing.size, exposure, rng);
        frame
    });
    Crop {
        frames: frames.collect(),
        links: flows[first..].iter().map(|flow| window.link(flow)).collect(),
        target: window.planes::<4>(&newest.layers[&drawing.look]),
    }
}
