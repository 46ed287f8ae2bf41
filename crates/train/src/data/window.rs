use rand::Rng;
use rand::rngs::StdRng;

use super::augment::Pose;
use super::sequence::Motion;
use super::{Augment, Example, Flow};
use crate::ops::Kernel;

/// Where a crop lies in its picture.
pub(super) struct Window {
    /// Size of the whole picture.
    width: usize,
    height: usize,
    /// Side of the crop.
    size: usize,
    /// Place of its first pixel.
    origin: [f32; 2],
    /// Steps from pixel to pixel in its rows and columns.
    right: [f32; 2],
    down: [f32; 2],
}

impl Window {
    /// Draws a crop that lies inside the picture as a whole. A rotation or reduction for which the picture is too small is
    /// left out.
    pub fn draw(example: &Example, size: usize, augment: &Augment, rng: &mut StdRng) -> Self {
        let (width, height) = (example.width, example.height);
        let last = (size - 1) as f32;
        let Pose { mut angle, mut scale, quarters } = augment.draw(rng);
        let shorter = (width.min(height) - 1) as f32;
        if reach(last, angle) / scale > shorter {
            (angle, scale) = (0.0, scale.max(last / shorter));
        }
        let centre = if angle == 0.0 && scale == 1.0 {
            let left = rng.random_range(0..=width - size);
            let top = rng.random_range(0..=height - size);
            [left as f32 + last / 2.0, top as f32 + last / 2.0]
        } else {
            let half = reach(last, angle) / scale / 2.0;
            [width, height].map(|side| half + rng.random::<f32>() * (side as f32 - 1.0 - 2.0 * half))
        };
        let mirrored: bool = rng.random();
        let (sin, cos) = match angle {
            0.0 => (0.0, 1.0),
            angle => angle.sin_cos(),
        };
        let (mut right, mut down) = ([cos / scale, sin / scale], [-sin / scale, cos / scale]);
        for _ in 0..quarters {
            (right, down) = (down, right.map(|step| -step));
        }
        if mirrored {
            right = right.map(|step| -step);
        }
        let origin = [0, 1].map(|axis| centre[axis] - last / 2.0 * (right[axis] + down[axis]));
        Window { width, height, size, origin, right, down }
    }

    /// Takes it out of interleaved bytes, as one plane of 0..1 for each of `N` channels.
    pub fn planes<const N: usize>(&self, bytes: &[u8]) -> Vec<f32> {
        let is_exact = self.right.iter().chain(&self.origin).all(|value| value.fract() == 0.0);
        self.sample(|x, y| {
            let [x, y] = self.place([x as f32, y as f32]);
            match is_exact {
                true => {
                    let pixel = &bytes[(y as usize * self.width + x as usize) * N..][..N];
                    std::array::from_fn(|channel| f32::from(pixel[channel]) / 255.0)
                }
                false => self.between::<N>(bytes, x, y),
            }
        })
    }

    /// What frame `k` of a moving sequence shows; beyond the picture its outermost pixels.
    pub fn moved(&self, example: &Example, motion: &Motion, k: usize) -> Vec<f32> {
        self.sample(|x, y| {
            let [x, y] = self.place(motion.source(k, [x as f32, y as f32]));
            self.between::<3>(&example.source, x, y)
        })
    }

    /// How a picture finds itself in the one before it, both cut by this window: places and confidence, as planes. What lies
    /// outside of the crop is not trusted.
    pub fn link(&self, flow: &Flow) -> (Vec<f32>, Vec<f32>) {
        let ([a, c], [b, d]) = (self.right, self.down);
        let determinant = a * d - b * c;
        let inside = 0.0..=(self.size - 1) as f32;
        let planes = self.sample(|x, y| {
            let (x, y) = (x as f32, y as f32);
            let ([dx, dy], trust) = flow.at(self.place([x, y]));
            // The way in steps of the window.
            let (x, y) = (x + (d * dx - b * dy) / determinant, y + (a * dy - c * dx) / determinant);
            [x, y, if inside.contains(&x) && inside.contains(&y) { trust } else { 0.0 }]
        });
        let (places, confidence) = planes.split_at(2 * self.size * self.size);
        (places.to_vec(), confidence.to_vec())
    }

    fn sample<const N: usize>(&self, value: impl Fn(usize, usize) -> [f32; N]) -> Vec<f32> {
        let pixels = self.size * self.size;
        let mut planes = vec![0.0; N * pixels];
        for y in 0..self.size {
            for x in 0..self.size {
                for (channel, value) in value(x, y).into_iter().enumerate() {
                    planes[channel * pixels + y * self.size + x] = value;
                }
            }
        }
        planes
    }

    /// Where a place of the crop lies in the picture.
    fn place(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        [0, 1].map(|axis| self.origin[axis] + x * self.right[axis] + y * self.down[axis])
    }

    /// The colour between the pixels of the whole picture.
    fn between<const N: usize>(&self, bytes: &[u8], x: f32, y: f32) -> [f32; N] {
        let ((xs, across), (ys, down)) = (Kernel::Cubic.taps(x, self.width), Kernel::Cubic.taps(y, self.height));
        let mut sums = [0.0; N];
        for (y, down) in ys.into_iter().zip(down) {
            for (x, across) in xs.into_iter().zip(across) {
                let pixel = &bytes[(y * self.width + x) * N..][..N];
                sums.iter_mut().zip(pixel).for_each(|(sum, &value)| *sum += down * across * f32::from(value));
            }
        }
        sums.map(|value| (value / 255.0).clamp(0.0, 1.0))
    }
}

/// Distance between the outermost columns of the upright square around a square of this side.
fn reach(side: f32, angle: f32) -> f32 {
    side * (angle.cos() + angle.sin().abs())
}
