use inkcast_frame::Plane;

use super::*;

#[test]
fn odd_sizes_repeat_the_last_pixel() {
    let picture: Picture = Plane::from_fn(3, 1, |x, _| [51 * x as u8, 51, 255, 0]);
    let mut map = FeatureMap::new(2, 2, UNSHUFFLED);
    unshuffle(&picture, &mut map);
    assert_eq!(map.row(0)[..12], [0.0, 0.2, 0.0, 0.2, 0.2, 0.2, 0.2, 0.2, 1.0, 1.0, 1.0, 1.0]);
    assert_eq!(map.row(0)[12..16], [0.4, 0.4, 0.4, 0.4]);
    assert_eq!(map.row(1)[..4], [0.0, 0.2, 0.0, 0.2], "the row below repeats the last one");
}

#[test]
fn join_places_each_sample_and_clamps() {
    let picture: Picture = Plane::from_fn(4, 2, |_, _| [102, 51, 0, 0]);
    let identity = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let mut change = FeatureMap::new(2, 1, SHUFFLED);
    let mut samples: Vec<f32> = (0..2 * SHUFFLED).map(|index| index as f32 / 100.0).collect();
    samples[SHUFFLED + 12] = 5.0;
    samples[SHUFFLED + 13] = -5.0;
    change.rows_mut().for_each(|row| row.copy_from_slice(&samples));
    let mut layers = Layers::new(4, 2);
    join(&picture, &identity, &change, &mut layers);
    let layer = |value: f32| (value * f32::from(LAYER_ONE)).round() as i16;
    assert_eq!(layers.at(0, 0), [0.4, 0.21, 0.02, 0.03].map(layer));
    assert_eq!(layers.at(1, 0)[3], layer(0.07));
    assert_eq!(layers.at(2, 1)[3], layer((SHUFFLED + 11) as f32 / 100.0));
    assert_eq!(layers.at(3, 1)[..2], [LAYER_ONE, 0]);
}
