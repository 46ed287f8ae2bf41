use serde::{Deserialize, Serialize};

use crate::GeneratorError;

/// Sizes of a generator of the kind `comic-u`.
///
/// A U with two levels: pixel-unshuffle to half resolution, a strided convolution to quarter resolution, residual
/// blocks there, pixel-shuffle back to half resolution where the fine lines are joined with a skip connection, and
/// pixel-shuffle to full resolution, where the source enters once more through a residual. Channels are spent at half
/// resolution because a network that works at quarter resolution alone cannot hold the detail of ink lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Architecture {
    /// Kind of the network; `comic-u` is the only one so far.
    pub kind: Kind,
    /// Channels at half resolution.
    pub half_channels: usize,
    /// Channels at quarter resolution.
    pub quarter_channels: usize,
    /// Residual blocks at quarter resolution, two convolutions each.
    pub blocks: usize,
    /// Length of a style vector.
    pub style_dims: usize,
    /// Kernels of every convolution beside its common one, which a style mixes in; see [`crate::Generator::fold`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub experts: usize,
    /// Whether the first convolution also sees the layers carried from the previous frame and the trust in them.
    #[serde(default, skip_serializing_if = "is_false")]
    pub carried_input: bool,
}

fn is_zero(value: &usize) -> bool {
    *value == 0
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Kinds of networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The U described at [`Architecture`].
    ComicU,
}

/// How training starts a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// All zero.
    Zero,
    /// Normal with this standard deviation.
    Normal(f64),
}

/// One parameter of a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name in the weight file.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// How training starts it.
    pub init: Init,
}

/// One convolution of a network before any weights are there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ConvShape {
    pub name: String,
    pub inputs: usize,
    pub outputs: usize,
    /// Side of the kernel, 1 or 3.
    pub kernel: usize,
    pub stride: usize,
    /// Pixels of the frame for one pixel of the output: 4 at half resolution, 16 at quarter resolution.
    pub area: u64,
    /// Scale on He's initialisation: the last layer starts small so that training starts near the source.
    pub gain: f64,
}

/// Channels that the network gives: red, green, blue, ink.
pub(crate) const LAYERS: usize = 4;
/// Channels of what is carried from the previous frame: its layers and the trust in them.
pub(crate) const CARRIED: usize = LAYERS + 1;
/// Samples of a 2x2 block, which pixel-(un)shuffle moves between space and channels.
pub(crate) const SHUFFLE: usize = 4;

/// Forty times the largest model there is a configuration for: more is a mistake, and training would ask for gigabytes.
const MOST_PARAMETERS: usize = 100_000_000;

impl Architecture {
    /// Refuses sizes that cannot be built or run.
    pub fn validate(&self) -> Result<(), GeneratorError> {
        let limits = [
            ("half-channels", self.half_channels, 1, 512),
            ("quarter-channels", self.quarter_channels, 1, 1024),
            ("blocks", self.blocks, 0, 64),
            ("style-dims", self.style_dims, 1, 512),
            ("experts", self.experts, 0, 64),
        ];
        for (name, value, least, most) in limits {
            if !(least..=most).contains(&value) {
                return Err(GeneratorError::Architecture(format!("{name} is {value}, allowed is {least} to {most}")));
            }
        }
        let count = self.parameter_count(0);
        if count > MOST_PARAMETERS {
            return Err(GeneratorError::Architecture(format!(
                "channels, blocks and experts come to {count} parameters, allowed are {MOST_PARAMETERS}"
            )));
        }
        Ok(())
    }

    /// The convolutions in the order they run.
    pub(crate) fn convs(&self) -> Vec<ConvShape> {
        let (half, quarter) = (self.half_channels, self.quarter_channels);
        let conv = |name: &str, inputs, outputs, kernel, stride, area| ConvShape {
            name: name.to_string(),
            inputs,
            outputs,
            kernel,
            stride,
            area,
            gain: 1.0,
        };
        let colours = if self.carried_input { 3 + CARRIED } else { 3 };
        let mut convs = vec![conv("enter", colours * SHUFFLE, half, 3, 1, 4), conv("down", half, quarter, 3, 2, 16)];
        for block in 0..self.blocks {
            convs.push(conv(&format!("blocks.{block}.first"), quarter, quarter, 3, 1, 16));
            // A residual branch that starts small keeps deep stacks near the identity at first.
            let second = conv(&format!("blocks.{block}.second"), quarter, quarter, 3, 1, 16);
            convs.push(ConvShape { gain: 0.3, ..second });
        }
        convs.push(conv("up", quarter, half * SHUFFLE, 1, 1, 16));
        convs.push(conv("mix", half, half, 3, 1, 4));
        convs.push(ConvShape { gain: 0.1, ..conv("exit", half, LAYERS * SHUFFLE, 3, 1, 4) });
        convs
    }

    /// Every parameter but the style vectors, which are named `style.<name>` and have the shape `[style_dims]`.
    pub fn parameters(&self) -> Vec<Parameter> {
        let zero = |name: String, shape: Vec<usize>| Parameter { name, shape, init: Init::Zero };
        let mut all = Vec::new();
        for ConvShape { name, inputs, outputs, kernel, gain, .. } in self.convs() {
            // He et al. 2015, "Delving deep into rectifiers".
            let deviation = gain * (2.0 / (inputs * kernel * kernel) as f64).sqrt();
            let shape = vec![outputs, inputs, kernel, kernel];
            all.push(Parameter { name: format!("{name}.weight"), shape, init: Init::Normal(deviation) });
            all.push(zero(format!("{name}.bias"), vec![outputs]));
            all.push(zero(format!("{name}.style-in"), vec![inputs, self.style_dims]));
            all.push(zero(format!("{name}.style-out"), vec![outputs, self.style_dims]));
            all.push(zero(format!("{name}.style-bias"), vec![outputs, self.style_dims]));
            if self.experts > 0 {
                // Experts that are zero would learn nothing if the shares were zero too.
                let init = Init::Normal((self.style_dims as f64).sqrt().recip());
                let shape = vec![self.experts, self.style_dims];
                all.push(Parameter { name: format!("{name}.style-experts"), shape, init });
                all.push(zero(format!("{name}.experts"), vec![self.experts, outputs, inputs, kernel, kernel]));
            }
        }
        all.push(zero("source.style".to_string(), vec![9, self.style_dims]));
        all
    }

    /// Names of the convolutions that end in a ReLU, in the order they run: all but the last, `exit`. The name `up`
    /// stands for the map in which its result and the skip connection are joined.
    pub fn activation_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.convs().into_iter().map(|conv| conv.name).collect();
        names.pop();
        names
    }

    /// Number of parameters with `styles` style vectors.
    pub fn parameter_count(&self, styles: usize) -> usize {
        let network: usize = self.parameters().iter().map(|p| p.shape.iter().product::<usize>()).sum();
        network + styles * self.style_dims
    }

    /// Operations (a multiplication and an addition count as two) for one frame of `width` x `height` pixels.
    pub fn operations(&self, width: usize, height: usize) -> u64 {
        let pixels = (width * height) as u64;
        let per_pixel = |c: &ConvShape| 2 * (c.inputs * c.outputs * c.kernel * c.kernel) as u64;
        self.convs().iter().map(|conv| pixels * per_pixel(conv) / conv.area).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Architecture = Architecture {
        kind: Kind::ComicU,
        half_channels: 16,
        quarter_channels: 32,
        blocks: 3,
        style_dims: 16,
        experts: 0,
        carried_input: false,
    };

    #[test]
    fn operations_are_those_of_the_layers() {
        // By hand, multiplications for a block of 4x4 pixels: enter 4*12*16*9, down 16*32*9, blocks 6*32*32*9,
        // up 32*64, mix 4*16*16*9, exit 4*16*16*9.
        let products = 4 * 12 * 16 * 9 + 16 * 32 * 9 + 6 * 32 * 32 * 9 + 32 * 64 + 2 * 4 * 16 * 16 * 9;
        assert_eq!(SMALL.operations(4, 4), 2 * products);
        // Five more channels for each pixel of a 2x2 block.
        let carried = Architecture { carried_input: true, ..SMALL };
        assert_eq!(carried.operations(4, 4), 2 * (products + 4 * 20 * 16 * 9));
        assert_eq!(carried.parameter_count(0) - SMALL.parameter_count(0), 20 * (16 * 9 + 16));
    }

    #[test]
    fn experts_are_parameters_but_no_operations() {
        let two = Architecture { experts: 2, blocks: 0, ..SMALL };
        let none = Architecture { experts: 0, ..two };
        assert_eq!(two.operations(64, 64), none.operations(64, 64));
        // Weights of enter, down, up, mix and exit, and what a style takes of each.
        let weights = 12 * 16 * 9 + 16 * 32 * 9 + 32 * 64 + 2 * 16 * 16 * 9;
        assert_eq!(two.parameter_count(0) - none.parameter_count(0), 2 * (weights + 5 * 16));
    }

    #[test]
    fn every_convolution_but_the_last_has_an_activation() {
        let names = Architecture { blocks: 1, ..SMALL }.activation_names();
        assert_eq!(names, ["enter", "down", "blocks.0.first", "blocks.0.second", "up", "mix"]);
    }

    #[test]
    fn impossible_sizes_are_named() {
        let error = Architecture { half_channels: 0, ..SMALL }.validate().unwrap_err().to_string();
        assert!(error.contains("half-channels is 0"), "{error}");
        assert!(Architecture { blocks: 1_000_000, ..SMALL }.validate().is_err());
        let huge = Architecture { quarter_channels: 1024, blocks: 64, experts: 64, ..SMALL };
        let error = huge.validate().unwrap_err().to_string();
        assert!(error.contains("experts come to"), "{error}");
        assert!(SMALL.validate().is_ok());
    }

    #[test]
    fn the_manifest_spelling_is_kebab_case() {
        let text = "kind = \"comic-u\"\nhalf-channels = 16\nquarter-channels = 32\nblocks = 3\nstyle-dims = 16\n";
        assert_eq!(toml::from_str::<Architecture>(text).unwrap(), SMALL);
        assert_eq!(toml::to_string(&SMALL).unwrap(), text);
        let carried: Architecture = toml::from_str(&format!("{text}carried-input = true")).unwrap();
        assert_eq!(carried, Architecture { carried_input: true, ..SMALL });
        assert!(toml::from_str::<Architecture>(&format!("{text}depth = 2")).is_err());
    }
}
