//! Spectral normalisation.

use candle_core::{Result, Tensor};

/// Keeps the largest singular value of a weight at 1 (Miyato, Kataoka, Koyama and Yoshida 2018). A weight `[O, ...]`
/// counts as a matrix of `O` rows.
#[derive(Debug, Clone)]
pub struct Spectral {
    /// `[1, O]`, of unit length: near the left singular vector of the largest singular value.
    left: Tensor,
}

impl Spectral {
    /// Starts from any vector `[O]` that is not zero.
    pub fn new(left: &Tensor) -> Result<Self> {
        Ok(Spectral { left: unit(&left.detach().reshape((1, ()))?)? })
    }

    /// Goes on with a vector that [`Spectral::left`] gave, to the last bit.
    pub fn from_left(left: &Tensor) -> Result<Self> {
        Ok(Spectral { left: left.detach().reshape((1, ()))?.copy()? })
    }

    /// The vector `[O]`: all that there is to keep.
    pub fn left(&self) -> Result<Tensor> {
        self.left.flatten_all()
    }

    /// One power iteration, to be done in every step: the vector follows the weight.
    pub fn follow(&mut self, weight: &Tensor) -> Result<()> {
        let matrix = weight.detach().flatten_from(1)?;
        let right = unit(&self.left.matmul(&matrix)?)?;
        self.left = unit(&right.matmul(&matrix.t()?)?)?;
        Ok(())
    }

    /// The weight over the estimate of its largest singular value. Gradients flow through both; the singular vectors
    /// count as constants, as in the paper.
    pub fn normalised(&self, weight: &Tensor) -> Result<Tensor> {
        // With v = W'u / |W'u|, the estimate u'Wv of the paper is |W'u|.
        let norm = length(&self.left.matmul(&weight.flatten_from(1)?)?)?;
        weight.broadcast_div(&norm)
    }
}

fn unit(vector: &Tensor) -> Result<Tensor> {
    vector.broadcast_div(&length(vector)?)
}

/// Never zero.
fn length(vector: &Tensor) -> Result<Tensor> {
    (vector.sqr()?.sum_all()? + 1e-24)?.sqrt()
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    fn numbers(tensor: &Tensor) -> Vec<f32> {
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    /// A convolution `[2, 1, 1, 2]` that is, as a matrix, two rotations with the singular values 3 and 1 between them:
    /// u = (0.6, 0.8), v = (0.8, -0.6) and their normals (-0.8, 0.6), (0.6, 0.8).
    fn weight() -> Tensor {
        let row = |i: usize| {
            let (u, normal) = ([0.6, 0.8], [-0.8, 0.6]);
            [3.0 * u[i] * 0.8 + normal[i] * 0.6, 3.0 * u[i] * -0.6 + normal[i] * 0.8]
        };
        Tensor::new(&[[[row(0)]], [[row(1)]]], &Device::Cpu).unwrap().to_dtype(candle_core::DType::F32).unwrap()
    }

    #[test]
    fn power_iterations_find_the_largest_singular_value() {
        let mut spectral = Spectral::new(&Tensor::new(&[1f32, 0.0], &Device::Cpu).unwrap()).unwrap();
        let before = numbers(&spectral.normalised(&weight()).unwrap());
        // Each iteration takes the error down by (1 / 3)^2.
        (0..12).for_each(|_| spectral.follow(&weight()).unwrap());
        let normalised = numbers(&spectral.normalised(&weight()).unwrap());
        for ((got, weight), before) in normalised.iter().zip(numbers(&weight())).zip(before) {
            assert!((got - weight / 3.0).abs() < 1e-5, "{got} instead of {}", weight / 3.0);
            assert!((before - weight / 3.0).abs() > 1e-3);
        }
        for (got, expected) in numbers(&spectral.left().unwrap()).iter().zip([0.6, 0.8]) {
            assert!((got.abs() - expected).abs() < 1e-4);
        }
    }

    #[test]
    fn one_iteration_by_hand() {
        // W = diag(2, 1) from u = (0.6, 0.8): v ~ (1.2, 0.8), Wv ~ (2.4, 0.8), so u = (3, 1) / sqrt(10) and
        // |W'u| = |(6, 1)| / sqrt(10) = sqrt(3.7).
        let weight = Tensor::new(&[[2f32, 0.0], [0.0, 1.0]], &Device::Cpu).unwrap();
        let mut spectral = Spectral::new(&Tensor::new(&[0.6f32, 0.8], &Device::Cpu).unwrap()).unwrap();
        spectral.follow(&weight).unwrap();
        let got = numbers(&spectral.normalised(&weight).unwrap());
        assert!((got[0] - 2.0 / 3.7f32.sqrt()).abs() < 1e-6 && (got[3] - 1.0 / 3.7f32.sqrt()).abs() < 1e-6, "{got:?}");
    }

    #[test]
    fn gradients_leave_the_length_alone() {
        // Scaling the weight does not change what is normalised, so the gradient is at right angles to the weight.
        let spectral = Spectral::new(&Tensor::new(&[0.6f32, 0.8], &Device::Cpu).unwrap()).unwrap();
        let weight = Var::from_tensor(&weight()).unwrap();
        let goal = Tensor::new(&[[[[1f32, -2.0]]], [[[0.5, 3.0]]]], &Device::Cpu).unwrap();
        let value = (spectral.normalised(&weight).unwrap() * goal).unwrap().sum_all().unwrap();
        let gradient = numbers(value.backward().unwrap().get(&weight).unwrap());
        let product: f32 = gradient.iter().zip(numbers(&weight)).map(|(a, b)| a * b).sum();
        assert!(product.abs() < 1e-5 && gradient.iter().any(|g| g.abs() > 0.05), "{product}, {gradient:?}");
    }
}
