//! Networks that tell real pictures from those that a generator made.

use candle_core::{Result, Tensor};

use super::layers::{batch_norm, conv, dense, instance_norm, leaky_relu};
use super::plan::Plan;
use super::settings::Normalisation;
use super::view::View;

/// Standard deviation that weights start with (Radford et al. 2015).
const DEVIATION: f64 = 0.02;
/// Side of the maps that a whole picture is judged from.
const LAST: usize = 4;

/// What is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The picture as a whole, from maps of 4x4: one logit.
    Whole,
    /// Each place by itself (Isola et al. 2017): as many logits as there are places.
    Places,
}

/// A discriminator of strided convolutions with leaky rectifiers. Its sigmoid is part of the objective.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PictureDiscriminator {
    /// Channels after the first convolution; they double until there are eight times as many.
    pub channels: usize,
    /// Convolutions of stride 2.
    pub levels: usize,
    /// What follows them but the first.
    pub normalisation: Normalisation,
    /// What is judged.
    pub verdict: Verdict,
    /// Labels that pictures can be judged under, 0 for none.
    pub labels: usize,
}

impl PictureDiscriminator {
    fn channels_at(&self, level: usize) -> usize {
        self.channels << level.min(3)
    }

    /// Its tensors.
    pub fn plan(&self) -> Plan {
        let mut plan = Plan::default();
        let mut inputs = 3;
        for level in 0..self.levels {
            let outputs = self.channels_at(level);
            plan.layer(&format!("conv.{level}"), &[outputs, inputs, 5, 5], DEVIATION);
            if level > 0 && self.normalisation == Normalisation::Batch {
                plan.batch_norm(&format!("norm.{level}"), outputs);
            }
            inputs = outputs;
        }
        match self.verdict {
            Verdict::Whole => plan.layer("verdict", &[1, inputs * LAST * LAST], DEVIATION),
            Verdict::Places => plan.layer("verdict", &[1, inputs, 3, 3], DEVIATION),
        }
        if self.labels > 0 {
            plan.normal("labels.weight".to_string(), &[self.labels, inputs], DEVIATION);
        }
        plan
    }

    /// Logits `[N, places]` of pictures `[N, 3, H, W]` in 0..1, one place for the whole picture; `labels` are the numbers
    /// `[N]` of what the pictures should show.
    ///
    /// With labels it is the projection discriminator of Miyato and Koyama 2018: the product of a learned vector of the
    /// label with the last features, at each place, is added to the logit.
    pub fn forward(&self, view: &View, pictures: &Tensor, labels: Option<&Tensor>) -> Result<Tensor> {
        let mut x = pictures.affine(2.0, -1.0)?;
        for level in 0..self.levels {
            x = conv(view, &format!("conv.{level}"), &x, 2)?;
            x = match self.normalisation {
                Normalisation::Batch if level > 0 => batch_norm(view, &format!("norm.{level}"), &x)?,
                Normalisation::Instance if level > 0 => instance_norm(&x)?,
                _ => x,
            };
            x = leaky_relu(&x)?;
        }
        let verdict = match self.verdict {
            Verdict::Whole => dense(view, "verdict", &x.flatten_from(1)?)?,
            Verdict::Places => conv(view, "verdict", &x, 1)?.flatten_from(1)?,
        };
        let Some(labels) = labels.filter(|_| self.labels > 0) else { return Ok(verdict) };
        let (batch, channels, ..) = x.dims4()?;
        let vectors = view.get("labels.weight")?.index_select(labels, 0)?.reshape((batch, 1, channels))?;
        let products = vectors.matmul(&x.flatten_from(2)?)?.squeeze(1)?;
        match self.verdict {
            Verdict::Whole => verdict + products.sum_keepdim(1)?,
            Verdict::Places => verdict + products,
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use rand::{SeedableRng, rngs::StdRng};

    use super::super::parameters::Parameters;
    use super::super::view::Mode;
    use super::*;

    fn logits(network: PictureDiscriminator, labels: Option<[u32; 2]>) -> Vec<Vec<f32>> {
        let parameters = Parameters::new(network.plan(), &mut StdRng::seed_from_u64(1)).unwrap();
        let pictures = Tensor::arange(0f32, 2.0 * 3.0 * 256.0, &Device::Cpu).unwrap() / 1536.0;
        let labels = labels.map(|labels| Tensor::new(&labels, &Device::Cpu).unwrap());
        let pictures = pictures.unwrap().reshape((2, 3, 16, 16)).unwrap();
        network.forward(&parameters.live(Mode::Training), &pictures, labels.as_ref()).unwrap().to_vec2().unwrap()
    }

    #[test]
    fn one_logit_for_a_picture_or_one_for_each_place() {
        let whole = PictureDiscriminator {
            channels: 2,
            levels: 2,
            normalisation: Normalisation::Batch,
            verdict: Verdict::Whole,
            labels: 3,
        };
        let places = PictureDiscriminator { verdict: Verdict::Places, normalisation: Normalisation::Instance, ..whole };
        for (network, count) in [(whole, 1), (places, 16)] {
            let plain = logits(network, None);
            assert_eq!((plain.len(), plain[0].len()), (2, count));
            let labelled = [[0, 0], [0, 2]].map(|labels| logits(network, Some(labels)));
            // A label changes its own picture's logits and no other's.
            assert_eq!(labelled[0][0], labelled[1][0]);
            assert_ne!(labelled[0][1], labelled[1][1]);
            assert_ne!(labelled[0][0], plain[0]);
        }
    }

    #[test]
    fn the_label_adds_its_product_with_the_features() {
        // One convolution without weight gives its bias 3 at each of 4 places; the verdict is 0.5, the label 2: the whole
        // picture has 0.5 + 4 * 2 * 3, each place 0.5 + 2 * 3.
        let view = |verdict: &[usize]| {
            let zeros = |shape: &[usize]| Tensor::zeros(shape, candle_core::DType::F32, &Device::Cpu).unwrap();
            let number = |value: f32| Tensor::new(&[value], &Device::Cpu).unwrap();
            let tensors = [
                ("conv.0.weight", zeros(&[1, 3, 5, 5])),
                ("conv.0.bias", number(3.0)),
                ("verdict.weight", zeros(verdict)),
                ("verdict.bias", number(0.5)),
                ("labels.weight", number(2.0).reshape((1, 1)).unwrap()),
            ];
            View::new(tensors.map(|(name, tensor)| (name.to_string(), tensor)).into_iter().collect(), Mode::Training)
        };
        let pictures = Tensor::zeros((1, 3, 4, 4), candle_core::DType::F32, &Device::Cpu).unwrap();
        let label = Tensor::new(&[0u32], &Device::Cpu).unwrap();
        for (verdict, shape, expected) in
            [(Verdict::Whole, vec![1, 4], vec![24.5]), (Verdict::Places, vec![1, 1, 3, 3], vec![6.5; 4])]
        {
            let network =
                PictureDiscriminator { channels: 1, levels: 1, normalisation: Normalisation::None, verdict, labels: 1 };
            let logits = network.forward(&view(&shape), &pictures, Some(&label)).unwrap();
            assert_eq!(logits.to_vec2::<f32>().unwrap(), [expected]);
        }
    }
}
