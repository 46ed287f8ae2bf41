use anyhow::{Result, ensure};
use inkcast_generator::{Conv, Folded};
use inkcast_kernels::weight_codes;

use super::graph::{Builder, int, ints, word};
use super::messages::Model;

/// The numbers that an exported network computes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// 32-bit floats.
    F32,
    /// 8-bit integers between `QuantizeLinear` and `DequantizeLinear`, with the codes of [`crate::int8`].
    Int8,
    /// The same with the results of convolutions also in 8 bits before something is added to them. That is a little
    /// coarser, but ONNX Runtime computes a convolution in 8 bits only if its own result is in 8 bits.
    Int8Sums,
}

/// The network of one style as an ONNX model.
///
/// # Errors
/// If 8 bits are asked for and `folded` has no activations.
pub fn model(folded: &Folded, numbers: Numbers) -> Result<Model> {
    let ends = folded.activations();
    ensure!(
        numbers == Numbers::F32 || !ends.is_empty(),
        "the style is not calibrated for 8 bits: run inkcast-train calibrate on the package first"
    );
    let mut network = Network { graph: Builder::default(), numbers };
    let end = |index: usize| ends.get(index).copied().unwrap_or(1.0);
    let [enter, down, blocks @ .., up, mix, exit] = folded.convs() else {
        anyhow::bail!("a folded generator has at least five convolutions");
    };

    let rgb = network.graph.input("rgb", 3);
    let blocks_of_pixels = network.graph.node("SpaceToDepth", "unshuffled", &[&rgb], vec![int("blocksize", 2)]);
    let unshuffled = network.map(&blocks_of_pixels, Range::up_to(1.0));
    let fine = network.layer("enter", &unshuffled, &entering(enter)?, end(0))?;
    let mut coarse = network.layer("down", &fine, &Plain::new(down)?, end(1))?;
    for (index, pair) in blocks.chunks_exact(2).enumerate() {
        let (first, second) = (format!("blocks.{index}.first"), format!("blocks.{index}.second"));
        let inner = network.layer(&first, &coarse, &Plain::new(&pair[0])?, end(2 + 2 * index))?;
        let change = network.conv(&second, &inner, &Plain::new(&pair[1])?)?;
        coarse = network.join(&second, &change, &coarse, end(3 + 2 * index));
    }
    let raised = network.conv("up", &coarse, &Plain::new(up)?)?;
    let raised = network.sum(&raised, &fine, end(2 + blocks.len()));
    let shuffle = vec![int("blocksize", 2), word("mode", "CRD")];
    let raised = network.graph.node("DepthToSpace", "raised", &[&raised], shuffle.clone());
    let joined = network.join("joined", &raised, &fine, end(2 + blocks.len()));
    let mixed = network.layer("mix", &joined, &Plain::new(mix)?, end(3 + blocks.len()))?;
    let change = network.conv("exit", &mixed, &Plain::new(exit)?)?;
    let change = network.graph.node("DepthToSpace", "change", &[&change], shuffle);

    // The source matrix with a row of zeros for ink.
    let mut matrix = folded.source_matrix()?.as_flattened().to_vec();
    matrix.extend([0.0; 3]);
    let matrix = network.graph.floats("source.weight", &[4, 3, 1, 1], &matrix);
    let source = network.graph.node("Conv", "source", &[&rgb, &matrix], vec![ints("kernel_shape", &[1, 1])]);
    let layers = network.graph.node("Add", "layers", &[&change, &source], vec![]);
    Ok(network.graph.finish("inkcast", &layers, 4))
}

/// A convolution as plain numbers.
struct Plain {
    weight: Vec<f32>,
    bias: Vec<f32>,
    dims: [usize; 4],
    stride: usize,
}

impl Plain {
    fn new(conv: &Conv) -> Result<Self> {
        let (outputs, inputs, kernel, _) = conv.weight.dims4()?;
        let (weight, bias) = (conv.weight.flatten_all()?.to_vec1()?, conv.bias.to_vec1()?);
        Ok(Plain { weight, bias, dims: [outputs, inputs, kernel, kernel], stride: conv.stride })
    }
}

/// The first convolution with its inputs in the order in which `SpaceToDepth` gives them: pixel by pixel of a block,
/// while the network counts channel by channel. Inputs beyond the picture are left out, being zero.
fn entering(conv: &Conv) -> Result<Plain> {
    let mut plain = Plain::new(conv)?;
    let [outputs, inputs, height, width] = plain.dims;
    let taps = height * width;
    let ordered = (0..outputs).flat_map(|output| (0..12).map(move |at| (output * inputs + at % 3 * 4 + at / 3) * taps));
    plain.weight = ordered.flat_map(|start| &plain.weight[start..start + taps]).copied().collect();
    plain.dims[1] = 12;
    Ok(plain)
}

/// What the codes 0 to 255 of a map stand for.
#[derive(Clone, Copy)]
struct Range {
    step: f32,
    zero: u8,
}

impl Range {
    fn up_to(end: f32) -> Self {
        Range { step: end / 255.0, zero: 0 }
    }

    fn between(below: f32, above: f32) -> Self {
        let step = (below + above) / 255.0;
        Range { step, zero: (below / step).round_ties_even() as u8 }
    }
}

/// A value of the graph and, if it is in 8 bits, what its codes stand for.
struct Map {
    name: String,
    range: Range,
}

struct Network {
    graph: Builder,
    numbers: Numbers,
}

impl Network {
    /// Puts a value into codes and back, if the network is in 8 bits.
    fn map(&mut self, value: &str, range: Range) -> Map {
        if self.numbers == Numbers::F32 {
            return Map { name: value.to_string(), range };
        }
        let step = self.graph.floats(&format!("{value}.step"), &[], &[range.step]);
        let zero = self.graph.bytes(&format!("{value}.zero"), &[], &[range.zero]);
        let codes = self.graph.node("QuantizeLinear", &format!("{value}.codes"), &[value, &step, &zero], vec![]);
        let name = format!("{value}.coded");
        Map { name: self.graph.node("DequantizeLinear", &name, &[&codes, &step, &zero], vec![]), range }
    }

    /// A convolution without what follows it.
    fn conv(&mut self, name: &str, x: &Map, conv: &Plain) -> Result<String> {
        let [outputs, inputs, kernel, _] = conv.dims;
        let (weight, bias) = match self.numbers {
            Numbers::F32 => (
                self.graph.floats(&format!("{name}.weight"), &conv.dims, &conv.weight),
                self.graph.floats(&format!("{name}.bias"), &[outputs], &conv.bias),
            ),
            Numbers::Int8 | Numbers::Int8Sums => {
                let coded: Vec<_> = (conv.weight.chunks_exact(inputs * kernel * kernel))
                    .map(|output| weight_codes(output, kernel * kernel))
                    .collect();
                let codes: Vec<i8> = coded.iter().flat_map(|output| &output.codes).copied().collect();
                let steps: Vec<f32> = coded.iter().map(|output| output.step).collect();
                // Sums come in steps of input times weight, and biases as whole numbers of them.
                let sum_steps: Vec<f32> = steps.iter().map(|step| step * x.range.step).collect();
                let biases =
                    conv.bias.iter().zip(&sum_steps).map(|(bias, step)| (bias / step).round_ties_even() as i32);
                let biases: Vec<i32> = biases.collect();
                let weight = self.graph.signed_bytes(&format!("{name}.weight.codes"), &conv.dims, &codes);
                let bias = self.graph.integers(&format!("{name}.bias.codes"), &[outputs], &biases);
                (self.constant(&weight, &steps), self.constant(&bias, &sum_steps))
            }
        };
        let (padding, kernel, stride) = (kernel as i64 / 2, kernel as i64, conv.stride as i64);
        let attributes = vec![
            ints("kernel_shape", &[kernel, kernel]),
            ints("pads", &[padding; 4]),
            ints("strides", &[stride, stride]),
        ];
        Ok(self.graph.node("Conv", &format!("{name}.sum"), &[&x.name, &weight, &bias], attributes))
    }

    /// The value of constant codes: a step for each output, no zero point.
    fn constant(&mut self, codes: &str, steps: &[f32]) -> String {
        let name = codes.trim_end_matches(".codes");
        let step = self.graph.floats(&format!("{name}.step"), &[steps.len()], steps);
        self.graph.node("DequantizeLinear", name, &[codes, &step], vec![int("axis", 0)])
    }

    /// A convolution with its ReLU.
    fn layer(&mut self, name: &str, x: &Map, conv: &Plain, end: f32) -> Result<Map> {
        let sum = self.conv(name, x, conv)?;
        let y = self.graph.node("Relu", name, &[&sum], vec![]);
        Ok(self.map(&y, Range::up_to(end)))
    }

    /// `relu(sum + addend)`, where the result reaches up to `end`.
    fn join(&mut self, name: &str, sum: &str, addend: &Map, end: f32) -> Map {
        let sum = self.sum(sum, addend, end);
        let total = self.graph.node("Add", &format!("{name}.total"), &[&sum, &addend.name], vec![]);
        let y = self.graph.node("Relu", name, &[&total], vec![]);
        self.map(&y, Range::up_to(end))
    }

    /// What a convolution gives before `addend` is added, in codes if sums are to be.
    fn sum(&mut self, sum: &str, addend: &Map, end: f32) -> String {
        match self.numbers {
            // What lies below minus the addend's end gives zero, what lies above the result's end is cut off.
            Numbers::Int8Sums => self.map(sum, Range::between(255.0 * addend.range.step, end)).name,
            Numbers::F32 | Numbers::Int8 => sum.to_string(),
        }
    }
}
