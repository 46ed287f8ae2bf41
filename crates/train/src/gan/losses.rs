//! Adversarial objectives on logits `D`, positive where the discriminator takes a picture for real.

use candle_core::{Result, Tensor};
use serde::{Deserialize, Serialize};

/// What the discriminator and the generator minimise. Every loss is a mean over all logits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// Cross entropy (Goodfellow et al. 2014): the discriminator minimises `-log s(D(x)) - log(1 - s(D(G(z))))` with the
    /// logistic function `s`, the generator, in the form that does not saturate, `-log s(D(G(z)))`.
    Minimax,
    /// Margins (Lim and Ye 2017): `max(0, 1 - D(x)) + max(0, 1 + D(G(z)))` against `-D(G(z))`.
    Hinge,
    /// Least squares (Mao et al. 2017) with the labels 1 and 0: `(D(x) - 1)^2 / 2 + D(G(z))^2 / 2` against
    /// `(D(G(z)) - 1)^2 / 2`.
    LeastSquares,
}

impl Objective {
    /// The discriminator's loss, a scalar, for its logits of real and of generated pictures, of any shapes.
    pub fn discriminator_loss(self, real: &Tensor, fake: &Tensor) -> Result<Tensor> {
        let (real, fake) = match self {
            Objective::Minimax => (softplus(&real.neg()?)?, softplus(fake)?),
            Objective::Hinge => (real.affine(-1.0, 1.0)?.relu()?, fake.affine(1.0, 1.0)?.relu()?),
            Objective::LeastSquares => ((real.affine(1.0, -1.0)?.sqr()? * 0.5)?, (fake.sqr()? * 0.5)?),
        };
        real.mean_all()? + fake.mean_all()?
    }

    /// The loss of a discriminator that knows nothing: all of its logits are zero.
    pub fn blind_loss(self) -> f32 {
        match self {
            Objective::Minimax => 2.0 * std::f32::consts::LN_2,
            Objective::Hinge => 2.0,
            Objective::LeastSquares => 0.5,
        }
    }

    /// Where a logit says neither.
    pub fn middle(self) -> f64 {
        match self {
            Objective::Minimax | Objective::Hinge => 0.0,
            Objective::LeastSquares => 0.5,
        }
    }

    /// The generator's loss, a scalar, for the logits of its pictures.
    pub fn generator_loss(self, fake: &Tensor) -> Result<Tensor> {
        match self {
            Objective::Minimax => softplus(&fake.neg()?)?.mean_all(),
            Objective::Hinge => fake.neg()?.mean_all(),
            Objective::LeastSquares => (fake.affine(1.0, -1.0)?.sqr()? * 0.5)?.mean_all(),
        }
    }
}

/// The gradient penalty R1 (Mescheder, Geiger and Nowozin 2018) without its factor of half a weight: the mean over
/// pictures of the squared length of `slope`, the gradient `[N, ...]` of the logits of real pictures in these pictures.
pub fn r1(slope: &Tensor) -> Result<Tensor> {
    slope.sqr()?.sum_all()? / slope.dim(0)? as f64
}

/// `log(1 + exp(x))` without overflow.
fn softplus(x: &Tensor) -> Result<Tensor> {
    x.relu()? + (x.abs()?.neg()?.exp()? + 1.0)?.log()?
}

#[cfg(test)]
mod tests {
    use std::f32::consts::LN_2;

    use candle_core::{Device, Var};

    use super::*;

    const ALL: [Objective; 3] = [Objective::Minimax, Objective::Hinge, Objective::LeastSquares];

    fn logits(values: [f32; 2]) -> Tensor {
        Tensor::new(&values, &Device::Cpu).unwrap()
    }

    fn number(tensor: Tensor) -> f32 {
        tensor.to_scalar().unwrap()
    }

    #[test]
    fn losses_by_hand() {
        let (real, fake) = (logits([0.0, 2.0]), logits([-2.0, 1.0]));
        // log(1 + exp(x)) at 0 is log 2, at -2 0.126928, at 1 1.313262, at 2 2.126928, at -1 0.313262.
        // Margins: 1 and 0 of the real ones, 0 and 2 of the fake ones. Squares: 1 and 1, 4 and 1, 9 and 0.
        let expected = [
            ((LN_2 + 0.126_928) / 2.0 + (0.126_928 + 1.313_262) / 2.0, (2.126_928 + 0.313_262) / 2.0),
            (0.5 + 1.0, 0.5),
            (0.5 + 1.25, 2.25),
        ];
        for (objective, (discriminator, generator)) in ALL.into_iter().zip(expected) {
            let got = number(objective.discriminator_loss(&real, &fake).unwrap());
            assert!((got - discriminator).abs() < 1e-5, "{objective:?}: {got} instead of {discriminator}");
            let got = number(objective.generator_loss(&fake).unwrap());
            assert!((got - generator).abs() < 1e-5, "{objective:?}: {got} instead of {generator}");
        }
    }

    #[test]
    fn a_blind_discriminator_gives_zeros() {
        for objective in ALL {
            let loss = number(objective.discriminator_loss(&logits([0.0; 2]), &logits([0.0; 2])).unwrap());
            assert!((objective.blind_loss() - loss).abs() < 1e-6, "{objective:?}");
        }
    }

    #[test]
    fn slopes_of_the_generator_loss_by_hand() {
        // Of two logits each counts half: -s(-x) / 2 with s(0) = 0.5 and s(2) = 0.880797; -1 / 2; (x - 1) / 2.
        let expected = [[-0.25, -0.440_399], [-0.5, -0.5], [-0.5, -1.5]];
        for (objective, expected) in ALL.into_iter().zip(expected) {
            let fake = Var::from_tensor(&logits([0.0, -2.0])).unwrap();
            let slopes = objective.generator_loss(&fake).unwrap().backward().unwrap();
            let slopes = slopes.get(&fake).unwrap().to_vec1::<f32>().unwrap();
            for (got, expected) in slopes.iter().zip(expected) {
                assert!((got - expected).abs() < 1e-5, "{objective:?}: {got} instead of {expected}");
            }
        }
    }

    #[test]
    fn cross_entropy_neither_overflows_nor_saturates() {
        let fake = Var::from_tensor(&logits([-1e4, 1e4])).unwrap();
        let loss = Objective::Minimax.generator_loss(&fake).unwrap();
        assert_eq!(number(loss.clone()), 5e3);
        let slopes = loss.backward().unwrap().get(&fake).unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(slopes, [-0.5, 0.0]);
    }

    #[test]
    fn r1_is_the_mean_squared_length() {
        let slope = Tensor::new(&[[1f32, 2.0, 2.0], [0.0, 3.0, -4.0]], &Device::Cpu).unwrap();
        assert_eq!(number(r1(&slope).unwrap()), (9.0 + 25.0) / 2.0);
    }
}
