//! Moving pictures whose flow is known exactly: a smooth texture, given as a function of continuous coordinates, is
//! sampled where each pixel comes from. Nothing is interpolated, so what a test measures is the estimate's error alone.

use std::f32::consts::TAU;

use inkcast_frame::{Picture, Plane};

use crate::noise::Random;

/// A smooth pattern over the whole plane with values in 0..1: waves of many directions with wavelengths of 8 to 64 pixels.
#[derive(Debug, Clone)]
pub struct Texture {
    waves: Vec<Wave>,
}

#[derive(Debug, Clone, Copy)]
struct Wave {
    /// Radians a pixel to the right and downwards.
    x: f32,
    y: f32,
    phase: f32,
    weight: f32,
}

impl Texture {
    /// The pattern that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let waves: Vec<Wave> = (0..16)
            .map(|_| {
                let wavelength_px = 8.0 * 8.0f32.powf(random.unit());
                let (sin, cos) = (TAU * random.unit()).sin_cos();
                let step = TAU / wavelength_px;
                // Long waves are stronger, as in photographs.
                Wave { x: step * cos, y: step * sin, phase: TAU * random.unit(), weight: wavelength_px.sqrt() }
            })
            .collect();
        let sum: f32 = waves.iter().map(|wave| wave.weight).sum();
        Texture { waves: waves.into_iter().map(|wave| Wave { weight: wave.weight / sum, ..wave }).collect() }
    }

    /// The value at `(x, y)` in pixels.
    pub fn at(&self, x: f32, y: f32) -> f32 {
        let sum: f32 = self.waves.iter().map(|wave| wave.weight * (wave.x * x + wave.y * y + wave.phase).sin()).sum();
        // The waves seldom agree: twice the contrast fills the range, and a soft limit keeps it smooth.
        0.5 + 0.5 * (2.0 * sum).tanh()
    }
}

/// How a picture moves from one frame to the next, about its middle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Motion {
    /// Not at all.
    Still,
    /// The flow of every pixel is `(dx, dy)`: what is at `(x, y)` now was at `(x + dx, y + dy)`.
    Shift(f32, f32),
    /// By this many degrees.
    Rotation(f32),
    /// What was one pixel long is now this many pixels long.
    Zoom(f32),
}

/// A texture that moves in a frame of `width` x `height` pixels.
#[derive(Debug, Clone)]
pub struct Scene {
    /// What is seen.
    pub texture: Texture,
    /// How it moves.
    pub motion: Motion,
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
}

impl Scene {
    /// The texture of `seed`, moved by `motion`.
    pub fn new(seed: u64, motion: Motion, width: usize, height: usize) -> Self {
        Scene { texture: Texture::new(seed), motion, width, height }
    }

    /// Frame number `index`, as luma in 0..1.
    pub fn frame(&self, index: usize) -> Plane {
        Plane::from_fn(self.width, self.height, |x, y| {
            let (x, y) = self.source(x, y, index as f32);
            self.texture.at(x, y)
        })
    }

    /// Frame number `index` in colour: three parts of the texture as red, green and blue, with luma after BT.709.
    pub fn picture(&self, index: usize) -> Picture {
        Plane::from_fn(self.width, self.height, |x, y| {
            let (x, y) = self.source(x, y, index as f32);
            let [r, g, b] = [0.0, 311.0, 747.0].map(|offset| self.texture.at(x + offset, y - offset));
            [r, g, b, 0.2126 * r + 0.7152 * g + 0.0722 * b].map(|value| (255.0 * value + 0.5) as u8)
        })
    }

    /// The true flow of every frame to the one before it, `[dx, dy]` in pixels. It may lead out of the frame.
    pub fn flow(&self) -> Plane<[f32; 2]> {
        Plane::from_fn(self.width, self.height, |x, y| {
            let (from_x, from_y) = self.source(x, y, 1.0);
            [from_x - x as f32, from_y - y as f32]
        })
    }

    /// Where pixel `(x, y)` lay `frames` frames ago.
    fn source(&self, x: usize, y: usize, frames: f32) -> (f32, f32) {
        let middle = ((self.width - 1) as f32 / 2.0, (self.height - 1) as f32 / 2.0);
        let (x, y) = (x as f32 - middle.0, y as f32 - middle.1);
        let (x, y) = match self.motion {
            Motion::Still => (x, y),
            Motion::Shift(dx, dy) => (x + frames * dx, y + frames * dy),
            Motion::Rotation(degrees) => {
                let (sin, cos) = (frames * degrees).to_radians().sin_cos();
                (cos * x - sin * y, sin * x + cos * y)
            }
            Motion::Zoom(factor) => (x / factor.powf(frames), y / factor.powf(frames)),
        };
        (x + middle.0, y + middle.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texture_is_smooth_and_fills_its_range() {
        let frame = Scene::new(1, Motion::Still, 200, 200).frame(0);
        let (least, most) = frame.data().iter().fold((1.0f32, 0.0f32), |(a, b), &v| (a.min(v), b.max(v)));
        assert!((0.0..0.3).contains(&least) && (0.7..=1.0).contains(&most), "{least} {most}");
        for row in frame.data().chunks(200) {
            assert!(row.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 0.4));
        }
    }

    #[test]
    fn flow_leads_to_the_same_value_in_the_previous_frame() {
        for motion in [Motion::Still, Motion::Shift(2.0, -3.0)] {
            let scene = Scene::new(2, motion, 40, 30);
            let (previous, current, flow) = (scene.frame(4), scene.frame(5), scene.flow());
            for (x, y) in (5..35).flat_map(|x| (5..25).map(move |y| (x, y))) {
                let [dx, dy] = flow.at(x, y);
                let from = previous.at_clamped((x as f32 + dx) as isize, (y as f32 + dy) as isize);
                assert!((current.at(x, y) - from).abs() < 1e-3, "{motion:?} at {x}, {y}");
            }
        }
    }

    #[test]
    fn turning_and_zooming_go_about_the_middle() {
        let quarter = Scene::new(3, Motion::Rotation(90.0), 5, 5);
        assert!(quarter.flow().at(2, 2).iter().all(|d| d.abs() < 1e-5));
        // The right edge comes from the bottom edge.
        let [dx, dy] = quarter.flow().at(4, 2);
        assert!((dx + 2.0).abs() < 1e-5 && (dy - 2.0).abs() < 1e-5, "{dx} {dy}");

        let zoom = Scene::new(3, Motion::Zoom(2.0), 5, 5);
        assert_eq!(zoom.flow().at(4, 0), [-1.0, 1.0]);
    }
}
