use std::path::Path;

use super::super::trial;
use super::*;

const LABEL: &str = include_str!("../../../configs/conditional-label.toml");
const PICTURE: &str = include_str!("../../../configs/conditional-picture.toml");
const TEXT: &str = include_str!("../../../configs/conditional-text.toml");
const NOISE: &str = include_str!("../../../configs/conditional-noise.toml");
const DOUBLE: &str = include_str!("../../../configs/double.toml");
const ALL: [&str; 5] = [LABEL, PICTURE, TEXT, NOISE, DOUBLE];

/// A training on small pictures: two styles, one dark and striped, one light and flat.
fn training(text: &str) -> Conditional {
    seeded(text, 1)
}

/// The same with another seed.
fn seeded(text: &str, seed: u64) -> Conditional {
    let mut config = Config::parse(text).unwrap();
    config.fit.seed = seed;
    config.data.size = 16;
    config.data.short_side = 19;
    config.discriminator.channels = 4;
    config.discriminator.levels = 2;
    config.fit.batch = 3;
    config.fit.generator_rate = 5e-3;
    config.fit.discriminator_rate = 2e-3;
    config.fit.average = 0.9;
    if let Some(generator) = &mut config.generator {
        (generator.channels, generator.noise) = (4, 10);
    }
    let pictures = || {
        let dark = trial::pictures(16, |x, _| if x % 4 < 2 { [0.0; 3] } else { [0.3, 0.2, 0.2] });
        let light = trial::pictures(16, |_, _| [0.9, 0.9, 0.7]);
        let photos = trial::pictures(16, |x, y| [x as f32 / 19.0, y as f32 / 19.0, 0.5]);
        Pictures { photos: Some(photos), styles: vec![dark, light] }
    };
    Conditional::new(config, pictures(), pictures()).unwrap()
}

fn figure(scalars: &Scalars, name: &str) -> f32 {
    scalars.iter().find(|(other, _)| other == name).unwrap_or_else(|| panic!("{name} in {scalars:?}")).1
}

#[test]
fn every_shipped_configuration_is_valid_and_mistakes_are_named() {
    for text in ALL {
        let config = Config::parse(text).unwrap();
        assert_eq!(config.styles.len(), 2);
    }
    for (text, right, wrong, expected) in [
        (LABEL, "size = 64", "size = 62", "data.size is 62"),
        (LABEL, "short-side = ", "short-side = 8 # ", "data.short-side is 8"),
        (LABEL, "kind = \"label\"", "kind = \"lable\"", "lable"),
        (LABEL, "name = \"light\"", "name = \"dark\"", "style \"dark\" is there twice"),
        (LABEL, "half-channels = 8", "half-channels = 0", "half-channels is 0"),
        (LABEL, "photos = ", "photo = ", "photo"),
        (LABEL, "default-style = \"dark\"", "default-style = \"dim\"", "model.default-style \"dim\""),
        (TEXT, "\"dark lines\"", "\"dark neon\"", "word \"neon\""),
        (NOISE, "style-dims = ", "#", "data.style-dims is 0"),
        (NOISE, "method = \"conditional\"", "method = \"double\"", "\"double\" needs"),
        (DOUBLE, "method = \"double\"", "method = \"triple\"", "method is \"triple\""),
    ] {
        assert!(text.contains(right), "{right}");
        let error = format!("{:#}", Config::parse(&text.replacen(right, wrong, 1)).unwrap_err());
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn a_missing_folder_is_named() {
    let opening = Opening {
        config: LABEL,
        file: Path::new("label.toml"),
        data: Path::new("nowhere"),
        base: None,
        device: &Device::Cpu,
    };
    let error = format!("{:#}", Conditional::open(&opening).err().unwrap());
    assert!(error.contains("nowhere") && error.contains("train"), "{error}");
}

#[test]
fn labels_come_nearer_to_their_own_styles() {
    let trained = |seed| {
        let mut training = seeded(LABEL, seed);
        let before = training.measure().unwrap();
        // They go up and down at first.
        for number in 0..200 {
            training.step(number).unwrap();
        }
        let after = training.measure().unwrap();
        for name in ["distance", "dark/distance", "light/distance"] {
            assert!(figure(&after, name) < 0.6 * figure(&before, name), "{name}, seed {seed}: {before:?} {after:?}");
        }
        training
    };
    let [training, ..] = [1, 2, 3].map(trained);
    trial::shows_something(&training);

    // What is exported is what was measured: the same pictures under the vectors of the styles.
    let Content { generator: network, styles, .. } = training.package().unwrap();
    assert_eq!(styles.iter().map(|style| style.name.as_str()).collect::<Vec<_>>(), ["dark", "light"]);
    let photo = training.held_out.photos.as_ref().unwrap().middles(1).unwrap();
    let (_, made) = training.examples(&training.held_out, 1).unwrap();
    let again = translate(&network, network.style("light").unwrap(), &photo).unwrap();
    let difference = (again - &made[1].0).unwrap().abs().unwrap().max_all().unwrap();
    assert_eq!(difference.to_scalar::<f32>().unwrap(), 0.0);
}

#[test]
fn words_learn_which_style_they_tell() {
    let mut training = training(TEXT);
    training.config.fit.generator_rate = 2e-2;
    let first = training.step(0).unwrap();
    // Before anything is learned each of two styles has a probability of one half.
    assert!((figure(&first, "words") - 2f32.ln()).abs() < 1e-5);
    let mut last = first;
    for number in 1..80 {
        last = training.step(number).unwrap();
    }
    assert!(figure(&last, "words") < 0.4, "{last:?}");
    let Content { generator: network, styles, .. } = training.package().unwrap();
    assert_eq!((styles[2].name.as_str(), styles[2].description.as_str()), ("dark-lines", "dark lines"));
    let near = |a: &str, b: &str| {
        let difference = (network.style(a).unwrap() - network.style(b).unwrap()).unwrap();
        difference.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap()
    };
    assert!(near("dark-lines", "dark") < near("dark-lines", "light"));
}

#[test]
fn reference_pictures_give_their_style() {
    let mut training = training(PICTURE);
    let first = training.step(0).unwrap();
    assert!(figure(&first, "style") > 0.0);
    for number in 1..20 {
        training.step(number).unwrap();
    }
    let vectors = training.condition.vectors(&training.generator.averaged().unwrap(), &training.train.styles).unwrap();
    let difference = (&vectors[0].1 - &vectors[1].1).unwrap().abs().unwrap().max_all().unwrap();
    assert!(difference.to_scalar::<f32>().unwrap() > 1e-3);
    trial::shows_something(&training);
}

#[test]
fn double_judges_the_second_pass() {
    let double = training(DOUBLE);
    let view = double.generator.live(Mode::Training);
    let photos = double.train.photos.as_ref().unwrap().middles(2).unwrap();
    let (styles, _) = double.condition.draw(&view, &[0, 1], &[], &mut StdRng::seed_from_u64(1)).unwrap();
    let judged = double.judged(&view, &photos, &styles).unwrap();
    let once = double.make(&view, &photos, &styles).unwrap();
    let twice = double.make(&view, &once, &styles).unwrap();
    let far = |other: &Tensor| (&judged - other).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
    assert_eq!(far(&twice), 0.0);
    assert!(far(&once) > 1e-3);
    // Both passes are learned from: the gradient is not that of the second alone.
    let gradient = |made: Tensor| {
        let loss = double.judge.generator_loss(&made, None, 0).unwrap();
        let found = loss.backward().unwrap();
        found.get(view.get("exit.bias").unwrap()).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()
    };
    let second_alone = double.make(&view, &once.detach(), &styles).unwrap();
    assert_ne!(gradient(judged.clone()), gradient(second_alone));

    let mut double = training(DOUBLE);
    let before = double.measure().unwrap();
    for number in 0..40 {
        double.step(number).unwrap();
    }
    let after = double.measure().unwrap();
    assert!(figure(&after, "distance") < figure(&before, "distance"), "{before:?} {after:?}");
    assert!(figure(&after, "second-pass").is_finite());
}

#[test]
fn conditions_steer_pictures_of_noise_too() {
    let trained = |seed| {
        let mut training = seeded(NOISE, seed);
        for number in 0..100 {
            training.step(number).unwrap();
        }
        let (_, made) = training.examples(&training.held_out, 4).unwrap();
        let mean = |index: usize| made[index].0.mean_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(mean(0) < mean(1), "seed {seed}: {} {}", mean(0), mean(1));
        training
    };
    let [training, ..] = [1, 2, 3, 4].map(trained);
    trial::shows_something(&training);
    let error = format!("{:#}", training.package().err().unwrap());
    assert!(error.contains("noise"), "{error}");
}

#[test]
fn a_restored_training_goes_on_to_the_bit() {
    for text in ALL {
        trial::resumes(|| training(text));
    }
}
