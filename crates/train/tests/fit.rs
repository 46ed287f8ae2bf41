//! The whole way: pictures, prepared data, a fit, its log, a package that the player opens.

mod photos;

use std::path::Path;

use inkcast_generator::Package;
use inkcast_train::checkpoint;
use inkcast_train::config::Config;
use inkcast_train::data::{Split, load};
use inkcast_train::export::export;
use inkcast_train::fit::{Job, fit};
use inkcast_train::sample::sample;
use inkcast_train::sheet;
use inkcast_train::table::Rows;
use inkcast_train::validate::score;
use inkcast_train::wanted::Wanted;

#[test]
fn a_small_fit_from_pictures_to_a_package() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    photos::prepare_photos(folder.path(), &at("data"));
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/debug.toml");
    let job = |steps, resume| Job {
        config: config.clone(),
        data: at("data"),
        run: at("run"),
        base: None,
        device: candle_core::Device::Cpu,
        resume,
        steps: Some(steps),
        command: "a test".to_string(),
        commit: "none".to_string(),
    };
    fit(&job(80, false)).unwrap();
    let error = fit(&job(80, false)).unwrap_err().to_string();
    assert!(error.contains("--resume"), "{error}");
    let first = losses(&at("run/log.csv"));
    let mean = |losses: &[f32]| losses.iter().sum::<f32>() / losses.len() as f32;
    assert!(mean(&first[60..]) < mean(&first[..20]), "the loss must fall: {first:?}");
    fit(&job(90, true)).unwrap();
    assert_eq!(losses(&at("run/log.csv")).len(), 90);
    assert_eq!(losses(&at("run/log.csv"))[..80], first);
    let measured = Rows::read(&at("run/measured.csv")).unwrap();
    assert_eq!(measured.columns[..2], ["difference", "similarity"]);
    assert!(measured.columns.contains(&"train/manga/similarity".to_string()), "{:?}", measured.columns);
    let (shown, steps) = sample(&at("run"), true, None, &Wanted::default()).unwrap();
    assert_eq!(steps, 90);
    // Two held-out pictures; the source and two pictures a style.
    assert_eq!(shown.height(), 2 * (128 + 4));
    let kept = image::open(at("run/samples/step-00000090.jpg")).unwrap().to_rgb8();
    let differences = kept.iter().zip(shown.iter()).map(|(a, b)| f64::from(a.abs_diff(*b)));
    assert!(differences.sum::<f64>() / (shown.len() as f64) < 4.0, "the sample is what the checkpoint left");

    let config = Config::read(&config).unwrap();
    let steps = export(&at("run"), &at("model"), true, &Wanted::default()).unwrap();
    assert_eq!(steps, 90);
    let package = Package::open(&at("model")).unwrap();
    assert_eq!(package.manifest().training.steps, 90);
    assert_eq!(package.manifest().training.command, "a test");
    assert!(checkpoint::best(&at("run")).exists());

    let held_out = load(&at("data"), Split::HeldOut, &config.looks()).unwrap();
    let style = &config.styles[0];
    let score = score(package.generator(), &style.name, style.look, &held_out, 64).unwrap();
    assert!(score.difference > 0.0 && score.difference < 128.0, "{score:?}");
    let rows = sheet::rows(package.generator(), &config.styles, &held_out, 64, true).unwrap();
    assert_eq!((rows.len(), rows[0].len()), (2, 1 + 2 * config.styles.len()));
}

/// The configuration for a GPU, on small crops and for two steps.
#[test]
fn the_large_model_can_be_fitted() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    photos::prepare_photos(folder.path(), &at("data"));
    let mut config: toml::Table = toml::from_str(include_str!("../configs/inkcast-m.toml")).unwrap();
    for (key, value) in [("crop-size", 32), ("crops", 1), ("checkpoint-pictures", 1)] {
        config["fit"][key] = toml::Value::Integer(value);
    }
    // Sixteen bits are for CUDA.
    config["fit"].as_table_mut().unwrap().remove("floats");
    std::fs::write(at("m.toml"), toml::to_string(&config).unwrap()).unwrap();
    fit(&Job {
        config: at("m.toml"),
        data: at("data"),
        run: at("run"),
        base: None,
        device: candle_core::Device::Cpu,
        resume: false,
        steps: Some(2),
        command: String::new(),
        commit: String::new(),
    })
    .unwrap();
    export(&at("run"), &at("model"), true, &Wanted::default()).unwrap();
    let package = Package::open(&at("model")).unwrap();
    let operations = package.generator().architecture().operations(1920, 1080);
    assert!((100e9..=150e9).contains(&(operations as f64)), "{operations}");
    assert_eq!(package.manifest().styles.len(), 5);
}

#[test]
fn what_is_no_run_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error =
        format!("{:#}", export(folder.path(), &folder.path().join("model"), false, &Wanted::default()).unwrap_err());
    assert!(error.contains("no run.toml"), "{error}");
}

/// The loss after each step.
fn losses(log: &Path) -> Vec<f32> {
    Rows::read(log).unwrap().column("loss").unwrap().into_iter().map(|(_, loss)| loss).collect()
}
