//! Every adversarial method from plain folders of pictures to checkpoints, samples and packages.

use std::path::{Path, PathBuf};

use image::{Rgb, RgbImage};
use inkcast_generator::Package;
use inkcast_train::checkpoint;
use inkcast_train::export::export;
use inkcast_train::fit::{Job, fit};
use inkcast_train::sample::sample;
use inkcast_train::wanted::Wanted;

/// Folders as `docs/training.md` shows them, two pictures each.
fn data(folder: &Path) -> PathBuf {
    let data = folder.join("data");
    for split in ["train", "test"] {
        for (name, dark) in [("real_images", 120), ("generated_images/dark", 10), ("generated_images/light", 220)] {
            let folder = data.join(split).join(name);
            std::fs::create_dir_all(&folder).unwrap();
            for number in 0..2u32 {
                let pixel = |x: u32, y: u32| Rgb([dark, ((x * 7 + number * 40) % 256) as u8, (y * 7 % 256) as u8]);
                RgbImage::from_fn(24, 20, pixel).save(folder.join(format!("{number}.png"))).unwrap();
            }
        }
    }
    data
}

/// A shipped configuration with small pictures and checkpoints every two steps.
fn config(folder: &Path, name: &str) -> PathBuf {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs").join(format!("{name}.toml"));
    let mut table: toml::Table = toml::from_str(&std::fs::read_to_string(shipped).unwrap()).unwrap();
    let mut set = |section: &str, key: &str, value: i64| {
        let section = table.get_mut(section).and_then(toml::Value::as_table_mut);
        if let Some(value_there) = section.and_then(|section| section.get_mut(key)) {
            *value_there = toml::Value::Integer(value);
        }
    };
    for (section, key, value) in [
        ("data", "size", 16),
        ("data", "short-side", 18),
        ("generator", "channels", 2),
        ("discriminator", "channels", 2),
        ("discriminator", "levels", 2),
        ("fit", "batch", 2),
        ("fit", "checkpoint-every", 2),
    ] {
        set(section, key, value);
    }
    let path = folder.join(format!("{name}.toml"));
    std::fs::write(&path, toml::to_string(&table).unwrap()).unwrap();
    path
}

/// Fits the method of a configuration in one go and in two, compares, and returns the folder of the run.
fn fits(folder: &Path, name: &str) -> PathBuf {
    let (data, config) = (data(folder), config(folder, name));
    let job = |run: &str, steps, resume| Job {
        config: config.clone(),
        data: data.clone(),
        run: folder.join(run),
        base: None,
        device: candle_core::Device::Cpu,
        resume,
        steps: Some(steps),
        command: "a test".to_string(),
        commit: "none".to_string(),
    };
    fit(&job("straight", 4, false)).unwrap();
    fit(&job("stopped", 2, false)).unwrap();
    fit(&job("stopped", 4, true)).unwrap();
    let [straight, stopped] = ["straight", "stopped"].map(|run| {
        let path = checkpoint::latest(&folder.join(run)).unwrap().unwrap();
        std::fs::read(path).unwrap()
    });
    assert!(straight == stopped, "{name} does not go on to the bit");
    let run = folder.join("straight");
    let (shown, steps) = sample(&run, true, None, &Wanted::default()).unwrap();
    assert_eq!(steps, 4);
    assert!(shown.width() > 16 && run.join("samples/step-00000004.jpg").exists());
    run
}

#[test]
fn pictures_of_noise() {
    for name in ["noise", "style-based", "conditional-noise"] {
        let folder = tempfile::tempdir().unwrap();
        let run = fits(folder.path(), name);
        let error = format!("{:#}", export(&run, &folder.path().join("model"), true, &Wanted::default()).unwrap_err());
        assert!(error.contains("player"), "{error}");
    }
}

#[test]
fn networks_that_the_player_runs() {
    for (name, styles) in [
        ("conditional-label", &["dark", "light"][..]),
        ("conditional-picture", &["dark", "light"]),
        ("conditional-text", &["dark", "light", "dark-lines", "bold-washes"]),
        ("double", &["dark", "light"]),
        ("cycle", &["comic"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let run = fits(folder.path(), name);
        let model = folder.path().join("model");
        assert_eq!(export(&run, &model, true, &Wanted::default()).unwrap(), 4);
        let package = Package::open(&model).unwrap();
        let names: Vec<&str> = package.manifest().styles.iter().map(|style| style.name.as_str()).collect();
        assert_eq!(names, styles);

        // It is a base to start from too.
        let job = Job {
            config: folder.path().join(format!("{name}.toml")),
            data: folder.path().join("data"),
            run: folder.path().join("based"),
            base: Some(model),
            device: candle_core::Device::Cpu,
            resume: false,
            steps: Some(2),
            command: "a test".to_string(),
            commit: "none".to_string(),
        };
        fit(&job).unwrap();
    }
}

#[test]
fn styles_that_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let work = |name: &str| {
        let work = folder.path().join(name);
        std::fs::create_dir(&work).unwrap();
        work
    };
    let words = |words: &str| Wanted { words: vec![words.to_string()], ..Wanted::default() };
    let like = |path: PathBuf| Wanted { reference: vec![path], ..Wanted::default() };
    let model = folder.path().join("model");
    let names = || -> Vec<String> {
        Package::open(&model).unwrap().manifest().styles.iter().map(|style| style.name.clone()).collect()
    };

    let text = fits(&work("text"), "conditional-text");
    let picture = fits(&work("picture"), "conditional-picture");
    let seen = folder.path().join("picture/data/train/generated_images/dark/0.png");
    let named = folder.path().join("Dark streets.png");
    std::fs::copy(seen, &named).unwrap();

    export(&text, &model, true, &words("Light lines")).unwrap();
    assert!(names().contains(&"light-lines".to_string()), "{:?}", names());
    let (plain, _) = sample(&text, true, None, &Wanted::default()).unwrap();
    let (more, _) = sample(&text, true, None, &words("light lines")).unwrap();
    assert!(more.dimensions() > plain.dimensions(), "a sample shows one more style");
    export(&picture, &model, true, &like(named.clone())).unwrap();
    assert!(names().contains(&"dark-streets".to_string()), "{:?}", names());

    let error = |run: &Path, wanted: &Wanted| format!("{:#}", export(run, &model, true, wanted).unwrap_err());
    assert!(error(&text, &words("shiny lines")).contains("\"shiny\""), "{}", error(&text, &words("shiny lines")));
    assert!(error(&text, &like(named)).contains("kind \"picture\""));
    assert!(error(&picture, &words("light lines")).contains("kind \"text\""));
    let nowhere = error(&picture, &like(folder.path().join("nowhere.png")));
    assert!(nowhere.contains("nowhere.png"), "{nowhere}");
}
