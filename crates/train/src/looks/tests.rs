use inkcast_frame::Plane;

use super::scale::Scale;
use super::{Analysis, Layers, Look, Rgb, blur, flow, lab, smooth, specks, tone};

const UNIT: Scale = Scale::ONE;

/// The layers of `look` with one pixel a unit, however small the picture.
fn layers(picture: &Rgb, look: Look) -> Layers {
    Analysis::at_scale(picture, UNIT).layers(look)
}

fn grey(width: usize, height: usize, value: impl Fn(usize, usize) -> f32) -> Rgb {
    Rgb::from_fn(width, height, |x, y| [value(x, y); 3])
}

fn mean_ink(layers: &Layers) -> f32 {
    layers.data().iter().map(|layers| layers[3]).sum::<f32>() / layers.data().len() as f32
}

/// A disc, a bar and a ramp of colours on a light ground; coordinates in 0..1 of the shorter side.
fn scene(x: f32, y: f32) -> [f32; 3] {
    if (x - 0.35).hypot(y - 0.4) < 0.22 {
        [0.75, 0.25, 0.2]
    } else if (0.7..0.85).contains(&x) && y < 0.8 {
        [0.05, 0.06, 0.08]
    } else if y > 0.75 {
        [0.35, 0.55, 0.3]
    } else {
        [0.85, 0.88, 0.92]
    }
}

/// `scene` at `side` pixels; each pixel is the mean of what it covers, as a camera's is.
fn scene_of(side: usize) -> Rgb {
    const FINER: usize = 4;
    Rgb::from_fn(side, side, |x, y| {
        let mut sum = [0.0; 3];
        for part in 0..FINER * FINER {
            let at = |pixel: usize, part: usize| (pixel as f32 + (part as f32 + 0.5) / FINER as f32) / side as f32;
            let colour = scene(at(x, part % FINER), at(y, part / FINER));
            (0..3).for_each(|c| sum[c] += colour[c] / (FINER * FINER) as f32);
        }
        sum
    })
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
    let noisy = grey(40, 40, |x, y| {
        let wobble = if (x * 7 + y * 13) % 3 == 0 { 0.04 } else { -0.02 };
        wobble + if x < 20 { 0.2 } else { 0.9 }
    });
    let transformed = smooth::edge_preserving(&noisy, &noisy, 8.0, 0.2, UNIT);
    let rolled = smooth::rolling_guidance(&noisy, 1.2, 3.5, 0.09, 3, UNIT);
    for (name, smooth) in [("domain transform", transformed), ("rolling guidance", rolled)] {
        for y in 5..35 {
            let (dark, light, inside) = (smooth.at(18, y)[0], smooth.at(21, y)[0], smooth.at(8, y)[0]);
            assert!((dark - 0.2).abs() < 0.03 && (light - 0.9).abs() < 0.03, "{name}: {dark} {light}");
            assert!((inside - 0.2).abs() < 0.015, "{name}: the wobble is gone: {inside}");
        }
    }
}

#[test]
fn rolling_guidance_drops_what_is_small() {
    let dotted = grey(48, 48, |x, y| if (20..22).contains(&x) && (20..22).contains(&y) { 0.6 } else { 0.8 });
    let block = grey(48, 48, |x, y| if (14..34).contains(&x) && (14..34).contains(&y) { 0.2 } else { 0.8 });
    let of = |picture: &Rgb| smooth::rolling_guidance(picture, 2.0, 4.0, 0.1, 3, UNIT);
    assert!(of(&dotted).at(20, 20)[0] > 0.7, "{}", of(&dotted).at(20, 20)[0]);
    assert!(of(&block).at(16, 24)[0] < 0.25 && of(&block).at(11, 24)[0] > 0.75);
}

#[test]
fn tangents_run_along_an_edge_and_only_noise_is_incoherent() {
    let upright = grey(31, 31, |x, _| if x < 15 { 0.0 } else { 1.0 });
    let slanted = grey(31, 31, |x, y| if x < y { 0.0 } else { 1.0 });
    let checks = grey(31, 31, |x, y| ((x / 3 + y / 3) % 2) as f32);
    let upright = flow::Flow::new(&upright, 2.0, UNIT);
    let [tx, ty] = upright.tangents.at(15, 15);
    assert!(tx.abs() < 0.01 && ty.abs() > 0.99);
    assert!(upright.coherence.at(15, 15) > 0.95);
    let [tx, ty] = flow::Flow::new(&slanted, 2.0, UNIT).tangents.at(15, 15);
    assert!((tx - ty).abs() < 0.02, "{tx} {ty}");
    assert!(flow::Flow::new(&checks, 6.0, UNIT).coherence.at(15, 15) < 0.2);
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
    assert_eq!([0.1, 0.5].map(|value| tone::smooth_step(0.2, 0.4, value)), [0.0, 1.0]);
    assert!((tone::smooth_step(0.2, 0.4, 0.3) - 0.5).abs() < 1e-6);
}

#[test]
fn a_flat_field_stays_flat_and_has_no_ink() {
    for value in [[0.75, 0.6, 0.5], [0.95; 3], [0.3, 0.5, 0.8]] {
        let picture = Rgb::from_fn(60, 50, |_, _| value);
        for look in Look::ALL {
            let layers = layers(&picture, look);
            // Noir makes areas black on purpose, so its ink may be everything, but everywhere the same.
            let first = layers.at(0, 0);
            let spread = layers.data().iter().flat_map(|pixel| [0, 1, 2, 3].map(|c| (pixel[c] - first[c]).abs()));
            assert!(spread.fold(0.0, f32::max) < 2e-3, "{look:?} of {value:?} is not flat");
            assert!(look == Look::Noir || first[3] < 1e-3, "{look:?} of {value:?}: {} of ink", first[3]);
        }
    }
}

#[test]
fn an_edge_gets_one_closed_line() {
    let picture = grey(80, 60, |x, _| if x < 40 { 0.42 } else { 0.85 });
    for look in Look::ALL {
        let layers = layers(&picture, look);
        // Watercolor draws in pencil: thin and not black.
        let wanted = if look == Look::Watercolor { 0.5..3.0 } else { 2.0..6.0 };
        for y in 0..60 {
            let width: f32 = (28..52).map(|x| layers.at(x, y)[3]).sum();
            assert!(wanted.contains(&width), "{look:?}: {width} pixels of ink in row {y}");
            let away = layers.at(8, y)[3] + layers.at(72, y)[3];
            assert!(away < 0.02, "{look:?}: {away} of ink away from the edge in row {y}");
        }
    }
}

#[test]
fn a_dark_curve_on_white_stays_closed() {
    let ring = grey(120, 120, |x, y| {
        let radius = (x as f32 - 60.0).hypot(y as f32 - 60.0);
        1.0 - 0.7 * (1.5 - (radius - 40.0).abs()).clamp(0.0, 1.0)
    });
    for (look, least) in
        [(Look::Ink, 0.85), (Look::Halftone, 0.85), (Look::Manga, 0.85), (Look::Noir, 0.85), (Look::Watercolor, 0.4)]
    {
        let layers = layers(&ring, look);
        for degrees in 0..360 {
            let (sin, cos) = (degrees as f32).to_radians().sin_cos();
            let ink = (36..=44)
                .map(|r| layers.at((60.5 + r as f32 * cos) as usize, (60.5 + r as f32 * sin) as usize)[3])
                .fold(0.0, f32::max);
            assert!(ink > least, "{look:?} has a gap at {degrees} degrees: {ink}");
        }
        assert!(layers.at(60, 60)[3] < 0.02 && layers.at(4, 4)[3] < 0.02, "{look:?} inks the inside or the outside");
    }
}

#[test]
fn noise_gives_no_specks() {
    use rand::{Rng, SeedableRng, rngs::StdRng};
    for (level, noise) in [(0.7, 4.0), (0.32, 4.0), (0.32, 10.0)] {
        let mut rng = StdRng::seed_from_u64(1);
        let picture =
            Rgb::from_fn(96, 96, |_, _| [0, 1, 2].map(|_| level + noise / 255.0 * rng.random_range(-1.0..1.0f32)));
        for look in Look::ALL {
            let layers = layers(&picture, look);
            let inked = layers.data().iter().filter(|pixel| (pixel[3] - layers.at(48, 48)[3]).abs() > 0.05).count();
            assert_eq!(inked, 0, "{look:?} of {level} with noise of {noise} grey levels");
        }
    }
}

#[test]
fn fine_texture_gets_less_ink_than_a_line_of_its_contrast() {
    use rand::{Rng, SeedableRng, rngs::StdRng};
    let mut rng = StdRng::seed_from_u64(2);
    let noise = Plane::from_fn(160, 160, |_, _| rng.random_range(-1.0..1.0f32));
    let leaves = blur::gaussian(&noise, 1.5);
    let texture = grey(160, 160, |x, y| 0.6 + 0.9 * leaves.at(x, y));
    let deviation = texture.data().iter().map(|pixel| (pixel[0] - 0.6).powi(2)).sum::<f32>() / (160.0 * 160.0);
    let contrast = 2.0 * deviation.sqrt();
    let edge = grey(160, 160, |x, _| 0.6 + if x < 80 { -0.5 } else { 0.5 } * contrast);
    let drawn = layers(&edge, Look::Ink);
    let line: f32 = (70..90).map(|x| drawn.at(x, 80)[3]).sum();
    assert!(line > 1.5, "the edge has a line: {line}");
    let ink = mean_ink(&layers(&texture, Look::Ink));
    assert!(ink < 0.03, "{ink} of the texture is ink");
}

#[test]
fn colours_of_the_same_lightness_are_parted_by_a_line() {
    let (red, green) = ([0.80, 0.42, 0.45], [0.38, 0.546, 0.45]);
    let luma = |[r, g, b]: [f32; 3]| 0.2126 * r + 0.7152 * g + 0.0722 * b;
    assert!((luma(red) - luma(green)).abs() < 0.002);
    let picture = Rgb::from_fn(80, 60, |x, _| if x < 40 { red } else { green });
    let layers = layers(&picture, Look::Ink);
    let width: f32 = (30..50).map(|x| layers.at(x, 30)[3]).sum();
    assert!(width > 1.0, "{width}");
}

#[test]
fn a_larger_picture_gets_the_same_look() {
    let (small, large) = (scene_of(270), scene_of(540));
    for look in Look::ALL {
        let layers = |picture: &Rgb| Analysis::new(picture).layers(look);
        let (small, large) = (layers(&small), layers(&large));
        let mut sum = 0.0;
        for y in 0..270 {
            for x in 0..270 {
                let (x2, y2) = (2 * x, 2 * y);
                for c in 0..4 {
                    let mean = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(dx, dy)| large.at(x2 + dx, y2 + dy)[c]);
                    sum += (small.at(x, y)[c] - mean.iter().sum::<f32>() / 4.0).abs();
                }
            }
        }
        let difference = sum / (4.0 * 270.0 * 270.0);
        assert!(difference < 0.012, "{look:?} differs by {difference}");
        let (small, large) = (mean_ink(&small), mean_ink(&large));
        assert!((small - large).abs() < 0.12 * large + 0.002, "{look:?}: {small} and {large} of ink");
    }
}

#[test]
fn almost_white_paper_stays_white_in_halftone() {
    for cast in [[0.97, 0.95, 0.94], [0.93, 0.95, 0.97], [0.96, 0.93, 0.95]] {
        let colour = layers(&Rgb::from_fn(24, 24, |_, _| cast), Look::Halftone).at(12, 12);
        assert!(colour[..3].iter().all(|&value| value > 0.985), "{cast:?} becomes {colour:?}");
    }
}

#[test]
fn noir_is_black_white_and_one_grey() {
    let ramp = grey(256, 64, |x, _| x as f32 / 255.0);
    let printed = layers(&ramp, Look::Noir);
    let printed: Vec<f32> = (0..256).map(|x| printed.at(x, 32)[0] * (1.0 - printed.at(x, 32)[3])).collect();
    assert!(printed[20] < 0.02 && printed[240] > 0.98 && (printed[104] - 0.5).abs() < 0.05, "{printed:?}");
    let between = printed.iter().filter(|value| (0.05..0.45).contains(*value) || (0.55..0.95).contains(*value)).count();
    assert!(between < 24, "{between} columns of other greys");
}

#[test]
fn washes_have_dark_rims_inside() {
    let picture = Rgb::from_fn(100, 80, |x, _| if x < 50 { [0.35, 0.5, 0.7] } else { [0.95; 3] });
    let layers = layers(&picture, Look::Watercolor);
    let luma = |x: usize| layers.at(x, 40)[..3].iter().sum::<f32>() / 3.0;
    let rim = (40..50).map(luma).fold(1.0, f32::min);
    assert!(rim < luma(20) - 0.05, "rim {rim}, wash {}", luma(20));
}

#[test]
fn black_stays_black_and_layers_stay_in_range() {
    let picture = Rgb::from_fn(53, 27, |x, y| if x < 30 { [0.02, 0.03, 0.02] } else { [0.9, 0.4, y as f32 / 27.0] });
    for look in Look::ALL {
        let layers = layers(&picture, look);
        assert_eq!(layers.size(), (53, 27));
        assert!(layers.data().iter().flatten().all(|value| (0.0..=1.0).contains(value)), "{look:?}");
        // A wash has no black.
        assert!(look == Look::Watercolor || layers.at(8, 13)[3] > 0.95, "{look:?}");
    }
}

#[test]
fn the_same_picture_gives_the_same_bits() {
    let picture = scene_of(96);
    for look in Look::ALL {
        assert_eq!(
            Analysis::new(&picture).layers(look).data(),
            Analysis::new(&picture).layers(look).data(),
            "{look:?}"
        );
    }
}

#[test]
fn every_size_is_a_picture() {
    for (width, height) in [(1, 1), (1, 7), (9, 1), (2, 3), (5, 300)] {
        let picture = Rgb::from_fn(width, height, |x, y| [0.5, 0.1 * (x % 8) as f32, 0.1 * (y % 8) as f32]);
        for scale in [Scale::of(width, height), UNIT, Scale::new(4.0)] {
            let analysis = Analysis::at_scale(&picture, scale);
            for look in Look::ALL {
                let layers = analysis.layers(look);
                assert_eq!(layers.size(), (width, height));
                assert!(layers.data().iter().flatten().all(|value| (0.0..=1.0).contains(value)), "{look:?}");
            }
        }
    }
}

#[test]
fn scales_follow_the_shorter_side_within_limits() {
    assert_eq!(Scale::of(1920, 1080), Scale::new(2.0));
    assert_eq!(Scale::of(360, 640), Scale::new(360.0 / 540.0));
    assert_eq!(Scale::of(1, 1), Scale::new(0.5));
}
