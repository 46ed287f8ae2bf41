//! Smaller versions of a picture's luma, for motion estimation.

#[cfg(feature = "cuda")]
pub mod cuda;

use inkcast_frame::{Picture, Plane};
use rayon::prelude::*;

/// The luma of `picture` in 0..1 at half size, rounded up, as means of 2x2 blocks.
pub fn halve_luma(picture: &Picture, half: &mut Plane) {
    halve_with(picture.size(), |x, y| f32::from(picture.at(x, y)[3]) * (1.0 / 255.0), half);
}

/// `plane` at half size, rounded up, as means of 2x2 blocks. A last odd row or column counts twice.
pub fn halve(plane: &Plane, half: &mut Plane) {
    halve_with(plane.size(), |x, y| plane.at(x, y), half);
}

fn halve_with((width, height): (usize, usize), value: impl Fn(usize, usize) -> f32 + Sync, half: &mut Plane) {
    half.resize(width.div_ceil(2), height.div_ceil(2));
    let half_width = half.width();
    half.data_mut().par_chunks_mut(half_width).enumerate().for_each(|(y, out)| {
        let (upper, lower) = (2 * y, (2 * y + 1).min(height - 1));
        for (x, out) in out.iter_mut().enumerate() {
            let (left, right) = (2 * x, (2 * x + 1).min(width - 1));
            *out = 0.25 * (value(left, upper) + value(right, upper) + value(left, lower) + value(right, lower));
        }
    });
}

#[cfg(test)]
mod tests {
    use inkcast_kit::noise::Random;

    use super::*;

    #[test]
    fn means_of_blocks_with_an_odd_edge() {
        let plane = Plane::from_fn(3, 3, |x, y| (10 * y + x) as f32);
        let mut half = Plane::default();
        halve(&plane, &mut half);
        assert_eq!(half.data(), [5.5, 7.0, 20.5, 22.0]);
        let picture = Picture::from_fn(3, 3, |x, y| [9, 9, 9, (10 * y + x) as u8]);
        let mut luma = Plane::default();
        halve_luma(&picture, &mut luma);
        let same = luma.data().iter().zip(half.data()).all(|(luma, half)| (255.0 * luma - half).abs() < 1e-4);
        assert!(same, "{:?}", luma.data());
    }

    #[test]
    fn the_device_gives_the_same_bits() {
        let mut random = Random::new(8);
        for (width, height) in [(1, 1), (2, 1), (3, 5), (64, 2), (33, 7)] {
            let plane = Plane::from_fn(width, height, |_, _| random.between(0.0, 1.0));
            let picture = Picture::from_fn(width, height, |_, _| (random.bits() as u32).to_le_bytes());
            let (mut expected, mut found) = (Plane::default(), Plane::default());
            halve(&plane, &mut expected);
            inkcast_device::pyramid::halve(&plane, &mut found);
            assert!(found == expected, "{width}x{height}");
            halve_luma(&picture, &mut expected);
            inkcast_device::pyramid::halve_luma(&picture, &mut found);
            assert!(found == expected, "luma {width}x{height}");
        }
    }

    #[cfg(feature = "cuda")]
    #[test]
    fn halves_on_the_card_have_the_same_bits() {
        use crate::device::DevicePlane;
        use crate::device::tests::card;

        let Some(device) = card() else { return };
        let mut random = Random::new(8);
        for (width, height) in [(1, 1), (3, 5), (131, 70)] {
            let picture = Picture::from_fn(width, height, |_, _| (random.bits() as u32).to_le_bytes());
            let (mut luma, mut quarter) = (Plane::default(), Plane::default());
            halve_luma(&picture, &mut luma);
            halve(&luma, &mut quarter);
            let on_card = DevicePlane::with_values(&device, &picture).unwrap();
            let mut found = DevicePlane::new(&device, luma.width(), luma.height()).unwrap();
            cuda::halve_luma(&device, &on_card, &mut found).unwrap();
            let mut found_quarter = DevicePlane::new(&device, quarter.width(), quarter.height()).unwrap();
            cuda::halve(&device, &found, &mut found_quarter).unwrap();
            assert!(found.download(&device).unwrap() == luma, "{width}x{height}");
            assert!(found_quarter.download(&device).unwrap() == quarter, "{width}x{height}");
        }
    }
}
