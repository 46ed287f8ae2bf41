//! A graph while it is put together: values are known by their names, each node names what it makes.

use super::messages::{
    ATTRIBUTE_INT, ATTRIBUTE_INTS, ATTRIBUTE_STRING, Attribute, Dimension, FLOAT, Graph, INT8, INT32, Model, Node,
    OperatorSet, Shape, Tensor, TensorType, Type, UINT8, ValueInfo,
};

/// Adds nodes and constants; every method returns the name of the value it makes.
#[derive(Default)]
pub struct Builder {
    graph: Graph,
}

impl Builder {
    /// Declares the picture that comes in.
    pub fn input(&mut self, name: &str, channels: i64) -> String {
        self.graph.input.push(picture(name, channels));
        name.to_string()
    }

    /// `name = op(inputs)`.
    pub fn node(&mut self, op: &str, name: &str, inputs: &[&str], attributes: Vec<Attribute>) -> String {
        self.graph.node.push(Node {
            input: inputs.iter().map(ToString::to_string).collect(),
            output: vec![name.to_string()],
            name: name.to_string(),
            op_type: op.to_string(),
            attribute: attributes,
        });
        name.to_string()
    }

    /// A constant of floats.
    pub fn floats(&mut self, name: &str, dims: &[usize], values: &[f32]) -> String {
        self.constant(name, dims, FLOAT, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// A constant of bytes.
    pub fn bytes(&mut self, name: &str, dims: &[usize], values: &[u8]) -> String {
        self.constant(name, dims, UINT8, values.to_vec())
    }

    /// A constant of signed bytes.
    pub fn signed_bytes(&mut self, name: &str, dims: &[usize], values: &[i8]) -> String {
        self.constant(name, dims, INT8, values.iter().map(|&value| value as u8).collect())
    }

    /// A constant of 32-bit integers.
    pub fn integers(&mut self, name: &str, dims: &[usize], values: &[i32]) -> String {
        self.constant(name, dims, INT32, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    fn constant(&mut self, name: &str, dims: &[usize], data_type: i32, raw_data: Vec<u8>) -> String {
        let dims = dims.iter().map(|&dim| dim as i64).collect();
        self.graph.initializer.push(Tensor { dims, data_type, name: name.to_string(), raw_data });
        name.to_string()
    }

    /// The model, giving `output` with so many channels.
    pub fn finish(mut self, name: &str, output: &str, channels: i64) -> Model {
        self.graph.name = name.to_string();
        self.graph.output.push(picture(output, channels));
        Model {
            // What version 13 of the operators came with; it brought steps for each channel.
            ir_version: 7,
            producer_name: "inkcast-train".to_string(),
            producer_version: env!("CARGO_PKG_VERSION").to_string(),
            graph: Some(self.graph),
            opset_import: vec![OperatorSet { domain: String::new(), version: 13 }],
        }
    }
}

/// `[1, channels, height, width]` floats.
fn picture(name: &str, channels: i64) -> ValueInfo {
    let number = |value| Dimension { dim_value: Some(value), dim_param: None };
    let free = |name: &str| Dimension { dim_value: None, dim_param: Some(name.to_string()) };
    let shape = Shape { dim: vec![number(1), number(channels), free("height"), free("width")] };
    let tensor = TensorType { elem_type: FLOAT, shape: Some(shape) };
    ValueInfo { name: name.to_string(), r#type: Some(Type { tensor_type: Some(tensor) }) }
}

/// An attribute that is a number.
pub fn int(name: &str, i: i64) -> Attribute {
    Attribute { name: name.to_string(), i: Some(i), r#type: ATTRIBUTE_INT, ..Attribute::default() }
}

/// An attribute that is a list of numbers.
pub fn ints(name: &str, ints: &[i64]) -> Attribute {
    Attribute { name: name.to_string(), ints: ints.to_vec(), r#type: ATTRIBUTE_INTS, ..Attribute::default() }
}

/// An attribute that is a word.
pub fn word(name: &str, s: &str) -> Attribute {
    Attribute { name: name.to_string(), s: Some(s.into()), r#type: ATTRIBUTE_STRING, ..Attribute::default() }
}
