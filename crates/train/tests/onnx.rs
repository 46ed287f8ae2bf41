//! Exported networks: sound graphs with the network's weights, and the same pictures in ONNX Runtime where Python has it.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use candle_core::{Device, Tensor};
use inkcast_generator::{Folded, Package};
use inkcast_train::int8::{Codes, psnr, simulate};
use inkcast_train::onnx::{Graph, Model, Node, Numbers, model};
use inkcast_train::ops::TrainingOps;
use prost::Message;

fn shipped(style: &str) -> Folded {
    Package::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/inkcast-s")).unwrap().fold(style).unwrap()
}

/// What a reader gets out of the bytes.
fn exported(style: &str, numbers: Numbers) -> Graph {
    let bytes = model(&shipped(style), numbers).unwrap().encode_to_vec();
    Model::decode(&bytes[..]).unwrap().graph.unwrap()
}

fn count(graph: &Graph, op: &str) -> usize {
    graph.node.iter().filter(|node| node.op_type == op).count()
}

#[test]
fn every_value_is_made_once_and_before_it_is_used() {
    for numbers in [Numbers::F32, Numbers::Int8, Numbers::Int8Sums] {
        let graph = exported("ink", numbers);
        let mut known: HashSet<&str> = graph.input.iter().map(|input| input.name.as_str()).collect();
        for constant in &graph.initializer {
            let size = [0, 4, 1, 1, 0, 0, 4][constant.data_type as usize];
            assert_eq!(
                constant.raw_data.len() as i64,
                constant.dims.iter().product::<i64>() * size,
                "{}",
                constant.name
            );
            assert!(known.insert(&constant.name), "{} is there twice", constant.name);
        }
        let mut used = HashSet::from(["layers"]);
        for node in &graph.node {
            for input in &node.input {
                assert!(known.contains(input.as_str()), "{} reads {input}, which is not there yet", node.name);
                used.insert(input);
            }
            assert!(known.insert(&node.output[0]), "{} is there twice", node.output[0]);
        }
        let idle: Vec<_> = known.difference(&used).collect();
        assert!(idle.is_empty(), "nothing reads {idle:?}");
        assert_eq!((graph.input[0].name.as_str(), graph.output[0].name.as_str()), ("rgb", "layers"));
    }
}

#[test]
fn eight_bits_are_where_they_should_be() {
    let (plain, int8, sums) =
        (exported("ink", Numbers::F32), exported("ink", Numbers::Int8), exported("ink", Numbers::Int8Sums));
    // enter, down, four blocks of two, up, mix, exit and the source matrix.
    assert!([&plain, &int8, &sums].iter().all(|graph| count(graph, "Conv") == 14));
    assert_eq!(count(&plain, "QuantizeLinear"), 0);
    // The picture and the twelve maps; with sums also those of four blocks, and the joint before and after its shuffle.
    assert_eq!((count(&int8, "QuantizeLinear"), count(&sums, "QuantizeLinear")), (13, 19));
    // Besides those, weights and biases of thirteen convolutions.
    assert_eq!(count(&int8, "DequantizeLinear"), 13 + 26);
    // Every convolution of the network reads codes; that of the source stays in floats.
    let makers: HashMap<&str, &Node> = int8.node.iter().map(|node| (node.output[0].as_str(), node)).collect();
    for conv in int8.node.iter().filter(|node| node.op_type == "Conv" && node.name != "source") {
        for input in &conv.input {
            assert_eq!(makers[input.as_str()].op_type, "DequantizeLinear", "{} reads {input}", conv.name);
        }
    }
}

#[test]
fn weights_are_those_of_the_style() {
    let (ink, halftone) = (exported("ink", Numbers::F32), exported("halftone", Numbers::F32));
    assert_ne!(ink, halftone);
    let folded = shipped("ink");
    let mix = &folded.convs()[folded.convs().len() - 2];
    let bytes: Vec<u8> =
        mix.weight.flatten_all().unwrap().to_vec1::<f32>().unwrap().iter().flat_map(|v| v.to_le_bytes()).collect();
    let constant = ink.initializer.iter().find(|constant| constant.name == "mix.weight").unwrap();
    assert_eq!((&constant.raw_data, &constant.dims), (&bytes, &vec![16, 16, 3, 3]));
}

#[test]
fn eight_bits_need_a_calibration() {
    let folded = shipped("ink").with_activations(&[]).unwrap();
    assert!(model(&folded, Numbers::F32).is_ok());
    let error = model(&folded, Numbers::Int8).unwrap_err().to_string();
    assert!(error.contains("inkcast-train calibrate"), "{error}");
}

/// A picture with edges and gradients in whole codes, `[1, 3, 72, 104]`.
fn picture() -> Tensor {
    let (width, height) = (104, 72);
    let value = |channel: usize, x: usize, y: usize| {
        let edge = if (x / 13 + y / 9 + channel).is_multiple_of(3) { 90 } else { 0 };
        ((x * 3 + y * (channel + 1)) % 166 + edge) as f32 / 255.0
    };
    let planes = (0..3).flat_map(|c| (0..height).flat_map(move |y| (0..width).map(move |x| value(c, x, y))));
    Tensor::from_vec(planes.collect::<Vec<f32>>(), (1, 3, height, width), &Device::Cpu).unwrap()
}

/// A Python with ONNX Runtime: that of scripts/bench-peers or the system's.
fn python() -> Option<PathBuf> {
    let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../out/peers/venv/bin/python");
    let has_it = |python: &PathBuf| {
        let run = Command::new(python).args(["-c", "import onnxruntime, numpy"]).output();
        run.is_ok_and(|run| run.status.success())
    };
    [peers, PathBuf::from("python3")].into_iter().find(has_it)
}

const RUN: &str = "
import sys, numpy, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=['CPUExecutionProvider'])
rgb = numpy.fromfile(sys.argv[2], numpy.float32).reshape(1, 3, 72, 104)
session.run(None, {'rgb': rgb})[0].tofile(sys.argv[3])
";

#[test]
fn onnx_runtime_gives_the_same_layers() {
    let Some(python) = python() else {
        eprintln!("skipped: no Python with onnxruntime and numpy; scripts/bench-peers sets one up");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let rgb = picture();
    let bytes: Vec<u8> =
        rgb.flatten_all().unwrap().to_vec1::<f32>().unwrap().iter().flat_map(|v| v.to_le_bytes()).collect();
    std::fs::write(at("rgb"), bytes).unwrap();
    for style in ["ink", "halftone", "manga"] {
        let folded = shipped(style);
        let run = |numbers: Numbers| {
            std::fs::write(at("net.onnx"), model(&folded, numbers).unwrap().encode_to_vec()).unwrap();
            let run = Command::new(&python).args(["-c", RUN]).args([at("net.onnx"), at("rgb"), at("layers")]).output();
            let run = run.unwrap();
            assert!(run.status.success(), "{style} {numbers:?}: {}", String::from_utf8_lossy(&run.stderr));
            let bytes = std::fs::read(at("layers")).unwrap();
            let values: Vec<f32> = bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            Tensor::from_vec(values, (1, 4, 72, 104), &Device::Cpu).unwrap()
        };
        let exact = folded.forward(&TrainingOps, &rgb, None).unwrap();
        let difference = (run(Numbers::F32) - &exact).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap();
        let difference = difference.to_scalar::<f32>().unwrap();
        assert!(difference < 1e-4, "{style}: {difference}");

        // What lies near the middle of two codes is rounded either way as floats are added in another order, and what
        // follows differs a little then: ONNX Runtime is 56 dB from itself with and without its optimisations.
        let coded = simulate(&folded, folded.activations(), Codes::All, &rgb).unwrap();
        let (simulated, lost) = (psnr(&run(Numbers::Int8), &coded).unwrap(), psnr(&coded, &exact).unwrap());
        assert!(simulated > 50.0 && simulated > lost + 3.0, "{style}: {simulated} dB, {lost} dB lost");
        let sums = psnr(&run(Numbers::Int8Sums), &exact).unwrap();
        assert!(sums > 38.0, "{style}: {sums} dB");
        eprintln!(
            "{style}: f32 within {difference}, 8 bits {simulated:.1} dB from ours, which lose {lost:.1}; with sums {sums:.1}"
        );
    }
}
