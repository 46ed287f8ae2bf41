//! What the tests of all methods try.

use candle_core::{DType, Tensor};
use image::RgbImage;

use super::folder::Folder;
use super::parameters::check;
use crate::pictures::to_byte;
use crate::training::Training;

/// Four pictures a little larger than a crop, each lighter than the one before.
pub fn pictures(size: usize, colour: impl Fn(u32, u32) -> [f32; 3]) -> Folder {
    let side = size as u32 + 3;
    let picture = |index: u32| {
        let light = 0.9 + 0.03 * index as f32;
        RgbImage::from_fn(side, side, |x, y| image::Rgb(colour(x, y).map(|value| to_byte(light * value))))
    };
    Folder::of((0..4).map(picture).collect(), size)
}

/// Steps three times, restores what there was after the first into another training that has gone its own way, and
/// compares what both do then; a state that does not fit is refused and changes nothing.
pub fn resumes<T: Training>(new: impl Fn() -> T) {
    let (mut training, mut other) = (new(), new());
    training.step(0).unwrap();
    for number in 7..9 {
        other.step(number).unwrap();
    }
    let state = training.state().unwrap();
    for name in state.keys() {
        let mut lacking = state.clone();
        lacking.remove(name);
        let error = other.restore(&lacking).unwrap_err().to_string();
        assert!(error.contains(&format!("tensor {name} is missing")), "{error}");
    }
    let untouched = other.state().unwrap();
    assert!(state.iter().any(|(name, tensor)| bits(tensor) != bits(&untouched[name])), "both went the same way");
    other.restore(&state).unwrap();
    assert!(other.sample().unwrap() == training.sample().unwrap(), "another picture after restoring");
    for number in 1..3 {
        assert_eq!(training.step(number).unwrap(), other.step(number).unwrap());
    }
    assert_eq!(training.measure().unwrap(), other.measure().unwrap());
    let (one, two) = (training.state().unwrap(), other.state().unwrap());
    check(&one, &two).unwrap();
    for (name, tensor) in one {
        assert_eq!(bits(&tensor), bits(&two[&name]), "{name}");
    }
}

fn bits(tensor: &Tensor) -> Vec<u64> {
    let values = tensor.flatten_all().unwrap().to_dtype(DType::F64).unwrap();
    values.to_vec1::<f64>().unwrap().into_iter().map(f64::to_bits).collect()
}

/// A sample is a picture with something on it, the same every time.
pub fn shows_something(training: &impl Training) {
    let sample = training.sample().unwrap();
    assert!(sample.width() > 16 && sample.height() > 16);
    let first = sample.get_pixel(0, 0);
    assert!(sample.pixels().any(|pixel| pixel != first));
    assert!(sample == training.sample().unwrap(), "another picture the second time");
}
