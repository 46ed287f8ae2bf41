use inkcast_frame::LAYER_ONE;
use inkcast_kit::guard::Guarded;
use inkcast_kit::noise::Random;
use inkcast_kit::variants;

use super::*;

#[test]
fn blocks_hold_their_pixels_as_they_lie_and_odd_sizes_repeat_the_last() {
    let picture: Picture = Plane::from_fn(3, 3, |x, y| [x as u8, y as u8, 7, 9]);
    let mut row = [0; 3 * PICTURE_CHANNELS];
    unshuffle_row(&picture, 0, &mut row);
    assert_eq!(row[..16], [0, 0, 7, 9, 1, 0, 7, 9, 0, 1, 7, 9, 1, 1, 7, 9]);
    assert_eq!(row[16..32], [2, 0, 7, 9, 2, 0, 7, 9, 2, 1, 7, 9, 2, 1, 7, 9]);
    assert_eq!(row[32..], row[16..32], "columns completed to a multiple of 4");
    unshuffle_row(&picture, 1, &mut row);
    assert_eq!(row[..16], [0, 2, 7, 9, 1, 2, 7, 9, 0, 2, 7, 9, 1, 2, 7, 9]);
    unshuffle_row(&picture, 5, &mut row);
    assert_eq!(row[..4], [0, 2, 7, 9], "rows completed to a multiple of 4");
}

#[test]
fn what_is_carried_comes_behind_the_picture_in_codes() {
    let picture: Picture = Plane::from_fn(3, 2, |x, y| [x as u8, y as u8, 7, 9]);
    let layers: Layers = Plane::from_fn(3, 2, |x, y| [128 * x as i16, 128 * y as i16 + 63, LAYER_ONE, 64]);
    let confidence = Plane::from_fn(3, 2, |x, y| (100 + 10 * y + x) as u8);
    let mut row = [1; 2 * CARRIED_CHANNELS];
    unshuffle_carried_row(&picture, Some(Carried { layers: &layers, confidence: &confidence }), 0, &mut row);
    assert_eq!(row[..16], [0, 0, 7, 100, 1, 0, 7, 101, 0, 1, 7, 110, 1, 1, 7, 111]);
    assert_eq!(row[16..32], [0, 0, 255, 1, 1, 0, 255, 1, 0, 1, 255, 1, 1, 1, 255, 1]);
    assert_eq!(row[32..40], [2, 0, 7, 102, 2, 0, 7, 102]);
    unshuffle_carried_row(&picture, None, 0, &mut row);
    assert_eq!(row[..8], [0, 0, 7, 0, 1, 0, 7, 0]);
    assert_eq!(row[16..32], [0; 16]);
}

#[test]
fn join_places_each_sample_and_clamps() {
    let identity = Source::new(&[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
    let picture = [[100, 50, 25, 0]; 4];
    let mut change: Vec<f32> = (0..2 * CHANGE_CHANNELS).map(|index| index as f32).collect();
    change[CHANGE_CHANNELS + 12] = 40000.0;
    change[CHANGE_CHANNELS + 13] = -40000.0;
    for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
        let [mut upper, mut lower] = [[[0; 4]; 4]; 2];
        join_row(level, &picture, &identity, &change, false, &mut upper);
        join_row(level, &picture, &identity, &change, true, &mut lower);
        assert_eq!(upper[0], [12800, 6401, 3202, 3], "{level}");
        assert_eq!(upper[1][3], 7, "{level}");
        assert_eq!(lower[2][3], CHANGE_CHANNELS as i16 + 11, "{level}");
        assert_eq!(lower[3][..2], [LAYER_ONE, 0], "{level}");
    }
}

#[test]
fn every_level_joins_alike() {
    let source = Source::new(&[[0.9, 0.1, -0.2], [0.05, 1.1, 0.3], [-0.4, 0.2, 0.7]]);
    let cases: Vec<(usize, bool)> = (1..20).chain([64, 65]).flat_map(|width| [(width, false), (width, true)]).collect();
    let run = |level: &Level, &(width, lower): &(usize, bool)| {
        let mut random = Random::new(width as u64);
        let picture: Vec<[u8; 4]> = (0..width).map(|_| (random.bits() as u32).to_le_bytes()).collect();
        let blocks = width.div_ceil(2);
        let change: Vec<f32> = (0..blocks * CHANGE_CHANNELS).map(|_| random.between(-2e4, 2e4)).collect();
        let change = Guarded::input(&change);
        let mut layers = vec![[-1; 4]; width + 8];
        join_row(*level, &picture, &source, change.values(), lower, &mut layers[4..width + 4]);
        assert!(layers[..4].iter().chain(&layers[width + 4..]).all(|layers| *layers == [-1; 4]), "written outside");
        layers[4..width + 4].as_flattened().to_vec()
    };
    variants::check("join", &Level::variants(), &cases, run, variants::equal);
}
