use inkcast_frame::{LAYER_ONE, Layers, Picture, Plane};
use inkcast_kit::noise::Random;

use super::*;
use crate::Level;

fn enlarged(level: Level, small: &Layers, small_picture: &Picture, picture: &Picture) -> Layers {
    let mut layers = Layers::default();
    enlarge(level, small, small_picture, picture, &mut layers);
    layers
}

#[test]
fn by_hand_means_of_areas() {
    let plane = Picture::from_fn(3, 2, |x, y| [(30 * x + 6 * y) as u8, 200, 0, 255]);
    let mut small = Picture::new(2, 1);
    shrink(&plane, &mut small);
    // One and a half columns each: (0 + 6 + (30 + 36) / 2) / 3 and ((30 + 36) / 2 + 60 + 66) / 3.
    assert_eq!(small.data(), [[13, 200, 0, 255], [53, 200, 0, 255]]);
    let mut same = Picture::new(3, 2);
    shrink(&plane, &mut same);
    assert_eq!(same, plane);
}

#[test]
fn the_least_confidence_of_an_area_counts() {
    let plane = Plane::from_fn(4, 2, |x, y| if (x, y) == (3, 1) { 7 } else { 255 });
    let mut small = Plane::new(2, 1);
    shrink_confidence(&plane, &mut small);
    assert_eq!(small.data(), [255, 7]);
}

#[test]
fn fills_end_where_the_picture_changes() {
    // An edge at column 9 of 16, inside a pixel of half the size.
    let picture = Picture::from_fn(16, 4, |x, _| if x < 9 { [20; 4] } else { [220; 4] });
    let mut small_picture = Picture::new(8, 2);
    shrink(&picture, &mut small_picture);
    let small = Layers::from_fn(8, 2, |x, _| if x < 4 { [1000, 2000, 3000, 0] } else { [30_000, 20_000, 10_000, 0] });
    let layers = enlarged(Level::Plain, &small, &small_picture, &picture);
    for x in 0..16 {
        let expected = if x < 8 { 1000 } else { 30_000 };
        // The mixed pixel of the edge belongs to neither.
        if !(8..10).contains(&x) {
            assert!((layers.at(x, 1)[0] - expected).abs() < 600, "column {x}: {:?}", layers.at(x, 1));
        }
    }
}

#[test]
fn ink_is_crisp_and_no_thicker_than_it_was() {
    let picture = Picture::new(32, 4);
    let small_picture = Picture::new(8, 1);
    let small = Layers::from_fn(8, 1, |x, _| [0, 0, 0, if (3..5).contains(&x) { LAYER_ONE } else { 0 }]);
    let layers = enlarged(Level::Plain, &small, &small_picture, &picture);
    let row: Vec<i16> = layers.row(2).iter().map(|pixel| pixel[3]).collect();
    let (black, white) =
        (row.iter().filter(|&&ink| ink == LAYER_ONE).count(), row.iter().filter(|&&ink| ink == 0).count());
    assert!((4..8).contains(&black) && white >= 22, "a line thinner than eight pixels, with rims of one: {row:?}");
}

#[test]
fn every_variant_gives_the_same_numbers() {
    let mut random = Random::new(6);
    for ((width, height), (small_width, small_height)) in
        [((1, 1), (1, 1)), ((65, 3), (33, 2)), ((130, 7), (97, 5)), ((64, 4), (16, 1))]
    {
        let mut bytes = |width, height| {
            let mut picture = Picture::new(width, height);
            picture.data_mut().as_flattened_mut().fill_with(|| random.bits() as u8);
            picture
        };
        let (picture, small_picture) = (bytes(width, height), bytes(small_width, small_height));
        let mut small = Layers::new(small_width, small_height);
        small.data_mut().as_flattened_mut().fill_with(|| random.below(32_641) as i16);
        let expected = enlarged(Level::Plain, &small, &small_picture, &picture);
        for level in Level::ALL.into_iter().filter(|level| level.is_available()) {
            let same = enlarged(level, &small, &small_picture, &picture) == expected;
            assert!(same, "{level} {width}x{height}");
        }
        // The body of the CUDA kernel, compiled for the host.
        let guided::Ink { contrast, threshold } = guided::Ink::new(picture.size(), small.size());
        let mut found = Layers::new(width, height);
        inkcast_device::resize::enlarge(&small, &small_picture, &picture, &[contrast, threshold], &mut found);
        assert!(found == expected, "device {width}x{height}");
    }
}

#[test]
fn the_device_gives_the_same_means() {
    let mut random = Random::new(12);
    for ((width, height), size) in
        [((1, 1), (1, 1)), ((65, 3), (33, 2)), ((130, 7), (97, 5)), ((64, 40), (16, 9)), ((31, 50), (31, 7))]
    {
        let picture = Picture::from_fn(width, height, |_, _| (random.bits() as u32).to_le_bytes());
        let layers = Layers::from_fn(width, height, |_, _| std::array::from_fn(|_| random.below(32_641) as i16));
        let confidence = Plane::from_fn(width, height, |_, _| random.bits() as u8);
        let (mut expected, mut found) = (Picture::new(size.0, size.1), Picture::new(size.0, size.1));
        shrink(&picture, &mut expected);
        inkcast_device::resize::shrink_picture(&picture, &mut found);
        assert!(found == expected, "a picture of {width}x{height} to {size:?}");
        let (mut expected, mut found) = (Layers::new(size.0, size.1), Layers::new(size.0, size.1));
        shrink(&layers, &mut expected);
        inkcast_device::resize::shrink_layers(&layers, &mut found);
        assert!(found == expected, "layers of {width}x{height} to {size:?}");
        let (mut expected, mut found) = (Plane::new(size.0, size.1), Plane::new(size.0, size.1));
        shrink_confidence(&confidence, &mut expected);
        inkcast_device::resize::shrink_confidence(&confidence, &mut found);
        assert!(found == expected, "confidence of {width}x{height} to {size:?}");
    }
}

#[cfg(feature = "cuda")]
#[test]
fn sizes_on_the_card_have_the_same_values() {
    use crate::device::DevicePlane;
    use crate::device::tests::card;

    let Some(device) = card() else { return };
    let mut random = Random::new(13);
    for ((width, height), (small_width, small_height)) in [((1, 1), (1, 1)), ((130, 57), (97, 35)), ((64, 40), (16, 9))]
    {
        let picture = Picture::from_fn(width, height, |_, _| (random.bits() as u32).to_le_bytes());
        let layers = Layers::from_fn(width, height, |_, _| [(); 4].map(|()| random.below(32_641) as i16));
        let confidence = Plane::from_fn(width, height, |_, _| random.bits() as u8);
        let (mut small_picture, mut small) =
            (Picture::new(small_width, small_height), Layers::new(small_width, small_height));
        let mut small_confidence = Plane::new(small_width, small_height);
        shrink(&picture, &mut small_picture);
        shrink(&layers, &mut small);
        shrink_confidence(&confidence, &mut small_confidence);
        let expected = enlarged(Level::Plain, &small, &small_picture, &picture);

        let card_picture = DevicePlane::with_values(&device, &picture).unwrap();
        let mut found_picture = DevicePlane::new(&device, small_width, small_height).unwrap();
        cuda::shrink_picture(&device, &card_picture, &mut found_picture).unwrap();
        let mut found = DevicePlane::new(&device, small_width, small_height).unwrap();
        cuda::shrink_layers(&device, &DevicePlane::with_values(&device, &layers).unwrap(), &mut found).unwrap();
        let mut found_confidence = DevicePlane::new(&device, small_width, small_height).unwrap();
        let card_confidence = DevicePlane::with_values(&device, &confidence).unwrap();
        cuda::shrink_confidence(&device, &card_confidence, &mut found_confidence).unwrap();
        let mut enlarged = DevicePlane::new(&device, width, height).unwrap();
        cuda::enlarge(&device, &found, &found_picture, &card_picture, &mut enlarged).unwrap();

        let case = format!("{width}x{height}");
        assert!(found_picture.download(&device).unwrap() == small_picture, "{case}: picture");
        assert!(found.download(&device).unwrap() == small, "{case}: layers");
        assert!(found_confidence.download(&device).unwrap() == small_confidence, "{case}: confidence");
        assert!(enlarged.download(&device).unwrap() == expected, "{case}: enlarged");
    }
}
