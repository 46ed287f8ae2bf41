use candle_core::{Device, Tensor, Var};

use super::blit::Blit;
use super::colour::{Recolour, hue, luma_flip, saturation};
use super::{Adaptive, INTERVAL};

fn at(probability: f64) -> Adaptive {
    Adaptive { probability, ..Adaptive::new(0.6).unwrap() }
}

fn logits(values: &[f32]) -> Tensor {
    Tensor::new(values, &Device::Cpu).unwrap().unsqueeze(1).unwrap()
}

fn flat(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Values that are all different.
fn pictures(count: usize, channels: usize, height: usize, width: usize) -> Tensor {
    let total = count * channels * height * width;
    let values: Vec<f32> = (0..total).map(|index| index as f32 / total as f32).collect();
    Tensor::from_vec(values, (count, channels, height, width), &Device::Cpu).unwrap()
}

#[test]
fn p_follows_the_signs_of_the_verdicts_on_real_pictures() {
    let mut adaptive = Adaptive::new(0.6).unwrap();
    // Nine of ten positive: r_t = 0.8, above the target. Four batches of ten pictures move p by 40 / 500000.
    let sure = logits(&[3.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, -9.0]);
    for _ in 0..INTERVAL - 1 {
        adaptive.observe(&sure).unwrap();
        assert_eq!(adaptive.probability(), 0.0);
    }
    adaptive.observe(&sure).unwrap();
    assert!((adaptive.probability() - 8e-5).abs() < 1e-12, "{}", adaptive.probability());
    // Three of four positive: r_t = 0.5, below. Four batches of four move it back by 16 / 500000.
    let unsure = logits(&[1.0, 1.0, 1.0, -1.0]);
    (0..INTERVAL).for_each(|_| adaptive.observe(&unsure).unwrap());
    assert!((adaptive.probability() - 4.8e-5).abs() < 1e-12, "{}", adaptive.probability());
    (0..3 * INTERVAL).for_each(|_| adaptive.observe(&unsure).unwrap());
    assert_eq!(adaptive.probability(), 0.0, "never below zero");
}

#[test]
fn p_goes_from_0_to_1_over_half_a_million_pictures_and_no_further() {
    let mut adaptive = Adaptive::new(0.6).unwrap();
    let batch = logits(&[1.0; 1000]);
    (0..250).for_each(|_| adaptive.observe(&batch).unwrap());
    // The last two calls wait for two more.
    assert!((adaptive.probability() - 0.496).abs() < 1e-9, "{}", adaptive.probability());
    (0..300).for_each(|_| adaptive.observe(&batch).unwrap());
    assert_eq!(adaptive.probability(), 1.0);
}

#[test]
fn a_patch_counts_as_part_of_its_picture() {
    let mut adaptive = Adaptive::new(0.6).unwrap();
    let patches = Tensor::ones((5, 1, 6, 6), candle_core::DType::F32, &Device::Cpu).unwrap();
    (0..INTERVAL).for_each(|_| adaptive.observe(&patches).unwrap());
    assert!((adaptive.probability() - 20.0 / 500_000.0).abs() < 1e-12, "{}", adaptive.probability());
}

#[test]
fn a_restored_state_goes_on_where_it_was() {
    let mut adaptive = at(0.25);
    let sure = logits(&[1.0; 7]);
    (0..3).for_each(|_| adaptive.observe(&sure).unwrap());
    let mut restored = Adaptive::new(0.6).unwrap();
    restored.restore(&adaptive.state().unwrap()).unwrap();
    assert_eq!(restored, adaptive);
    adaptive.observe(&sure).unwrap();
    restored.observe(&sure).unwrap();
    assert_eq!(restored, adaptive);
    assert!(restored.probability() > 0.25);
    let wrong = Tensor::new(&[0.5f64, 1.0], &Device::Cpu).unwrap();
    assert!(restored.restore(&wrong).unwrap_err().to_string().contains("four numbers"));
    let wrong = Tensor::new(&[1.5f64, 0.0, 0.0, 0.0], &Device::Cpu).unwrap();
    assert!(restored.restore(&wrong).unwrap_err().to_string().contains("p of 1.5"));
    assert_eq!(restored, adaptive, "an error changes nothing");
}

#[test]
fn pixels_move_as_said() {
    let moved = |mirrored, turns, shift| Blit { mirrored, turns, shift }.sources(3, 3);
    assert_eq!(moved(true, 0, [0, 0]), [2, 1, 0, 5, 4, 3, 8, 7, 6]);
    // A quarter clockwise: the left column, from below, becomes the first row.
    assert_eq!(moved(false, 1, [0, 0]), [6, 3, 0, 7, 4, 1, 8, 5, 2]);
    assert_eq!(moved(false, 2, [0, 0]), [8, 7, 6, 5, 4, 3, 2, 1, 0]);
    assert_eq!(moved(false, 3, [0, 0]), [2, 5, 8, 1, 4, 7, 0, 3, 6]);
    // To the right by one: the second column is reflected into the gap. Up by one: the middle row comes back below.
    assert_eq!(moved(false, 0, [1, 0]), [1, 0, 1, 4, 3, 4, 7, 6, 7]);
    assert_eq!(moved(false, 0, [0, -1]), [3, 4, 5, 6, 7, 8, 3, 4, 5]);
    // Mirrored first, then turned.
    assert_eq!(moved(true, 1, [0, 0]), [8, 5, 2, 7, 4, 1, 6, 3, 0]);
    assert_eq!(Blit { mirrored: false, turns: 2, shift: [0, 0] }.sources(3, 2), [5, 4, 3, 2, 1, 0]);
}

#[test]
fn colours_change_as_said() {
    let apply = |matrix, offset, colour: [f32; 3]| -> Vec<f32> {
        let planes = Tensor::new(&colour, &Device::Cpu).unwrap().unsqueeze(1).unwrap();
        flat(&Recolour { matrix, offset }.apply(&planes).unwrap())
    };
    let near = |got: Vec<f32>, wanted: [f32; 3]| {
        assert!(got.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-5), "{got:?} instead of {wanted:?}");
    };
    let third = std::f32::consts::TAU / 3.0;
    near(apply(hue(third), 0.0, [0.9, 0.2, 0.4]), [0.4, 0.9, 0.2]);
    near(apply(hue(-third), 0.0, [0.9, 0.2, 0.4]), [0.2, 0.4, 0.9]);
    near(apply(saturation(0.0), 0.0, [0.9, 0.2, 0.4]), [0.5, 0.5, 0.5]);
    near(apply(saturation(2.0), 0.0, [0.7, 0.2, 0.6]), [0.9, -0.1, 0.7]);
    near(apply(luma_flip(), 0.0, [1.0, 1.0, 1.0]), [0.0, 0.0, 0.0]);
    // Mean 0.5 stays, and with it the whole colour.
    near(apply(luma_flip(), 0.0, [0.9, 0.2, 0.4]), [0.9, 0.2, 0.4]);
    near(apply(saturation(1.0), 0.25, [0.1, 0.2, 0.3]), [0.35, 0.45, 0.55]);
}

#[test]
fn each_change_happens_as_often_as_p_says() {
    use rand::{SeedableRng, rngs::StdRng};
    let mut rng = StdRng::seed_from_u64(5);
    let blits: Vec<Blit> = (0..4000).map(|_| Blit::draw(0.4, 64, 64, &mut rng)).collect();
    let share = |holds: &dyn Fn(&Blit) -> bool| blits.iter().filter(|blit| holds(blit)).count() as f64 / 4000.0;
    // Half of the 0.4 are mirrored, three quarters turned.
    assert!((share(&|blit| blit.mirrored) - 0.2).abs() < 0.03);
    assert!((share(&|blit| blit.turns != 0) - 0.3).abs() < 0.03);
    assert!((share(&|blit| blit.shift != [0, 0]) - 0.4).abs() < 0.03);
    assert!(blits.iter().all(|blit| blit.shift.iter().all(|shift| shift.abs() <= 8)));
    let colours: Vec<Recolour> = (0..4000).map(|_| Recolour::draw(0.4, &mut rng)).collect();
    let bright = colours.iter().filter(|colour| colour.offset != 0.0).count() as f64 / 4000.0;
    assert!((bright - 0.4).abs() < 0.03, "{bright}");
    let untouched = colours.iter().filter(|colour| colour.matrix == [[1., 0., 0.], [0., 1., 0.], [0., 0., 1.]]).count();
    // Neither contrast, hue and saturation (0.6 each) nor a flip of luma (0.8).
    assert!((untouched as f64 / 4000.0 - 0.6f64.powi(3) * 0.8).abs() < 0.03, "{untouched}");
    assert!(
        (0..200).all(|_| Blit::draw(1.0, 8, 6, &mut rng).turns.is_multiple_of(2)),
        "only squares are turned by quarters"
    );
}

#[test]
fn without_probability_nothing_changes_and_the_seed_decides() {
    let pictures = pictures(3, 4, 8, 8);
    assert_eq!(flat(&at(0.0).augment(&pictures, 1).unwrap()), flat(&pictures));
    let changed = |seed| flat(&at(0.9).augment(&pictures, seed).unwrap());
    assert_eq!(changed(1), changed(1));
    assert_ne!(changed(1), changed(2));
    let error = at(0.5).augment(&pictures.narrow(1, 0, 2).unwrap(), 1).unwrap_err().to_string();
    assert!(error.contains("2 channels"), "{error}");
}

#[test]
fn further_channels_move_with_the_colours_but_keep_their_values() {
    let pictures = pictures(6, 4, 8, 8);
    let changed = at(1.0).augment(&pictures, 3).unwrap();
    let mut ink_before = flat(&pictures.narrow(1, 3, 1).unwrap());
    let ink_after = flat(&changed.narrow(1, 3, 1).unwrap());
    assert_ne!(ink_before, ink_after);
    ink_before.sort_by(f32::total_cmp);
    assert!(ink_after.iter().all(|value| ink_before.binary_search_by(|other| other.total_cmp(value)).is_ok()));
}

#[test]
fn gradients_reach_the_generator() {
    // The change is linear in the pictures: a difference between two pictures shows the gradient without error.
    let adaptive = at(1.0);
    let start = pictures(2, 4, 4, 4);
    let weights = ((start.affine(7.0, 0.3)).unwrap().sin()).unwrap();
    let loss = |pictures: &Tensor| (adaptive.augment(pictures, 11).unwrap() * &weights).unwrap().sum_all().unwrap();
    let variable = Var::from_tensor(&start).unwrap();
    let gradients = loss(variable.as_tensor()).backward().unwrap();
    let gradient = flat(gradients.get(variable.as_tensor()).unwrap());
    let base = loss(&start).to_scalar::<f32>().unwrap();
    for index in [0, 17, 31, 40, 63, 70, 127] {
        let mut values = flat(&start);
        values[index] += 1.0;
        let moved = Tensor::from_vec(values, start.dims(), &Device::Cpu).unwrap();
        let difference = loss(&moved).to_scalar::<f32>().unwrap() - base;
        assert!((difference - gradient[index]).abs() < 1e-3, "{difference} instead of {} at {index}", gradient[index]);
    }
}
