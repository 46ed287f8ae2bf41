use anyhow::{Result, ensure};
use image::{ImageFormat, RgbImage};
use inkcast_frame::Plane;
use rand::Rng;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use crate::looks::blur::gaussian;
use crate::pictures::to_byte;

/// How inputs are damaged while targets stay those of the clean picture. It teaches the network to draw the same line
/// whatever the camera adds, which is what keeps a video steady.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Damage {
    /// Largest standard deviation of noise; each crop draws its own, evenly from zero.
    pub noise: f32,
    /// Share of crops that go through JPEG at a quality of 30 to 90.
    pub jpeg: f32,
    /// Share of crops that are blurred by 0.3 to 0.9 pixels.
    pub blur: f32,
    /// Largest relative change of exposure.
    pub exposure: f32,
    /// Largest relative change of a single colour channel.
    pub colour: f32,
}

impl Damage {
    /// Refuses numbers out of range by their key.
    pub fn validate(&self) -> Result<()> {
        let Damage { noise, jpeg, blur, exposure, colour } = *self;
        for (key, value) in
            [("noise", noise), ("jpeg", jpeg), ("blur", blur), ("exposure", exposure), ("colour", colour)]
        {
            ensure!((0.0..=1.0).contains(&value), "damage.{key} is {value}, it must lie in 0..1");
        }
        Ok(())
    }

    /// Draws what happens to one crop, or to all frames of a sequence: a camera keeps its faults.
    pub(super) fn draw(&self, rng: &mut StdRng) -> Faults {
        let exposure = 1.0 + symmetric(rng, self.exposure);
        Faults {
            exposure: std::array::from_fn(|_| exposure * (1.0 + symmetric(rng, self.colour))),
            blur: (rng.random::<f32>() < self.blur).then(|| rng.random_range(0.3..0.9)),
            noise: self.noise * rng.random::<f32>(),
            jpeg: (rng.random::<f32>() < self.jpeg).then(|| rng.random_range(30..=90)),
        }
    }
}

/// The faults of a camera.
pub(super) struct Faults {
    /// Factor on each colour channel.
    exposure: [f32; 3],
    /// Standard deviation of the blur in pixels.
    blur: Option<f32>,
    /// Standard deviation of the noise.
    noise: f32,
    /// Quality.
    jpeg: Option<u8>,
}

impl Faults {
    /// Damages three planes of `size * size` values in 0..1, exposed by `exposure` more. The noise is new every time.
    pub fn apply(&self, planes: &mut [f32], size: usize, exposure: f32, rng: &mut StdRng) {
        for (plane, factor) in planes.chunks_exact_mut(size * size).zip(self.exposure) {
            plane.iter_mut().for_each(|value| *value = (*value * factor * exposure).min(1.0));
            if let Some(sigma) = self.blur {
                let blurred = gaussian(&Plane::from_fn(size, size, |x, y| plane[y * size + x]), sigma);
                plane.copy_from_slice(blurred.data());
            }
        }
        planes.iter_mut().for_each(|value| *value = (*value + self.noise * bell(rng)).clamp(0.0, 1.0));
        if let Some(quality) = self.jpeg {
            through_jpeg(planes, size, quality);
        }
    }
}

/// Evenly from `-limit..limit`.
fn symmetric(rng: &mut StdRng, limit: f32) -> f32 {
    limit * (2.0 * rng.random::<f32>() - 1.0)
}

/// Nearly normal with standard deviation one: the sum of four even numbers, from one draw of 64 bits.
fn bell(rng: &mut StdRng) -> f32 {
    let bits: u64 = rng.random();
    let sum: u32 = (0..4).map(|part| (bits >> (16 * part)) as u32 & 0xffff).sum();
    (sum as f32 / 65535.0 - 2.0) * 3f32.sqrt()
}

fn through_jpeg(planes: &mut [f32], size: usize, quality: u8) {
    let pixels = size * size;
    let picture = RgbImage::from_fn(size as u32, size as u32, |x, y| {
        let index = y as usize * size + x as usize;
        image::Rgb([0, 1, 2].map(|channel| to_byte(planes[channel * pixels + index])))
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality);
    picture.write_with_encoder(encoder).expect("writing to memory does not fail");
    let decoded = image::load_from_memory_with_format(bytes.get_ref(), ImageFormat::Jpeg);
    let decoded = decoded.expect("what was just encoded can be decoded").to_rgb8();
    for (index, pixel) in decoded.pixels().enumerate() {
        for channel in 0..3 {
            planes[channel * pixels + index] = f32::from(pixel.0[channel]) / 255.0;
        }
    }
}
