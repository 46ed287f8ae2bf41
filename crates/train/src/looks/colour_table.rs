use super::Rgb;

/// Colours at every corner of a cube, for any function of colour that is slow to compute.
#[derive(Debug, Clone)]
pub struct ColourTable {
    corners: Vec<[f32; 3]>,
}

/// Corners along an edge of the cube.
const EDGE: usize = 33;

impl ColourTable {
    /// Asks `colour` at every corner: gamma-coded RGB in 0..1, in and out.
    pub fn new(colour: impl Fn([f32; 3]) -> [f32; 3]) -> Self {
        let value = |index: usize| (index % EDGE) as f32 / (EDGE - 1) as f32;
        let corner = |index: usize| colour([value(index), value(index / EDGE), value(index / EDGE / EDGE)]);
        ColourTable { corners: (0..EDGE.pow(3)).map(corner).collect() }
    }

    /// The colour for `rgb`, linear between the eight corners around it. Values outside 0..1 are cut.
    pub fn at(&self, rgb: [f32; 3]) -> [f32; 3] {
        let place = rgb.map(|value| value.clamp(0.0, 1.0) * (EDGE - 1) as f32);
        let low = place.map(|value| (value as usize).min(EDGE - 2));
        let mut sum = [0.0; 3];
        for corner in 0..8 {
            let (mut index, mut weight) = (0, 1.0);
            for (axis, step) in [1, EDGE, EDGE * EDGE].into_iter().enumerate() {
                let upper = corner >> axis & 1;
                let share = place[axis] - low[axis] as f32;
                index += (low[axis] + upper) * step;
                weight *= if upper == 1 { share } else { 1.0 - share };
            }
            (0..3).for_each(|c| sum[c] += weight * self.corners[index][c]);
        }
        sum
    }

    /// The same for every pixel.
    pub fn map(&self, picture: &Rgb) -> Rgb {
        super::map(picture, |rgb| self.at(rgb))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_function_is_met_everywhere() {
        let function = |[r, g, b]: [f32; 3]| [0.5 * r + 0.2 * g, 1.0 - b, 0.3 + 0.1 * r];
        let table = ColourTable::new(function);
        for rgb in [[0.0; 3], [1.0; 3], [0.31, 0.77, 0.02], [0.999, 0.5, 0.123]] {
            let (got, expected) = (table.at(rgb), function(rgb));
            assert!((0..3).all(|c| (got[c] - expected[c]).abs() < 1e-5), "{rgb:?}: {got:?}");
        }
        assert_eq!(table.at([-1.0, 2.0, 0.0]), table.at([0.0, 1.0, 0.0]));
    }
}
