//! A discriminator in training.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use candle_core::{Device, Tensor, Var};
use rand::rngs::StdRng;

use super::losses::r1;
use super::parameters::{Adam, Parameters, check};
use super::picture_discriminator::{PictureDiscriminator, Verdict};
use super::settings;
use super::spectral::Spectral;
use super::view::{Mode, View};
use crate::data::Adaptive;
use crate::training::Scalars;
use crate::weights::normal;

/// A discriminator, its optimiser, and what keeps it in bounds.
pub struct Judge {
    settings: settings::Discriminator,
    network: PictureDiscriminator,
    parameters: Parameters,
    /// Singular vectors of the weights that are normalised, by their names.
    spectral: BTreeMap<String, Spectral>,
    /// How often pictures are changed before it sees them.
    adaptive: Option<Adaptive>,
}

impl Judge {
    /// Fresh weights.
    pub fn new(
        settings: &settings::Discriminator,
        levels: usize,
        verdict: Verdict,
        labels: usize,
        rng: &mut StdRng,
    ) -> Result<Self> {
        let settings::Discriminator { channels, normalisation, .. } = *settings;
        let network = PictureDiscriminator { channels, levels, normalisation, verdict, labels };
        let plan = network.plan();
        let mut spectral = BTreeMap::new();
        for weight in plan.parameters.iter().filter(|p| settings.spectral_norm && p.name.ends_with(".weight")) {
            let left: Vec<f32> = (0..weight.shape[0]).map(|_| normal(rng, 1.0)).collect();
            spectral.insert(weight.name.clone(), Spectral::new(&Tensor::new(left, &Device::Cpu)?)?);
        }
        let adaptive = settings.adaptive.map(Adaptive::new).transpose()?;
        Ok(Judge { settings: settings.clone(), network, parameters: Parameters::new(plan, rng)?, spectral, adaptive })
    }

    /// The weights that it judges with.
    fn view(&self, mode: Mode) -> Result<View> {
        let mut view = self.parameters.live(mode);
        for (name, spectral) in &self.spectral {
            let normalised = spectral.normalised(view.get(name)?)?;
            view.replace(name, normalised);
        }
        Ok(view)
    }

    /// Pictures as it is shown them. The same `draw` changes them in the same way.
    fn changed(&self, pictures: &Tensor, draw: u64) -> Result<Tensor> {
        self.adaptive.as_ref().map_or_else(|| Ok(pictures.clone()), |adaptive| adaptive.augment(pictures, draw))
    }

    /// One step, number `number` of all those of this discriminator: what it minimises for these pictures `[N, 3, H, W]`,
    /// real and generated, and the penalty if it is due. `labels` `[N]` say what both should show.
    ///
    /// Returns the losses "d-loss" and, where there is such a penalty, "d-r1" (its latest value when it is not due is 0), and
    /// "d-augment", how often pictures are changed, where that adapts.
    pub fn step(
        &mut self,
        real: &Tensor,
        fake: &Tensor,
        labels: Option<&Tensor>,
        adam: &Adam,
        number: u64,
    ) -> Result<Scalars> {
        for (name, spectral) in &mut self.spectral {
            spectral.follow(self.parameters.live(Mode::Training).get(name)?)?;
        }
        let view = self.view(Mode::Training)?;
        let judged = |pictures: &Tensor| self.network.forward(&view, pictures, labels);
        let (real, fake) = (&self.changed(real, 3 * number)?, &self.changed(&fake.detach(), 3 * number + 1)?);
        let (of_real, of_fake) = (judged(real)?, judged(fake)?);
        let objective = self.settings.objective;
        let loss = objective.discriminator_loss(&of_real, &of_fake)?;
        let mut scalars = vec![("d-loss".to_string(), loss.to_scalar::<f32>()?)];
        let mut total = loss;
        if self.settings.r1 > 0.0 {
            let mut value = 0.0;
            if number.is_multiple_of(self.settings.r1_every) {
                // Its statistics are those of a batch that was judged already.
                let view = self.view(Mode::Training)?;
                let (penalty, gradient) = penalty(real, |x| Ok(self.network.forward(&view, x, labels)?))?;
                let weight = 0.5 * self.settings.r1 * self.settings.r1_every as f64;
                value = penalty;
                total = (total + (gradient * weight)?)?;
            }
            scalars.push(("d-r1".to_string(), value));
        }
        if let Some(adaptive) = &mut self.adaptive {
            adaptive.observe(&(of_real - objective.middle())?)?;
            scalars.push(("d-augment".to_string(), adaptive.probability() as f32));
        }
        self.parameters.update(adam, &total.backward()?, number)?;
        self.parameters.take_in(view)?;
        Ok(scalars)
    }

    /// What a generator minimises in its step `number`: the objective on its pictures. Gradients flow into the pictures alone.
    pub fn generator_loss(&self, fake: &Tensor, labels: Option<&Tensor>, number: u64) -> Result<Tensor> {
        let view = self.view(Mode::Training)?.frozen();
        let fake = self.changed(fake, 3 * number + 2)?;
        Ok(self.settings.objective.generator_loss(&self.network.forward(&view, &fake, labels)?)?)
    }

    /// How many numbers are optimised.
    pub fn count(&self) -> usize {
        self.parameters.count()
    }

    /// Everything by name, below `prefix`.
    pub fn state(&self, prefix: &str) -> Result<HashMap<String, Tensor>> {
        let mut state = self.parameters.state(prefix)?;
        for (name, spectral) in &self.spectral {
            state.insert(format!("{prefix}.spectral.{name}"), spectral.left()?);
        }
        if let Some(adaptive) = &self.adaptive {
            state.insert(format!("{prefix}.adaptive"), adaptive.state()?);
        }
        Ok(state)
    }

    /// Goes back to what [`Judge::state`] gave, which has been checked.
    pub fn restore(&mut self, prefix: &str, state: &HashMap<String, Tensor>) -> Result<()> {
        self.parameters.restore(prefix, state)?;
        for (name, spectral) in &mut self.spectral {
            *spectral = Spectral::from_left(&state[&format!("{prefix}.spectral.{name}")])?;
        }
        if let Some(adaptive) = &mut self.adaptive {
            adaptive.restore(&state[&format!("{prefix}.adaptive")])?;
        }
        Ok(())
    }
}

/// The penalty R1 of real pictures `x`, and a tensor whose gradient is that of the penalty.
///
/// With `g` the gradient of the logits in `x`, the penalty is the mean of `|g|^2`; its gradient in the weights is twice
/// that of `g . dD/dx`, for `g` held constant: a derivative of `D` along `g`. There are no gradients of gradients here, but
/// this one is taken by a central difference, which is exact as long as no rectifier changes sides within the step.
fn penalty(x: &Tensor, logits: impl Fn(&Tensor) -> Result<Tensor>) -> Result<(f32, Tensor)> {
    /// Root mean square of the step, in a picture of 0..1.
    const STEP: f64 = 1e-3;
    // Of several logits of a picture it is the mean that counts.
    let sum = |x: &Tensor| -> Result<Tensor> { Ok(logits(x)?.mean(1)?.sum_all()?) };
    let x = x.detach();
    let moved = Var::from_tensor(&x)?;
    let slopes = sum(&moved)?.backward()?;
    let slope = match slopes.get(&moved) {
        Some(slope) => slope.detach(),
        None => x.zeros_like()?,
    };
    let value = r1(&slope)?.to_scalar::<f32>()?;
    let size = slope.sqr()?.mean_all()?.to_scalar::<f32>()?.sqrt();
    let step = STEP / f64::from(size.max(1e-12));
    let aside = (&slope * step)?;
    let along = ((sum(&(&x + &aside)?)? - sum(&(&x - &aside)?)?)? / (2.0 * step))?;
    Ok((value, (along * (2.0 / x.dim(0)? as f64))?))
}

/// What a checkpoint holds of one generator and its judge.
pub fn state(generator: &Parameters, judge: &Judge) -> Result<HashMap<String, Tensor>> {
    let mut state = generator.state("generator")?;
    state.extend(judge.state("discriminator")?);
    Ok(state)
}

/// The inverse of [`state`]. What does not fit is an error that names the tensor, and changes nothing.
pub fn restore(generator: &mut Parameters, judge: &mut Judge, from: &HashMap<String, Tensor>) -> Result<()> {
    check(&state(generator, judge)?, from)?;
    generator.restore("generator", from)?;
    judge.restore("discriminator", from)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::super::losses::Objective;
    use super::super::settings::Normalisation;
    use super::*;

    const ADAM: Adam = Adam { rate: 0.01, first: 0.5, second: 0.9, largest_gradient: f64::INFINITY, average: 0.9 };

    fn settings() -> settings::Discriminator {
        settings::Discriminator {
            channels: 2,
            levels: 2,
            normalisation: Normalisation::None,
            objective: Objective::Minimax,
            spectral_norm: false,
            r1: 0.0,
            adaptive: None,
            r1_every: 1,
        }
    }

    fn flat(value: f32) -> Tensor {
        Tensor::full(value, (2, 3, 16, 16), &Device::Cpu).unwrap()
    }

    #[test]
    fn the_penalty_of_a_product_by_hand() {
        // D(x) = w . x: the gradient in x is w, the penalty |w|^2 = 25, its gradient in w 2 w.
        let weight = Var::from_tensor(&Tensor::new(&[[3f32], [-4.0]], &Device::Cpu).unwrap()).unwrap();
        let x = Tensor::new(&[[0.2f32, 0.5], [0.1, 0.9], [0.7, 0.3]], &Device::Cpu).unwrap();
        let (value, gradient) = penalty(&x, |x| Ok(x.matmul(&weight)?)).unwrap();
        assert!((value - 25.0).abs() < 1e-4, "{value}");
        let gradient = gradient.backward().unwrap().get(&weight).unwrap().flatten_all().unwrap();
        for (got, expected) in gradient.to_vec1::<f32>().unwrap().iter().zip([6.0, -8.0]) {
            assert!((got - expected).abs() < 0.02, "{got} instead of {expected}");
        }
    }

    #[test]
    fn the_gradient_of_the_penalty_is_that_of_differences() {
        // A smooth function of two weights: D(x) = sum(w1 x^2 + w2 x^3), slope 2 w1 x + 3 w2 x^2.
        let x = Tensor::new(&[[0.3f32, 0.6], [0.8, 0.5]], &Device::Cpu).unwrap();
        let weights = Var::from_tensor(&Tensor::new(&[0.7f32, -1.1], &Device::Cpu).unwrap()).unwrap();
        let logits = |x: &Tensor| -> Result<Tensor> {
            let square = x.sqr()?.broadcast_mul(&weights.narrow(0, 0, 1)?)?;
            Ok((square + (x.sqr()? * x)?.broadcast_mul(&weights.narrow(0, 1, 1)?)?)?.sum_keepdim(1)?)
        };
        let naive = |w1: f64, w2: f64| {
            let slopes = [0.3f64, 0.6, 0.8, 0.5].map(|x| 2.0 * w1 * x + 3.0 * w2 * x * x);
            slopes.iter().map(|slope| slope * slope).sum::<f64>() / 2.0
        };
        let (value, gradient) = penalty(&x, logits).unwrap();
        assert!((f64::from(value) - naive(0.7, -1.1)).abs() < 1e-5);
        let got = gradient.backward().unwrap().get(&weights).unwrap().to_vec1::<f32>().unwrap();
        let h = 1e-5;
        let expected = [
            (naive(0.7 + h, -1.1) - naive(0.7 - h, -1.1)) / (2.0 * h),
            (naive(0.7, -1.1 + h) - naive(0.7, -1.1 - h)) / (2.0 * h),
        ];
        for (got, expected) in got.iter().zip(expected) {
            assert!((f64::from(*got) - expected).abs() < 0.01 * expected.abs().max(0.1), "{got}, not {expected}");
        }
    }

    #[test]
    fn it_learns_to_tell_light_from_dark_with_every_stabiliser() {
        for (spectral_norm, r1, normalisation) in [
            (false, 0.0, Normalisation::Batch),
            (true, 0.0, Normalisation::None),
            (false, 0.1, Normalisation::Instance),
        ] {
            let settings = settings::Discriminator { spectral_norm, r1, normalisation, ..settings() };
            let mut rng = StdRng::seed_from_u64(1);
            let mut judge = Judge::new(&settings, 2, Verdict::Places, 0, &mut rng).unwrap();
            let losses: Vec<Scalars> =
                (0..40).map(|number| judge.step(&flat(0.9), &flat(0.1), None, &ADAM, number).unwrap()).collect();
            let (first, last) = (losses[0][0].1, losses[39][0].1);
            assert!(last < 0.7 * first, "{settings:?}: {first} to {last}");
            assert_eq!(losses[0].len(), if r1 > 0.0 { 2 } else { 1 });
            // What it takes for real is what a generator is led to.
            let loss = |value| judge.generator_loss(&flat(value), None, 0).unwrap().to_scalar::<f32>().unwrap();
            assert!(loss(0.9) < loss(0.1));
        }
    }

    #[test]
    fn the_penalty_flattens() {
        let slope = |r1: f64| {
            let settings = settings::Discriminator { r1, ..settings() };
            let mut judge = Judge::new(&settings, 2, Verdict::Whole, 0, &mut StdRng::seed_from_u64(1)).unwrap();
            (0..30).for_each(|number| drop(judge.step(&flat(0.9), &flat(0.1), None, &ADAM, number).unwrap()));
            let view = judge.view(Mode::Training).unwrap();
            penalty(&flat(0.9), |x| Ok(judge.network.forward(&view, x, None)?)).unwrap().0
        };
        let (free, penalised) = (slope(0.0), slope(10.0));
        assert!(penalised < 0.5 * free, "{free} {penalised}");
    }

    #[test]
    fn it_adapts_how_often_it_sees_changed_pictures() {
        let settings =
            settings::Discriminator { adaptive: Some(0.6), objective: Objective::LeastSquares, ..settings() };
        let mut judge = Judge::new(&settings, 2, Verdict::Whole, 0, &mut StdRng::seed_from_u64(1)).unwrap();
        let steps: Vec<Scalars> =
            (0..40).map(|number| judge.step(&flat(0.9), &flat(0.1), None, &ADAM, number).unwrap()).collect();
        let augment = |scalars: &Scalars| scalars.iter().find(|(name, _)| name == "d-augment").unwrap().1;
        // Once it is sure, two pictures in each of four steps move it by 8 / 500000.
        assert!((augment(&steps[39]) - augment(&steps[35]) - 1.6e-5).abs() < 1e-7, "{:?}", steps[39]);

        let mut state = judge.state("d").unwrap();
        state.insert("d.adaptive".to_string(), Tensor::new(&[1f64, 0.0, 0.0, 0.0], &Device::Cpu).unwrap());
        let slope = Tensor::arange(0f32, 1536.0, &Device::Cpu).unwrap().reshape((2, 3, 16, 16)).unwrap();
        let slope = Var::from_tensor(&(slope / 1536.0).unwrap()).unwrap();
        let loss = |judge: &Judge, number| judge.generator_loss(&slope, None, number).unwrap();
        let value = |judge: &Judge, number| loss(judge, number).to_scalar::<f32>().unwrap();
        assert_eq!(value(&judge, 1), value(&judge, 2), "nothing is changed while p is near zero");
        judge.restore("d", &state).unwrap();
        assert_ne!(value(&judge, 1), value(&judge, 2));
        assert_eq!(value(&judge, 1), value(&judge, 1));
        // The generator learns through the changes.
        let slopes = loss(&judge, 1).backward().unwrap().get(&slope).unwrap().abs().unwrap();
        assert!(slopes.sum_all().unwrap().to_scalar::<f32>().unwrap() > 0.0);
    }

    #[test]
    fn a_restored_judge_goes_on_to_the_bit() {
        let settings =
            settings::Discriminator { spectral_norm: true, r1: 0.1, r1_every: 2, adaptive: Some(0.6), ..settings() };
        let new = |seed| Judge::new(&settings, 2, Verdict::Whole, 2, &mut StdRng::seed_from_u64(seed)).unwrap();
        let labels = Tensor::new(&[0u32, 1], &Device::Cpu).unwrap();
        let step = |judge: &mut Judge, number| judge.step(&flat(0.9), &flat(0.1), Some(&labels), &ADAM, number);
        let (mut one, mut two) = (new(1), new(2));
        step(&mut one, 0).unwrap();
        let state = one.state("d").unwrap();
        two.restore("d", &state).unwrap();
        for number in 1..4 {
            assert_eq!(step(&mut one, number).unwrap(), step(&mut two, number).unwrap());
        }
    }
}
