//! Training in the codes of the 8-bit engine: what it brings.

mod photos;

use std::fs;
use std::path::{Path, PathBuf};

use candle_core::Device;
use inkcast_train::fit::{Job, fit};
use inkcast_train::table::Rows;
use toml::{Table, Value};

/// Ranges that cut off so much that a network which does not know of it draws badly.
const PERCENTILE: f64 = 98.0;

#[test]
fn a_network_learns_to_draw_in_8_bits() {
    let folder = tempfile::tempdir().unwrap();
    photos::prepare_photos(folder.path(), &folder.path().join("data"));
    for seed in [1, 2] {
        let [[floats, floats_coded], [_, coded]] = [STEPS, 0].map(|from| measured(folder.path(), seed, from));
        assert!(floats_coded > 1.5 * floats, "seed {seed}: 8 bits must cost something: {floats_coded} after {floats}");
        assert!(coded < 0.8 * floats_coded, "seed {seed}: {coded} in place of {floats_coded}");
    }
}

const STEPS: i64 = 80;

/// Differences of a short fit of the shipped model in floats and in 8 bits from the looks, on held-out pictures.
fn measured(folder: &Path, seed: i64, from_step: i64) -> [f32; 2] {
    let run = folder.join(format!("run-{seed}-{from_step}"));
    let config = folder.join("config.toml");
    fs::write(&config, configuration(seed, from_step)).unwrap();
    fit(&Job {
        config,
        data: folder.join("data"),
        run: run.clone(),
        base: Some(shipped()),
        device: Device::Cpu,
        resume: false,
        steps: None,
        command: String::new(),
        commit: String::new(),
    })
    .unwrap();
    let rows = Rows::read(&run.join("measured.csv")).unwrap();
    ["difference", "eight-bits-difference"].map(|name| rows.column(name).unwrap().last().unwrap().1)
}

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/inkcast-s")
}

/// The configuration that is made for this, shorter and with two styles on single frames.
fn configuration(seed: i64, from_step: i64) -> String {
    let mut config: Table = toml::from_str(include_str!("../configs/inkcast-s-eight-bits.toml")).unwrap();
    let styles = config["style"].as_array_mut().unwrap();
    styles.retain(|style| matches!(style["name"].as_str(), Some("ink" | "manga")));
    config.remove("temporal");
    let mut set = |table: &str, key: &str, value: Value| config[table][key] = value;
    for (key, value) in
        [("seed", seed), ("steps", STEPS), ("checkpoint-every", STEPS), ("crop-size", 64), ("warm-up", 5)]
    {
        set("fit", key, Value::Integer(value));
    }
    set("fit", "learning-rate", Value::Float(1e-3));
    set("fit", "average", Value::Float(0.9));
    for (key, value) in [("from-step", from_step), ("range-every", 10), ("range-crops", 8)] {
        set("eight-bits", key, Value::Integer(value));
    }
    set("eight-bits", "percentile", Value::Float(PERCENTILE));
    toml::to_string(&config).unwrap()
}
