//! The whole way: pictures, prepared data, a fit, its log, a package that the player opens.

use std::path::{Path, PathBuf};

use image::RgbImage;
use inkcast_generator::Package;
use inkcast_train::checkpoint;
use inkcast_train::config::Config;
use inkcast_train::data::{Preparation, Split, load, prepare};
use inkcast_train::export::export;
use inkcast_train::fit::{Job, fit};
use inkcast_train::sheet;
use inkcast_train::validate::score;

#[test]
fn a_small_fit_from_pictures_to_a_package() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    make_photos(&at("photos"));
    prepare(&Preparation {
        photos: vec![at("photos")],
        clips: vec![],
        only: None,
        out: at("data"),
        limit: Some(8),
        frames_per_clip: 1,
        held_out: 2,
        seed: 1,
    })
    .unwrap();

    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/debug.toml");
    let job = |steps, resume| Job {
        config: config.clone(),
        data: at("data"),
        run: at("run"),
        base: None,
        resume,
        steps: Some(steps),
        command: "a test".to_string(),
        commit: "none".to_string(),
    };
    fit(&job(80, false)).unwrap();
    let error = fit(&job(80, false)).unwrap_err().to_string();
    assert!(error.contains("--resume"), "{error}");
    let first = total_losses(&at("run/log.csv"));
    assert!(first.last() < first.first(), "the loss must fall: {first:?}");
    fit(&job(90, true)).unwrap();
    assert!(total_losses(&at("run/log.csv")).len() > first.len());

    let config = Config::read(&config).unwrap();
    let steps = export(&at("run"), &at("model"), true).unwrap();
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

#[test]
fn what_is_no_run_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = format!("{:#}", export(folder.path(), &folder.path().join("model"), false).unwrap_err());
    assert!(error.contains("no run.toml"), "{error}");
}

/// Eight pictures of discs in different colours.
fn make_photos(folder: &PathBuf) {
    std::fs::create_dir(folder).unwrap();
    for number in 0..8u8 {
        let centre = 30.0 + 4.0 * f32::from(number);
        let picture = RgbImage::from_fn(96, 80, |x, y| {
            let distance = (x as f32 - centre).hypot(y as f32 - 40.0);
            image::Rgb(if distance < 22.0 { [250, 30 * number, 60] } else { [90, 140, 255 - 25 * number] })
        });
        picture.save(folder.join(format!("{number}.png"))).unwrap();
    }
}

/// Sums of the first style's terms in the rows of the log.
fn total_losses(log: &Path) -> Vec<f32> {
    let text = std::fs::read_to_string(log).unwrap();
    let rows = text.lines().skip(1).filter(|line| line.contains(",ink,"));
    rows.map(|row| row.split(',').skip(2).take(5).map(|value| value.parse::<f32>().unwrap()).sum()).collect()
}
