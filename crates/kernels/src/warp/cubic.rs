/// Places between two pixels that are told apart.
pub(super) const FRACTIONS: i32 = 256;

/// The parameter `a` of cubic convolution. Halfway between pixels, -1/2 (Catmull-Rom) takes a few percent from waves of
/// six pixels and -3/4 adds as much; here they come out as they were, within one percent, however often they are moved.
const SHARPNESS: f32 = -0.65;

/// For each place after a pixel, the weights of the pixel before it, of itself and of the two behind.
pub(super) static WEIGHTS: [[f32; 4]; FRACTIONS as usize] = {
    let mut weights = [[0.0, 1.0, 0.0, 0.0]; FRACTIONS as usize];
    let mut place = 1;
    while place < FRACTIONS as usize {
        let t = place as f32 / FRACTIONS as f32;
        weights[place] = [far(1.0 + t), near(t), near(1.0 - t), far(2.0 - t)];
        place += 1;
    }
    weights
};

/// Cubic convolution (Keys 1981) up to one pixel away.
const fn near(x: f32) -> f32 {
    ((SHARPNESS + 2.0) * x - (SHARPNESS + 3.0)) * x * x + 1.0
}

/// Between one and two pixels away.
const fn far(x: f32) -> f32 {
    ((SHARPNESS * x - 5.0 * SHARPNESS) * x + 8.0 * SHARPNESS) * x - 4.0 * SHARPNESS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_one_and_a_whole_pixel_copies() {
        assert_eq!(WEIGHTS[0], [0.0, 1.0, 0.0, 0.0]);
        assert!(WEIGHTS.iter().all(|weights| (weights.iter().sum::<f32>() - 1.0).abs() < 1e-5));
        let [before, first, second, behind] = WEIGHTS[FRACTIONS as usize / 2];
        assert!((before - behind).abs() < 1e-6 && (first - second).abs() < 1e-6);
    }
}
