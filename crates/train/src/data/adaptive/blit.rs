use candle_core::{Result, Tensor};
use rand::Rng;
use rand::rngs::StdRng;

use super::happens;

/// Largest shift as a share of the side.
const SHIFT: f64 = 0.125;

/// A change that moves whole pixels, so that it cannot be seen from interpolation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Blit {
    pub mirrored: bool,
    /// Quarter turns clockwise.
    pub turns: u32,
    /// Pixels to the right and down.
    pub shift: [i64; 2],
}

impl Blit {
    /// Draws each part with this probability, evenly from all there are, the unchanged one too, as the paper does.
    pub fn draw(probability: f64, width: usize, height: usize, rng: &mut StdRng) -> Self {
        let mirrored = happens(probability, rng) && rng.random();
        let turns = match happens(probability, rng) {
            true if width == height => rng.random_range(0..4),
            true => 2 * rng.random_range(0..2),
            false => 0,
        };
        let shift = match happens(probability, rng) {
            true => [width, height].map(|side| (rng.random_range(-SHIFT..=SHIFT) * side as f64).round() as i64),
            false => [0, 0],
        };
        Blit { mirrored, turns, shift }
    }

    /// Moves the pixels of planes `[C, height * width]`.
    pub fn apply(&self, planes: &Tensor, width: usize, height: usize) -> Result<Tensor> {
        if !self.mirrored && self.turns == 0 && self.shift == [0, 0] {
            return Ok(planes.clone());
        }
        let sources = Tensor::new(self.sources(width, height), planes.device())?;
        planes.index_select(&sources, 1)
    }

    /// Which pixel each pixel comes from. First it is mirrored, then turned, then shifted; what a shift lays bare shows
    /// its reflection at the edge.
    pub fn sources(&self, width: usize, height: usize) -> Vec<u32> {
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let source = places.map(|(x, y)| {
            let x = reflected(x as i64 - self.shift[0], width);
            let y = reflected(y as i64 - self.shift[1], height);
            let (x, y) = match self.turns {
                0 => (x, y),
                1 => (y, width - 1 - x),
                2 => (width - 1 - x, height - 1 - y),
                _ => (height - 1 - y, x),
            };
            let x = if self.mirrored { width - 1 - x } else { x };
            (y * width + x) as u32
        });
        source.collect()
    }
}

/// The place inside `0..size` that a place up to `size - 1` outside it mirrors; the edge itself is not repeated.
fn reflected(place: i64, size: usize) -> usize {
    let last = size as i64 - 1;
    let place = place.abs();
    (if place > last { 2 * last - place } else { place }) as usize
}
