use anyhow::{Result, ensure};
use candle_core::{Device, Tensor};
use rand::{Rng, SeedableRng, rngs::StdRng};
use rayon::prelude::*;

use super::sequence::Motion;
use super::{Damage, Example, Sequences};
use crate::looks::Look;
use crate::ops::Kernel;

/// Crops to train on: single frames, or sequences of frames made of stills by known motion.
pub struct Batch {
    /// Damaged pictures `[N, 3, size, size]`, the oldest frame first.
    pub frames: Vec<Tensor>,
    /// How each frame but the first is reached from the one before.
    pub links: Vec<Link>,
    /// Layers `[N, 4, size, size]` of the last frame without damage.
    pub target: Tensor,
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
    /// What a camera does to them.
    pub damage: &'a Damage,
    /// How they move; `None` for single frames.
    pub sequences: Option<&'a Sequences>,
}

/// Draws random crops, half of them mirrored. The same seed draws the same crops. Every example must have `size` pixels
/// in both directions.
pub fn draw(examples: &[Example], drawing: &Drawing<'_>, seed: u64, device: &Device) -> Result<Batch> {
    ensure!(!examples.is_empty(), "there are no examples to draw crops from");
    let mut rng = StdRng::seed_from_u64(seed);
    let seeds: Vec<u64> = (0..drawing.count).map(|_| rng.random()).collect();
    let crops: Vec<Crop> = seeds.into_par_iter().map(|seed| crop(examples, drawing, seed)).collect();
    let stack = |channels: usize, part: &dyn Fn(&Crop) -> &[f32]| -> Result<Tensor> {
        let values: Vec<f32> = crops.iter().flat_map(|crop| part(crop)).copied().collect();
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
    let example = &examples[rng.random_range(0..examples.len())];
    let window = Window::draw(example, size, &mut rng);
    let faults = drawing.damage.draw(&mut rng);
    let target = window.planes(&example.layers[&drawing.look], 4);
    let mut newest = window.planes(&example.source, 3);
    let Some(sequences) = drawing.sequences else {
        faults.apply(&mut newest, size, 1.0, &mut rng);
        return Crop { frames: vec![newest], links: Vec::new(), target };
    };

    let motion = sequences.draw(size, &mut rng);
    let occluder = sequences.draw_occluder(size, &mut rng);
    let other = &examples[rng.random_range(0..examples.len())];
    let cover = Window::draw(other, size, &mut rng).planes(&other.source, 3);
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

/// Where a crop lies.
struct Window {
    /// Size of the whole picture.
    width: usize,
    height: usize,
    left: usize,
    top: usize,
    size: usize,
    mirrored: bool,
}

impl Window {
    fn draw(example: &Example, size: usize, rng: &mut StdRng) -> Self {
        let left = rng.random_range(0..=example.width - size);
        let top = rng.random_range(0..=example.height - size);
        Window { width: example.width, height: example.height, left, top, size, mirrored: rng.random() }
    }

    /// Takes it out of interleaved bytes, as one plane of 0..1 for each channel.
    fn planes(&self, bytes: &[u8], channels: usize) -> Vec<f32> {
        let pixels = self.size * self.size;
        let mut planes = vec![0.0; channels * pixels];
        for y in 0..self.size {
            let start = ((self.top + y) * self.width + self.left) * channels;
            let row = &bytes[start..start + self.size * channels];
            for (x, pixel) in row.chunks_exact(channels).enumerate() {
                let x = if self.mirrored { self.size - 1 - x } else { x };
                for (channel, &value) in pixel.iter().enumerate() {
                    planes[channel * pixels + y * self.size + x] = f32::from(value) / 255.0;
                }
            }
        }
        planes
    }

    /// What frame `k` of a moving sequence shows; beyond the picture its outermost pixels.
    fn moved(&self, example: &Example, motion: &Motion, k: usize) -> Vec<f32> {
        let pixels = self.size * self.size;
        let mut planes = vec![0.0; 3 * pixels];
        let last = self.size as f32 - 1.0;
        for y in 0..self.size {
            for x in 0..self.size {
                let [px, py] = motion.source(k, [x as f32, y as f32]);
                let px = if self.mirrored { last - px } else { px };
                let rgb = self.read(&example.source, self.left as f32 + px, self.top as f32 + py);
                for (channel, value) in rgb.into_iter().enumerate() {
                    planes[channel * pixels + y * self.size + x] = value;
                }
            }
        }
        planes
    }

    /// The colour between the pixels of the whole picture.
    fn read(&self, bytes: &[u8], x: f32, y: f32) -> [f32; 3] {
        let ((xs, across), (ys, down)) = (Kernel::Cubic.taps(x, self.width), Kernel::Cubic.taps(y, self.height));
        let mut rgb = [0.0; 3];
        for (y, down) in ys.into_iter().zip(down) {
            for (x, across) in xs.into_iter().zip(across) {
                let pixel = &bytes[(y * self.width + x) * 3..][..3];
                rgb.iter_mut().zip(pixel).for_each(|(sum, &value)| *sum += down * across * f32::from(value));
            }
        }
        rgb.map(|value| (value / 255.0).clamp(0.0, 1.0))
    }
}
