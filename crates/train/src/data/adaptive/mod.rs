//! Adaptive discriminator augmentation, after Karras, Aittala, Hellsten, Laine, Lehtinen and Aila, "Training Generative
//! Adversarial Networks with Limited Data" (2020): with few pictures a discriminator learns them by heart and its
//! gradients say nothing more. Real and generated pictures are changed alike before it sees them, and the more it seems to
//! know the real ones, the more often.

mod blit;
mod colour;

use anyhow::{Context, Result, ensure};
use candle_core::{DType, Device, Tensor};
use rand::{Rng, SeedableRng, rngs::StdRng};

use blit::Blit;
use colour::Recolour;

/// Pictures over which p could go from 0 to 1.
const PICTURES: f64 = 500_000.0;
/// Calls of [`Adaptive::observe`] between two changes of p.
const INTERVAL: u32 = 4;

/// How often pictures are changed before one discriminator sees them. Each discriminator has its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Adaptive {
    target: f64,
    probability: f64,
    /// Sum of the signs of the verdicts since the last change, each a mean over a batch times its pictures.
    signs: f64,
    pictures: f64,
    observations: u32,
}

impl Adaptive {
    /// Begins without changes. `target` is the r_t that is aimed at, the mean sign of the discriminator's verdicts on real
    /// pictures: 0.6 in the paper. Higher values change pictures less.
    pub fn new(target: f64) -> Result<Self> {
        ensure!((0.0..1.0).contains(&target), "the target of adaptive augmentation is {target}, it must lie in 0..1");
        Ok(Adaptive { target, probability: 0.0, signs: 0.0, pictures: 0.0, observations: 0 })
    }

    /// p, the probability of each change, 0..1.
    pub fn probability(&self) -> f64 {
        self.probability
    }

    /// Changes pictures `[N, C, H, W]` of 0..1, each by its own draw: mirrored, turned by quarters (by halves, unless it
    /// is square), shifted by up to an eighth of its sides, and changed in brightness, contrast, luma, hue and saturation,
    /// each with probability p. Colours are those of the first three channels; further ones, such as ink, only move.
    /// Values may leave 0..1. Gradients flow back to `pictures`, and the same seed makes the same changes, so that what
    /// belongs together can be changed alike.
    pub fn augment(&self, pictures: &Tensor, seed: u64) -> Result<Tensor> {
        let (count, channels, height, width) = pictures.dims4()?;
        ensure!(channels >= 3, "pictures to augment have {channels} channels, they need red, green and blue");
        if self.probability == 0.0 || count == 0 {
            return Ok(pictures.clone());
        }
        let mut rng = StdRng::seed_from_u64(seed);
        let changed = (0..count).map(|index| {
            let blit = Blit::draw(self.probability, width, height, &mut rng);
            let colour = Recolour::draw(self.probability, &mut rng);
            let flat = pictures.get(index)?.reshape((channels, height * width))?;
            let moved = blit.apply(&flat, width, height)?;
            let rgb = colour.apply(&moved.narrow(0, 0, 3)?)?;
            match channels {
                3 => Ok(rgb),
                _ => Ok(Tensor::cat(&[&rgb, &moved.narrow(0, 3, channels - 3)?], 0)?),
            }
        });
        let changed = changed.collect::<Result<Vec<_>>>()?;
        Ok(Tensor::stack(&changed, 0)?.reshape((count, channels, height, width))?)
    }

    /// Takes note of the verdicts `[N, ...]` on N real pictures that were augmented: positive where the discriminator
    /// thinks them real. A discriminator that answers 1 for real and 0 for generated (least squares) passes its answer
    /// less 0.5. Called once a step; every fourth call moves p by a fixed amount, up if r_t is above the target.
    pub fn observe(&mut self, real_logits: &Tensor) -> Result<()> {
        let count = real_logits.dims().first().copied().unwrap_or(1) as f64;
        let signs = real_logits.detach().to_dtype(DType::F32)?.sign()?.mean_all()?.to_scalar::<f32>()?;
        ensure!(signs.is_finite(), "the verdicts of the discriminator are not finite: lower its learning rate");
        self.signs += f64::from(signs) * count;
        self.pictures += count;
        self.observations += 1;
        if self.observations == INTERVAL && self.pictures > 0.0 {
            let too_sure = self.signs / self.pictures - self.target;
            let amount = self.pictures / PICTURES;
            let direction = if too_sure == 0.0 { 0.0 } else { too_sure.signum() };
            self.probability = (self.probability + direction * amount).clamp(0.0, 1.0);
            (self.signs, self.pictures, self.observations) = (0.0, 0.0, 0);
        }
        Ok(())
    }

    /// Everything that a resumed run needs, as one tensor `[4]` of `f64`.
    pub fn state(&self) -> Result<Tensor> {
        let numbers = [self.probability, self.signs, self.pictures, f64::from(self.observations)];
        Ok(Tensor::new(&numbers, &Device::Cpu)?)
    }

    /// Goes back to what [`Adaptive::state`] held; the target stays. On an error nothing has changed.
    pub fn restore(&mut self, state: &Tensor) -> Result<()> {
        let fail = "the state of adaptive augmentation must be four numbers of 64 bits";
        let numbers: [f64; 4] = state.to_vec1::<f64>().context(fail)?.try_into().ok().context(fail)?;
        let [probability, signs, pictures, observations] = numbers;
        ensure!((0.0..=1.0).contains(&probability), "the state of adaptive augmentation has a p of {probability}");
        *self = Adaptive { target: self.target, probability, signs, pictures, observations: observations as u32 };
        Ok(())
    }
}

/// Whether something of this probability happens.
fn happens(probability: f64, rng: &mut StdRng) -> bool {
    rng.random::<f64>() < probability
}

#[cfg(test)]
mod tests;
