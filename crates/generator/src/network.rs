use std::collections::HashMap;

use candle_core::{DType, Device, IndexOp, Result, Tensor};

use crate::architecture::{CARRIED, ConvShape};
use crate::{Architecture, GeneratorError};

/// What follows a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    None,
    /// `max(x, 0)`. All inner activations are therefore non-negative, which suits unsigned 8-bit arithmetic.
    Relu,
}

/// Who computes convolutions: Candle itself for the reference, training with operations that differentiate well.
pub trait ConvOps {
    /// `activation(conv(x) + bias + addend)` with zero padding of half a kernel, so that stride 1 keeps the size.
    ///
    /// `x` is `[N, I, H, W]`, `weight` `[O, I, K, K]`, `bias` `[O]`, `addend` as the result,
    /// `[N, O, ceil(H / stride), ceil(W / stride)]`.
    fn conv2d(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        addend: Option<&Tensor>,
        stride: usize,
        activation: Activation,
    ) -> Result<Tensor>;
}

/// Convolutions by Candle's own operations: the definition that faster ones are compared with.
#[derive(Debug, Clone, Copy, Default)]
pub struct CandleOps;

impl ConvOps for CandleOps {
    fn conv2d(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        addend: Option<&Tensor>,
        stride: usize,
        activation: Activation,
    ) -> Result<Tensor> {
        let padding = weight.dim(2)? / 2;
        let y = x.conv2d(weight, padding, stride, 1, 1)?.broadcast_add(&bias.reshape((1, (), 1, 1))?)?;
        let y = match addend {
            Some(addend) => (y + addend)?,
            None => y,
        };
        match activation {
            Activation::None => Ok(y),
            Activation::Relu => y.relu(),
        }
    }
}

/// The network's parameters as Candle tensors, styles included.
#[derive(Debug, Clone)]
pub struct Generator {
    architecture: Architecture,
    tensors: HashMap<String, Tensor>,
}

impl Generator {
    /// Takes parameters by the names of [`Architecture::parameters`] plus style vectors named `style.<name>`.
    /// Missing, superfluous and wrongly shaped ones are errors that name the tensor.
    pub fn from_tensors(
        architecture: Architecture,
        tensors: HashMap<String, Tensor>,
    ) -> std::result::Result<Self, GeneratorError> {
        architecture.validate()?;
        let wrong = |reason: String| GeneratorError::Architecture(reason);
        let parameters = architecture.parameters();
        for parameter in &parameters {
            let Some(tensor) = tensors.get(&parameter.name) else {
                return Err(wrong(format!("tensor {} is missing", parameter.name)));
            };
            if tensor.dims() != parameter.shape {
                let (name, shape) = (&parameter.name, &parameter.shape);
                return Err(wrong(format!("tensor {name} has shape {:?}, expected {shape:?}", tensor.dims())));
            }
        }
        for (name, tensor) in &tensors {
            let is_style = name.starts_with("style.");
            if is_style && tensor.dims() != [architecture.style_dims] {
                let dims = architecture.style_dims;
                return Err(wrong(format!("tensor {name} has shape {:?}, expected [{dims}]", tensor.dims())));
            }
            if !is_style && !parameters.iter().any(|parameter| parameter.name == *name) {
                return Err(wrong(format!("tensor {name} does not belong to this network")));
            }
        }
        Ok(Generator { architecture, tensors })
    }

    /// Sizes of the network.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Every parameter by name.
    pub fn tensors(&self) -> &HashMap<String, Tensor> {
        &self.tensors
    }

    /// The style vector `[style_dims]` called `name`, if there is one.
    pub fn style(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(&format!("style.{name}"))
    }

    /// Folds a style vector `[style_dims]` into plain convolutions.
    ///
    /// A convolution's kernel is the common one plus what the style takes of each expert, `w = w_0 + sum_k (share_k . s)
    /// w_k`, as in conditionally parameterised convolutions (Yang et al. 2019) with a style in place of an input's
    /// features. It is modulated on both sides, `w'[o, i] = w[o, i] (1 + out_o . s)(1 + in_i . s)` and
    /// `b'[o] = b[o] + bias_o . s`, in the manner of StyleGAN2 (Karras et al. 2020) without its demodulation: there are
    /// no statistics left that would have to be computed per frame.
    pub fn fold(&self, style: &Tensor) -> Result<Folded> {
        let style = style.reshape((self.architecture.style_dims, 1))?;
        let convs =
            self.architecture.convs().iter().map(|shape| self.fold_conv(shape, &style)).collect::<Result<_>>()?;
        let identity = Tensor::eye(3, style.dtype(), style.device())?;
        let source = (self.tensors["source.style"].matmul(&style)?.reshape((3, 3))? + identity)?;
        Ok(Folded { architecture: self.architecture, convs, source, activations: Vec::new() })
    }

    fn fold_conv(&self, shape: &ConvShape, style: &Tensor) -> Result<Conv> {
        let part = |suffix: &str| &self.tensors[&format!("{}.{suffix}", shape.name)];
        let inward = (part("style-in").matmul(style)? + 1.0)?.reshape((1, (), 1, 1))?;
        let outward = (part("style-out").matmul(style)? + 1.0)?.reshape(((), 1, 1, 1))?;
        let weight = match self.architecture.experts {
            0 => part("weight").clone(),
            count => {
                let share = part("style-experts").matmul(style)?.reshape((1, count))?;
                let mixed = share.matmul(&part("experts").reshape((count, ()))?)?;
                (part("weight") + mixed.reshape(part("weight").shape())?)?
            }
        };
        let weight = weight.broadcast_mul(&inward)?.broadcast_mul(&outward)?;
        let bias = (part("bias") + part("style-bias").matmul(style)?.flatten_all()?)?;
        Ok(Conv { weight, bias, stride: shape.stride })
    }
}

/// A convolution with everything folded in.
#[derive(Debug, Clone)]
pub struct Conv {
    /// `[O, I, K, K]`.
    pub weight: Tensor,
    /// `[O]`.
    pub bias: Tensor,
    /// Step in both directions.
    pub stride: usize,
}

/// The network for one style: only convolutions are left.
#[derive(Debug, Clone)]
pub struct Folded {
    pub(crate) architecture: Architecture,
    /// In the order they run: enter, down, two for each block, up, mix, exit.
    pub(crate) convs: Vec<Conv>,
    /// `[3, 3]`: how much of each source channel goes into each colour channel.
    pub(crate) source: Tensor,
    activations: Vec<f32>,
}

impl Folded {
    /// Layers `[N, 4, H, W]` (red, green, blue, ink) of RGB pictures `[N, 3, H, W]`; both sides must be multiples of 4.
    /// Values are not yet clamped to 0..1: training wants to see how far beyond they are.
    ///
    /// `carried` is `[N, 5, H, W]`: the previous layers and the trust in them, 0..1; nothing is as good as zeros. Only a
    /// network with [`Architecture::carried_input`] looks at it.
    pub fn forward(&self, ops: &dyn ConvOps, rgb: &Tensor, carried: Option<&Tensor>) -> Result<Tensor> {
        Ok(self.forward_with_features(ops, rgb, carried)?.0)
    }

    /// The same with the features `[N, quarter_channels, H / 4, W / 4]` from which the layers are drawn.
    pub fn forward_with_features(
        &self,
        ops: &dyn ConvOps,
        rgb: &Tensor,
        carried: Option<&Tensor>,
    ) -> Result<(Tensor, Tensor)> {
        let (batch, _, height, width) = rgb.dims4()?;
        if height % 4 != 0 || width % 4 != 0 {
            candle_core::bail!("the generator takes sizes that are multiples of 4, not {width}x{height}");
        }
        let run = |conv: &Conv, x: &Tensor, addend: Option<&Tensor>, activation| {
            ops.conv2d(x, &conv.weight, &conv.bias, addend, conv.stride, activation)
        };
        let [enter, down, blocks @ .., up, mix, exit] = &self.convs[..] else {
            candle_core::bail!("a folded generator has at least five convolutions");
        };

        let input = match (self.architecture.carried_input, carried) {
            (false, _) => rgb.clone(),
            (true, Some(carried)) => Tensor::cat(&[rgb, carried], 1)?,
            (true, None) => rgb.pad_with_zeros(1, 0, CARRIED)?,
        };
        let fine = run(enter, &candle_nn::ops::pixel_unshuffle(&input, 2)?, None, Activation::Relu)?;
        let mut coarse = run(down, &fine, None, Activation::Relu)?;
        for block in blocks.chunks(2) {
            let inner = run(&block[0], &coarse, None, Activation::Relu)?;
            coarse = run(&block[1], &inner, Some(&coarse), Activation::Relu)?;
        }
        let raised = candle_nn::ops::pixel_shuffle(&run(up, &coarse, None, Activation::None)?, 2)?;
        let joined = (raised + fine)?.relu()?;
        let mixed = run(mix, &joined, None, Activation::Relu)?;
        let change = candle_nn::ops::pixel_shuffle(&run(exit, &mixed, None, Activation::None)?, 2)?;

        // Colour is the source, mixed by the style's 3x3 matrix, plus what the network changes; ink is the network's alone.
        let source = self.source.broadcast_matmul(&rgb.reshape((batch, 3, height * width))?)?;
        let source = source.reshape((batch, 3, height, width))?;
        let ink = Tensor::zeros((batch, 1, height, width), rgb.dtype(), rgb.device())?;
        Ok(((change + Tensor::cat(&[&source, &ink], 1)?)?, coarse))
    }

    /// Sizes of the network.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// The kind of numbers that it computes with.
    pub fn dtype(&self) -> DType {
        self.source.dtype()
    }

    /// Upper ends of the activations ([`crate::Style::activations`]); empty if they are not known.
    pub fn activations(&self) -> &[f32] {
        &self.activations
    }

    /// The same weights with the upper ends of their activations, so that they can run in 8-bit integers.
    ///
    /// # Errors
    /// If there are ends, but not one for each convolution with a ReLU, finite and above zero.
    pub fn with_activations(self, activations: &[f32]) -> std::result::Result<Folded, GeneratorError> {
        let needed = self.convs.len() - 1;
        if !activations.is_empty() && activations.len() != needed {
            let reason = format!("{} activations were given, the network has {needed}", activations.len());
            return Err(GeneratorError::Architecture(reason));
        }
        if !activations.iter().all(|end| end.is_finite() && *end > 0.0) {
            return Err(GeneratorError::Architecture("activations must be finite and above 0".to_string()));
        }
        Ok(Folded { activations: activations.to_vec(), ..self })
    }

    /// The convolutions in the order they run: enter, down, two for each block, up, mix, exit.
    pub fn convs(&self) -> &[Conv] {
        &self.convs
    }

    /// The same weights on another device.
    pub fn to_device(&self, device: &Device) -> Result<Folded> {
        let convs = (self.convs.iter())
            .map(|conv| {
                let (weight, bias) = (conv.weight.to_device(device)?, conv.bias.to_device(device)?);
                Ok(Conv { weight, bias, stride: conv.stride })
            })
            .collect::<Result<_>>()?;
        Ok(Folded { convs, source: self.source.to_device(device)?, ..self.clone() })
    }

    /// How much of each source channel (column) goes into each colour channel (row).
    pub fn source_matrix(&self) -> Result<[[f32; 3]; 3]> {
        let mut matrix = [[0.0; 3]; 3];
        for (i, row) in matrix.iter_mut().enumerate() {
            for (j, value) in row.iter_mut().enumerate() {
                *value = self.source.i((i, j))?.to_scalar()?;
            }
        }
        Ok(matrix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    /// One channel everywhere, every parameter zero but those of `down`.
    fn network(down: &[(&str, &[f32])]) -> Generator {
        let architecture = Architecture {
            kind: Kind::ComicU,
            half_channels: 1,
            quarter_channels: 1,
            blocks: 0,
            style_dims: 2,
            experts: 2,
            carried_input: false,
        };
        let tensor = |parameter: crate::Parameter| {
            let zeros = Tensor::zeros(&parameter.shape[..], DType::F32, &Device::Cpu).unwrap();
            let given = down.iter().find(|(name, _)| parameter.name == format!("down.{name}"));
            let tensor = match given {
                Some((_, values)) => Tensor::new(*values, &Device::Cpu).unwrap().reshape(parameter.shape).unwrap(),
                None => zeros,
            };
            (parameter.name, tensor)
        };
        Generator::from_tensors(architecture, architecture.parameters().into_iter().map(tensor).collect()).unwrap()
    }

    #[test]
    fn a_style_folds_into_kernels_by_hand() {
        let common: Vec<f32> = (0..9).map(|index| index as f32).collect();
        // The first expert is one at the first place, the second at the last.
        let mut experts = [0.0; 18];
        (experts[0], experts[17]) = (1.0, 1.0);
        let generator = network(&[
            ("weight", &common),
            ("bias", &[0.5]),
            ("style-bias", &[0.25, -1.0]),
            ("style-in", &[0.0, 0.5]),
            ("style-out", &[1.0, 0.0]),
            // Shares of the first expert, then of the second.
            ("style-experts", &[3.0, 0.0, 1.0, -2.0]),
            ("experts", &experts),
        ]);
        let style = Tensor::new(&[1f32, 2.0], &Device::Cpu).unwrap();
        let down = generator.fold(&style).unwrap().convs()[1].clone();
        // Shares are 3 and 1 - 4 = -3, the factors 1 + 1 = 2 and 1 + 1 = 2, the bias 0.5 + 0.25 - 2.
        let expected = [12.0, 4.0, 8.0, 12.0, 16.0, 20.0, 24.0, 28.0, 20.0];
        assert_eq!(down.weight.flatten_all().unwrap().to_vec1::<f32>().unwrap(), expected);
        assert_eq!(down.bias.to_vec1::<f32>().unwrap(), [-1.25]);
    }
}
