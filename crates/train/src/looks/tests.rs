use inkcast_frame::Plane;

use super::{Analysis, Look, Rgb, blur, flow, lab, smooth, specks, tone};

/// Dark left, light right, the edge in the middle.
fn halves(width: usize, height: usize) -> Rgb {
    Rgb::from_fn(width, height, |x, _| if x < width / 2 { [0.35; 3] } else { [0.85; 3] })
}

#[test]
fn a_blur_keeps_the_sum_and_spreads_by_its_sigma() {
    let point = Plane::from_fn(41, 41, |x, y| if (x, y) == (20, 20) { 1.0 } else { 0.0 });
    let blurred = blur::gaussian(&point, 2.0);
    let sum: f32 = blurred.data().iter().sum();
    let spread: f32 = (0..41)
        .flat_map(|y| (0..41).map(move |x| (x, y)))
        .map(|(x, y)| blurred.at(x, y) * (x as f32 - 20.0).powi(2))
        .sum();
    assert!((sum - 1.0).abs() < 1e-4, "{sum}");
    assert!((spread - 4.0).abs() < 0.15, "{spread}");
}

#[test]
fn smoothing_stops_at_an_edge() {
    let noisy = Rgb::from_fn(40, 40, |x, y| {
        let wobble = if (x * 7 + y * 13) % 3 == 0 { 0.04 } else { -0.02 };
        [if x < 20 { 0.2 } else { 0.9 } + wobble; 3]
    });
    let smooth = smooth::edge_preserving(&noisy, 8.0, 0.2);
    for y in 5..35 {
        assert!((smooth.at(18, y)[0] - 0.2).abs() < 0.03 && (smooth.at(21, y)[0] - 0.9).abs() < 0.03);
        assert!((smooth.at(8, y)[0] - 0.2).abs() < 0.015, "the wobble is gone: {}", smooth.at(8, y)[0]);
    }
}

#[test]
fn tangents_run_along_an_edge() {
    let upright = Plane::from_fn(31, 31, |x, _| if x < 15 { 0.0 } else { 1.0 });
    let slanted = Plane::from_fn(31, 31, |x, y| if x < y { 0.0 } else { 1.0 });
    let [tx, ty] = flow::edge_tangents(&upright, 2.0).at(15, 15);
    assert!(tx.abs() < 0.01 && ty.abs() > 0.99);
    let [tx, ty] = flow::edge_tangents(&slanted, 2.0).at(15, 15);
    assert!((tx - ty).abs() < 0.02, "{tx} {ty}");
}

#[test]
fn components_need_strength_and_size() {
    let mut plane = Plane::new(9, 3);
    // A weak pair, a strong single pixel, and a weak-strong-weak diagonal of three.
    for (x, y, value) in [(0, 0, 0.6), (0, 1, 0.6), (4, 1, 0.9), (6, 0, 0.6), (7, 1, 0.9), (8, 2, 0.6)] {
        plane.row_mut(y)[x] = value;
    }
    let kept = specks::keep_components(&plane, 0.5, 0.8, 2);
    let kept: Vec<(usize, usize)> =
        (0..3).flat_map(|y| (0..9).map(move |x| (x, y))).filter(|&(x, y)| kept.at(x, y)).collect();
    assert_eq!(kept, [(6, 0), (7, 1), (8, 2)]);
}

#[test]
fn lab_knows_white_and_red_and_comes_back() {
    let [lightness, a, b] = lab::from_rgb([1.0; 3]);
    assert!((lightness - 1.0).abs() < 1e-3 && a.abs() < 1e-3 && b.abs() < 1e-3);
    // sRGB red is L* 53.24, a* 80.09, b* 67.20 in every table.
    let [lightness, a, b] = lab::from_rgb([1.0, 0.0, 0.0]);
    assert!((lightness - 0.5324).abs() < 2e-3 && (a - 0.8009).abs() < 2e-3 && (b - 0.6720).abs() < 2e-3);
    for rgb in [[0.2, 0.5, 0.9], [0.0, 0.0, 0.0], [0.01, 0.02, 0.03], [0.7, 0.7, 0.1]] {
        let back = lab::to_rgb(lab::from_rgb(rgb));
        assert!((0..3).all(|c| (back[c] - rgb[c]).abs() < 2e-3), "{rgb:?} {back:?}");
    }
}

#[test]
fn quantising_keeps_the_steps() {
    for step in 0..=4 {
        let value = step as f32 / 4.0;
        assert!((tone::soft_quantise(value, 4.0, 1.0) - value).abs() < 1e-6);
    }
    assert!((tone::soft_quantise(0.30, 4.0, 8.0) - 0.375).abs() < 1e-3);
}

#[test]
fn an_edge_gets_a_closed_line_about_two_pixels_wide() {
    let analysis = Analysis::new(&halves(64, 48));
    for look in Look::ALL {
        let layers = analysis.layers(look);
        for y in 0..48 {
            let width: f32 = (24..40).map(|x| layers.at(x, y)[3]).sum();
            assert!((1.2..3.6).contains(&width), "{look:?}: {width} pixels of ink in row {y}");
            let away = layers.at(8, y)[3] + layers.at(56, y)[3];
            assert!(away < 0.02, "{look:?}: ink away from the edge in row {y}");
        }
    }
}

#[test]
fn noise_in_the_dark_gives_no_specks() {
    use rand::{Rng, SeedableRng, rngs::StdRng};
    let mut rng = StdRng::seed_from_u64(1);
    let picture = Rgb::from_fn(96, 96, |_, _| [0.25; 3].map(|grey: f32| grey + rng.random_range(-0.04..0.04)));
    let ink: f32 = Analysis::new(&picture).layers(Look::Ink).data().iter().map(|layers| layers[3]).sum();
    assert!(ink / (96.0 * 96.0) < 0.002, "{ink}");
}

#[test]
fn black_stays_black_and_layers_stay_in_range() {
    let picture = Rgb::from_fn(33, 17, |x, y| if x < 20 { [0.02, 0.03, 0.02] } else { [0.9, 0.4, y as f32 / 17.0] });
    let analysis = Analysis::new(&picture);
    for look in Look::ALL {
        let layers = analysis.layers(look);
        assert_eq!(layers.size(), (33, 17));
        assert!(layers.data().iter().flatten().all(|value| (0.0..=1.0).contains(value)), "{look:?}");
        assert!(layers.at(5, 8)[3] > 0.95, "{look:?}");
    }
}

#[test]
fn one_pixel_is_a_picture() {
    let analysis = Analysis::new(&Rgb::from_fn(1, 1, |_, _| [0.5, 0.6, 0.7]));
    for look in Look::ALL {
        assert_eq!(analysis.layers(look).size(), (1, 1));
    }
}
