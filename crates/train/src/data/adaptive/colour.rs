use candle_core::{Result, Tensor};
use rand::Rng;
use rand::rngs::StdRng;

use super::happens;

type Matrix = [[f32; 3]; 3];

const IDENTITY: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
/// The matrix that leaves the mean of the channels, along which grey lies.
const MEAN: Matrix = [[1.0 / 3.0; 3]; 3];

/// A linear change of colours around medium grey: `matrix * (colour - 0.5) + 0.5 + offset`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Recolour {
    pub matrix: Matrix,
    pub offset: f32,
}

impl Recolour {
    /// Draws each part with this probability, with the strengths of the paper: brightness with a standard deviation of
    /// 0.1 (0.2 in its range of -1..1), contrast of half an octave, saturation of an octave, any hue.
    pub fn draw(probability: f64, rng: &mut StdRng) -> Self {
        let mut colour = Recolour { matrix: IDENTITY, offset: 0.0 };
        if happens(probability, rng) {
            colour.offset = 0.1 * normal(rng);
        }
        if happens(probability, rng) {
            let contrast = (0.5 * normal(rng)).exp2();
            colour.then(&combined(contrast, &IDENTITY, 0.0));
        }
        if happens(probability, rng) && rng.random() {
            colour.then(&luma_flip());
        }
        if happens(probability, rng) {
            colour.then(&hue(rng.random_range(-std::f32::consts::PI..std::f32::consts::PI)));
        }
        if happens(probability, rng) {
            colour.then(&saturation(normal(rng).exp2()));
        }
        colour
    }

    /// Applies `matrix` after what there is. Brightness is along grey, where each matrix is a factor.
    fn then(&mut self, matrix: &Matrix) {
        self.matrix = product(matrix, &self.matrix);
        self.offset *= matrix[0].iter().sum::<f32>();
    }

    /// Changes planes `[3, pixels]`.
    pub fn apply(&self, planes: &Tensor) -> Result<Tensor> {
        if self.matrix == IDENTITY && self.offset == 0.0 {
            return Ok(planes.clone());
        }
        let matrix = Tensor::new(&self.matrix, planes.device())?;
        matrix.matmul(&planes.affine(1.0, -0.5)?)?.affine(1.0, 0.5 + f64::from(self.offset))
    }
}

/// Turns bright to dark and leaves hue and saturation: a reflection along grey.
pub(super) fn luma_flip() -> Matrix {
    combined(1.0, &IDENTITY, -2.0)
}

/// Turns colours around grey, by Rodrigues' formula; a third of a full turn makes red green.
pub(super) fn hue(angle: f32) -> Matrix {
    let (sin, cos) = angle.sin_cos();
    let s = sin / 3f32.sqrt();
    let across = [[cos, -s, s], [s, cos, -s], [-s, s, cos]];
    combined(1.0, &across, 1.0 - cos)
}

/// Scales the distance from grey.
pub(super) fn saturation(factor: f32) -> Matrix {
    combined(factor, &IDENTITY, 1.0 - factor)
}

/// `factor * matrix + mean * MEAN`.
fn combined(factor: f32, matrix: &Matrix, mean: f32) -> Matrix {
    std::array::from_fn(|row| std::array::from_fn(|column| factor * matrix[row][column] + mean * MEAN[row][column]))
}

fn product(left: &Matrix, right: &Matrix) -> Matrix {
    let entry = |row: usize, column: usize| (0..3).map(|k| left[row][k] * right[k][column]).sum();
    std::array::from_fn(|row| std::array::from_fn(|column| entry(row, column)))
}

/// Normally distributed with standard deviation one, after Box and Muller.
fn normal(rng: &mut StdRng) -> f32 {
    let (radius, angle) = (1.0 - rng.random::<f32>(), rng.random::<f32>());
    (-2.0 * radius.ln()).sqrt() * (std::f32::consts::TAU * angle).cos()
}
