use candle_core::{DType, Device, Tensor, Var};

use super::*;

fn settings() -> Adversarial {
    Adversarial {
        objective: Objective::Hinge,
        weight: 0.5,
        feature_matching: 2.0,
        learning_rate: 1e-2,
        r1: 0.1,
        r1_every: 2,
        from_step: 3,
        rise: 4,
    }
}

/// Stripes of ink that change every `period` pixels, on grey.
fn stripes(period: usize) -> Tensor {
    let pixel = |index: usize| match index / (32 * 32) % 4 {
        3 => (index % 32 / period % 2) as f32,
        _ => 0.6,
    };
    Tensor::from_vec((0..2 * 4 * 32 * 32).map(pixel).collect(), (2, 4, 32, 32), &Device::Cpu).unwrap()
}

/// An adversary after some rounds of stripes of 4 pixels against stripes of 2, and the figures of each.
fn trained(settings: &Adversarial, rounds: u64) -> (Adversary, Vec<Figures>) {
    let mut adversary = Adversary::new(settings, 2, 1, &Device::Cpu).unwrap();
    let first = settings.from_step;
    let figures = (first..first + rounds).map(|step| {
        let mut round = adversary.begin(step).unwrap().expect("it is time");
        let figures = round.oppose(&stripes(2), &stripes(4), 1, step).unwrap().figures;
        adversary.finish(round).unwrap();
        figures
    });
    let figures = figures.collect();
    (adversary, figures)
}

#[test]
fn it_learns_to_tell_made_layers_from_looks() {
    let (adversary, figures) = trained(&settings(), 40);
    let told = adversary.tell(&stripes(2), &stripes(4), 1).unwrap();
    assert!(told.right > 0.95 && told.real > told.fake, "{told:?}");
    let turned = adversary.tell(&stripes(4), &stripes(2), 1).unwrap();
    assert!((turned.right + told.right - 1.0).abs() < 1e-6 && turned.real == told.fake, "{turned:?}");
    assert_eq!(adversary.tell(&stripes(4), &stripes(4), 1).unwrap().right, 0.5);
    let [_, _, first_loss, ..] = figures[0];
    let [fooling, _, loss, real, fake] = figures[figures.len() - 1];
    assert!(loss < first_loss - 0.2 && real > fake && fooling == -fake, "{first_loss} to {loss}, {real}, {fake}");
}

#[test]
fn it_waits_and_then_rises() {
    let mut adversary = Adversary::new(&settings(), 1, 1, &Device::Cpu).unwrap();
    assert!(adversary.begin(2).unwrap().is_none());
    assert_eq!(adversary.waiting(), [0.0, 0.0, 2.0, 0.0, 0.0]);
    assert!(adversary.begin(3).unwrap().is_some());
    assert_eq!([3, 4, 6, 90].map(|step| settings().share(step)), [0.25, 0.5, 1.0, 1.0]);
}

#[test]
fn the_pull_is_the_gradient_of_the_losses_times_their_weights() {
    let settings = Adversarial { rise: 0, ..settings() };
    let (mut adversary, _) = trained(&settings, 5);
    let (made, look) = (Var::from_tensor(&stripes(2)).unwrap(), stripes(4));
    let mut round = adversary.begin(9).unwrap().unwrap();
    let gradient = |loss: &Tensor| {
        let gradients = loss.backward().unwrap();
        gradients.get(&made).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()
    };
    let pull = gradient(&round.oppose(&made, &look, 0, 7).unwrap().pull);

    // The same without any shortcut, through the grey that this seed draws.
    let mut rng = StdRng::seed_from_u64(7 ^ 0x7e87_04e0);
    let grey = texture_grey(std::array::from_fn(|_| rng.random_range(-1.0..=1.0)));
    let judge = |layers: &Tensor| round.discriminator.judge(&style_features(layers, grey).unwrap(), 0).unwrap();
    let (real, fake) = (judge(&look), judge(&made));
    let mut loss = (fake.logits.mean_all().unwrap() * -0.5).unwrap();
    for (real, fake) in real.hidden.iter().zip(&fake.hidden) {
        let difference = (fake - real.detach()).unwrap().abs().unwrap().mean_all().unwrap();
        loss = (loss + (difference * (2.0 / 3.0)).unwrap()).unwrap();
    }
    let expected = gradient(&loss);
    let largest = expected.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    for (got, expected) in pull.iter().zip(&expected) {
        assert!((got - expected).abs() < 1e-3 * largest, "{got} instead of {expected}");
    }
}

#[test]
fn a_penalty_is_due_every_so_often() {
    let mut adversary = Adversary::new(&settings(), 1, 1, &Device::Cpu).unwrap();
    let features = style_features(&stripes(4), texture_grey([0.0; 3])).unwrap();
    let penalties = [3, 4, 5].map(|step| {
        let round = adversary.begin(step).unwrap().unwrap();
        let verdict = round.discriminator.judge(&features, 0).unwrap();
        let slope = round.discriminator.slope(&verdict, &features, 0).unwrap();
        let found = round.penalty(&verdict, &features, 0).unwrap().map(|penalty| penalty.to_scalar::<f32>().unwrap());
        // Half of 0.1, for two steps, over the 2 x 16 patches of both pictures.
        let expected = slope.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap() * 0.05 * 2.0 / 32.0;
        found.inspect(|found| assert!((found - expected).abs() < 1e-4 * expected, "{found} instead of {expected}"))
    });
    assert!(penalties[0].is_some() && penalties[1].is_none() && penalties[2].is_some());
}

#[test]
fn a_state_is_restored_whole_or_refused_by_name() {
    let (trained, _) = trained(&settings(), 4);
    let state = trained.state().unwrap();
    assert!(state.keys().all(|name| Adversary::owns(name)));
    let mut fresh = Adversary::new(&settings(), 2, 2, &Device::Cpu).unwrap();
    fresh.restore(&state).unwrap();
    for (name, tensor) in fresh.state().unwrap() {
        let numbers = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(numbers(&tensor), numbers(&state[&name]), "{name}");
    }
    let mut lacking = state.clone();
    lacking.remove("discriminator.spectral.conv1.weight");
    let error = fresh.restore(&lacking).unwrap_err().to_string();
    assert!(error.contains("discriminator.spectral.conv1.weight") && error.contains("--base"), "{error}");
    let mut other = state.clone();
    other.insert("discriminator.value.head.bias".to_string(), Tensor::zeros(2, DType::F32, &Device::Cpu).unwrap());
    assert!(fresh.restore(&other).unwrap_err().to_string().contains("discriminator.value.head.bias has shape [2]"));
}
