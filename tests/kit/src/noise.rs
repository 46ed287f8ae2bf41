//! Seeded noise in which no two neighbours are alike: a kernel that reads a wrong index gives a wrong result.

use inkcast_frame::{FrameInfo, OwnedFrame, Picture, Plane};

/// The SplitMix64 generator (Steele, Lea, Flood 2014): the same numbers for the same seed, everywhere.
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
}

impl Random {
    /// A generator that starts from `seed`.
    pub fn new(seed: u64) -> Self {
        Random { state: seed }
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in `0..end`. Panics if `end` is zero.
    pub fn below(&mut self, end: usize) -> usize {
        (self.bits() % end as u64) as usize
    }

    /// A number in 0..1, without 1.
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1 << 24) as f32
    }

    /// A number in `least..most`.
    pub fn between(&mut self, least: f32, most: f32) -> f32 {
        least + (most - least) * self.unit()
    }

    /// `len` random bytes.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.bits() as u8).collect()
    }

    /// `len` random numbers in `least..most`.
    pub fn floats(&mut self, len: usize, least: f32, most: f32) -> Vec<f32> {
        (0..len).map(|_| self.between(least, most)).collect()
    }
}

/// Random bytes; each differs from its eight neighbours.
pub fn bytes(width: usize, height: usize, seed: u64) -> Plane<u8> {
    let mut random = Random::new(seed);
    apart(width, height, || random.bits() as u8, |a, b| a != b)
}

/// Random numbers in 0..1; each is at least 1/64 away from its eight neighbours, far more than any tolerance of a test.
pub fn plane(width: usize, height: usize, seed: u64) -> Plane {
    let mut random = Random::new(seed);
    apart(width, height, || random.unit(), |a, b| (a - b).abs() >= 1.0 / 64.0)
}

/// Four planes as [`bytes`] gives them, as the four values of a pixel.
pub fn picture(width: usize, height: usize, seed: u64) -> Picture {
    let planes = [0, 1, 2, 3].map(|channel| bytes(width, height, seed.wrapping_mul(4).wrapping_add(channel)));
    Plane::from_fn(width, height, |x, y| [0, 1, 2, 3].map(|channel| planes[channel].at(x, y)))
}

/// A frame of random bytes.
pub fn frame(info: FrameInfo, seed: u64) -> OwnedFrame {
    let mut random = Random::new(seed);
    let mut frame = OwnedFrame::new(info);
    let mut view = frame.view_mut();
    for plane in 0..info.format.planes() {
        let rows = info.format.plane_layout(plane, info.width, info.height).rows;
        (0..rows).for_each(|y| view.row_mut(plane, y).fill_with(|| random.bits() as u8));
    }
    drop(view);
    frame
}

fn apart<T: Copy + Default>(
    width: usize,
    height: usize,
    mut draw: impl FnMut() -> T,
    differ: impl Fn(T, T) -> bool,
) -> Plane<T> {
    let mut plane = Plane::new(width, height);
    for y in 0..height {
        for x in 0..width {
            let mut value = draw();
            while !earlier_neighbours(x, y, width).all(|(nx, ny)| differ(value, plane.at(nx, ny))) {
                value = draw();
            }
            plane.row_mut(y)[x] = value;
        }
    }
    plane
}

/// The neighbours of a pixel that are drawn before it: left, and the three above.
fn earlier_neighbours(x: usize, y: usize, width: usize) -> impl Iterator<Item = (usize, usize)> {
    [(-1, 0), (-1, -1), (0, -1), (1, -1)].into_iter().filter_map(move |(dx, dy)| {
        let (nx, ny) = (x.checked_add_signed(dx)?, y.checked_add_signed(dy)?);
        (nx < width).then_some((nx, ny))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_decides() {
        assert_eq!(bytes(7, 5, 1), bytes(7, 5, 1));
        assert_ne!(bytes(7, 5, 1), bytes(7, 5, 2));
        // The first output for seed 0 in the authors' reference code.
        assert_eq!(Random::new(0).bits(), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn neighbours_differ() {
        let (bytes, floats) = (bytes(64, 64, 3), plane(64, 64, 3));
        for (x, y) in (0..64 * 64).map(|i| (i % 64, i / 64)) {
            for (nx, ny) in earlier_neighbours(x, y, 64) {
                assert_ne!(bytes.at(x, y), bytes.at(nx, ny));
                assert!((floats.at(x, y) - floats.at(nx, ny)).abs() >= 1.0 / 64.0);
            }
            assert!((0.0..1.0).contains(&floats.at(x, y)));
        }
    }

    #[test]
    fn numbers_spread_over_their_range() {
        let numbers = Random::new(9).floats(10_000, -2.0, 4.0);
        let mean = numbers.iter().sum::<f32>() / 10_000.0;
        assert!((mean - 1.0).abs() < 0.1, "{mean}");
        assert!(numbers.iter().all(|number| (-2.0..4.0).contains(number)));
    }
}
