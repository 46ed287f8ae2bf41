//! Training on a CUDA device; where there is none, these tests say so and pass, unless `REQUIRE_VARIANTS` asks for `cuda`.

use std::collections::HashMap;

use candle_core::Device;
use inkcast_generator::cuda_device;
use inkcast_train::config::Config;
use inkcast_train::data::Example;
use inkcast_train::device::Floats;
use inkcast_train::looks::Look;
use inkcast_train::step::{LOSSES, step};
use inkcast_train::supply::Supply;
use inkcast_train::weights::Weights;

/// A small configuration of everything that the shipped models are trained with.
fn config(floats: Floats) -> Config {
    let mut config = Config::parse(include_str!("../configs/inkcast-s-last.toml")).unwrap();
    config.architecture.half_channels = 8;
    config.architecture.quarter_channels = 16;
    config.fit.crop_size = 64;
    config.fit.floats = floats;
    config.adversarial.as_mut().unwrap().from_step = 1;
    config.temporal.as_mut().unwrap().features = 0.1;
    config
}

fn examples() -> Vec<Example> {
    let example = |shade: usize| {
        let bytes = |channels: usize| {
            let byte = |i: usize| ((i / 40 * 3 + i % 40 * 5 + shade * 61) % 256) as u8;
            (0..96 * 80 * channels).map(byte).collect::<Vec<u8>>()
        };
        let layers: HashMap<Look, Vec<u8>> = Look::ALL.into_iter().map(|look| (look, bytes(4))).collect();
        Example { name: format!("{shade}"), width: 96, height: 80, source: bytes(3), layers, comic: None }
    };
    (0..4).map(example).collect()
}

/// The losses of some steps, those of all styles one after another.
fn losses(device: &Device, floats: Floats, steps: u64) -> Vec<[f32; LOSSES]> {
    let config = config(floats);
    let mut weights = Weights::new(&config, None, device).unwrap();
    let mut supply = Supply::new(&config, examples(), device);
    (0..steps).flat_map(|number| step(&mut weights, &config, &mut supply, number).unwrap()).collect()
}

fn card() -> Option<Device> {
    match cuda_device(0) {
        Ok(device) => Some(device),
        Err(error) => {
            let required = std::env::var("REQUIRE_VARIANTS").unwrap_or_default();
            assert!(!required.split(',').any(|name| name.trim() == "cuda"), "{error}");
            println!("skipped: {error}");
            None
        }
    }
}

#[test]
fn steps_on_the_card_are_those_of_the_cpu() {
    let Some(device) = card() else { return };
    let (cpu, cuda) = (losses(&Device::Cpu, Floats::F32, 4), losses(&device, Floats::F32, 4));
    for (index, (cpu, cuda)) in cpu.iter().flatten().zip(cuda.iter().flatten()).enumerate() {
        assert!((cpu - cuda).abs() < 2e-3 + 0.01 * cpu.abs(), "number {index}: {cpu} on the CPU, {cuda} on CUDA");
    }
}

#[test]
fn sixteen_bits_on_the_card_train_as_well() {
    let Some(device) = card() else { return };
    let imitation = |losses: Vec<[f32; LOSSES]>| losses[losses.len() - 25..].iter().map(|terms| terms[2]).sum::<f32>();
    let (full, half) = (losses(&device, Floats::F32, 60), losses(&device, Floats::Bf16, 60));
    let (full, half) = (imitation(full), imitation(half));
    assert!(half.is_finite() && half < 1.1 * full, "{half} with 16 bits, {full} with 32");
}

#[test]
fn sixteen_bits_are_refused_on_the_cpu() {
    let error = Weights::new(&config(Floats::Bf16), None, &Device::Cpu).err().unwrap().to_string();
    assert!(error.contains("fit.floats") && error.contains("--device cuda"), "{error}");
}
