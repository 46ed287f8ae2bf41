use super::super::trial;
use super::*;

const SHIPPED: &str = include_str!("../../../configs/cycle.toml");

fn training() -> Cycle {
    let mut config = Config::parse(SHIPPED).unwrap();
    (config.data.size, config.data.short_side) = (16, 19);
    (config.discriminator.channels, config.discriminator.levels) = (4, 2);
    (config.fit.generator_rate, config.fit.discriminator_rate) = (5e-3, 2e-3);
    (config.fit.average, config.cycle.replay) = (0.9, 3);
    config.fit.steps = 1000;
    let pictures = || {
        let photos = trial::pictures(16, |x, y| [x as f32 / 19.0, y as f32 / 19.0, 0.5]);
        let comics = trial::pictures(16, |x, y| if (x / 2 + y / 2) % 2 == 0 { [0.1; 3] } else { [0.9, 0.9, 0.2] });
        [photos, comics]
    };
    Cycle::new(config, pictures(), pictures()).unwrap()
}

fn figure(scalars: &Scalars, name: &str) -> f32 {
    scalars.iter().find(|(other, _)| other == name).unwrap_or_else(|| panic!("{name} in {scalars:?}")).1
}

#[test]
fn the_shipped_configuration_is_that_of_the_paper() {
    let config = Config::parse(SHIPPED).unwrap();
    let Weights { adversarial, weight, identity, replay } = config.cycle;
    // Its least squares are without a factor of one half.
    assert_eq!((adversarial, weight, identity, replay), (2.0, 10.0, 0.5, 50));
    assert_eq!(config.discriminator.objective, super::super::losses::Objective::LeastSquares);
    for (right, wrong, expected) in [
        ("size = 64", "size = 66", "data.size is 66"),
        ("weight = 10.0", "weight = -1.0", "cycle.weight is -1"),
        ("comics = ", "comic = ", "comic"),
        ("default-style = \"comic\"", "default-style = \"other\"", "model.default-style"),
        ("style-dims = 4", "style-dims = 0", "style-dims is 0"),
    ] {
        assert!(SHIPPED.contains(right), "{right}");
        let error = format!("{:#}", Config::parse(&SHIPPED.replacen(right, wrong, 1)).unwrap_err());
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn losses_by_hand() {
    // Networks that add to the source by their last bias alone: with all weights zero, to comics red + 0.2, to photos
    // red - 0.1. On grey 0.5 and 0.4 they make red 0.7 and 0.3, back come 0.6 and 0.5: cycle (0.1 + 0.1) / 3. What is of
    // the kind already changes by 0.1 and 0.2: identity 0.3 / 3.
    let training = training();
    let architecture = training.config.architecture;
    let adding = |side: &Side, red: f32| {
        let mut tensors = side.generator.live(Mode::Inference).without(&[]);
        for (name, tensor) in &mut tensors {
            *tensor = tensor.zeros_like().unwrap();
            if name == "exit.bias" {
                let biases: Vec<f32> = (0..16).map(|channel| if channel < 4 { red } else { 0.0 }).collect();
                *tensor = Tensor::new(biases, &candle_core::Device::Cpu).unwrap();
            }
        }
        side.network(architecture, &View::new(tensors, Mode::Inference)).unwrap()
    };
    let networks = [adding(&training.to_comics, 0.2), adding(&training.to_photos, -0.1)];
    let grey = |value: f32| Tensor::full(value, (1, 3, 16, 16), &candle_core::Device::Cpu).unwrap();
    let judges = [&training.to_comics.judge, &training.to_photos.judge];
    let (photos, comics) = (grey(0.5), grey(0.4));
    let (losses, made) =
        generator_losses(&training.config.cycle, 0, [&networks[0], &networks[1]], judges, [&photos, &comics]).unwrap();
    let number = |tensor: &Tensor| tensor.to_scalar::<f32>().unwrap();
    assert!((number(&losses[1]) - 10.0 * 0.2 / 3.0).abs() < 1e-4, "{}", number(&losses[1]));
    assert!((number(&losses[2]) - 5.0 * 0.3 / 3.0).abs() < 1e-4, "{}", number(&losses[2]));
    // Twice the two least squares of the judges on what was made.
    let fooling = |index: usize| number(&judges[index].generator_loss(&made[index], None, 0).unwrap());
    assert!((number(&losses[0]) - 2.0 * (fooling(0) + fooling(1))).abs() < 1e-5);
    let red = |index: usize| number(&made[index].narrow(1, 0, 1).unwrap().mean_all().unwrap());
    assert!((red(0) - 0.7).abs() < 1e-5 && (red(1) - 0.3).abs() < 1e-5);
}

#[test]
fn comics_come_nearer_and_photos_come_back() {
    let mut training = training();
    let before = training.measure().unwrap();
    let first = training.step(0).unwrap();
    let parts: f32 = ["adversarial", "cycle", "identity"].iter().map(|name| figure(&first, name)).sum();
    assert!((figure(&first, "loss") - parts).abs() < 1e-4);
    let mut last = first.clone();
    for number in 1..60 {
        last = training.step(number).unwrap();
    }
    // The cycle and the identity are learned although the adversaries pull.
    assert!(figure(&last, "cycle") + figure(&last, "identity") < figure(&first, "cycle") + figure(&first, "identity"));
    let after = training.measure().unwrap();
    assert!(figure(&after, "distance").is_finite() && figure(&after, "back") < 0.2, "{before:?} {after:?}");
    trial::shows_something(&training);
}

#[test]
fn a_restored_training_goes_on_to_the_bit_with_its_replay() {
    trial::resumes(training);
}

#[test]
fn a_replay_that_cannot_be_changes_nothing() {
    let mut training = training();
    training.step(0).unwrap();
    let before = training.sample().unwrap();
    let mut state = Cycle::state(&training).unwrap();
    training.step(1).unwrap();
    let now = training.sample().unwrap();
    assert_ne!(before, now);
    let count = Tensor::new(&[9i64], &candle_core::Device::Cpu).unwrap();
    state.insert("to-photos.replay.count".to_string(), count);
    let error = training.restore(&state).unwrap_err().to_string();
    assert!(error.contains("to-photos.replay.count is 9"), "{error}");
    assert_eq!(training.sample().unwrap(), now);
}
