//! A little prepared data.

use std::path::Path;

use image::RgbImage;
use inkcast_train::data::{Preparation, prepare};

/// Makes eight pictures of discs in different places and colours in a folder in `work` and prepares them into `data`, two of them
/// held out.
pub fn prepare_photos(work: &Path, data: &Path) {
    let folder = work.join("photos");
    std::fs::create_dir(&folder).unwrap();
    for number in 0..8u8 {
        let (left, top) = (18.0 + 20.0 * f32::from(number % 4), 20.0 + 40.0 * f32::from(number / 4));
        let picture = RgbImage::from_fn(96, 80, |x, y| {
            let distance = (x as f32 - left).hypot(y as f32 - top);
            image::Rgb(if distance < 22.0 { [250, 30 * number, 60] } else { [90, 140, 255 - 25 * number] })
        });
        picture.save(folder.join(format!("{number}.png"))).unwrap();
    }
    let preparation = Preparation {
        photos: vec![folder],
        comics: vec![],
        clips: vec![],
        only: None,
        out: data.to_path_buf(),
        limit: Some(8),
        frames_per_clip: 1,
        sizes: 1,
        held_out: 2,
        seed: 1,
    };
    let report = prepare(&preparation).unwrap();
    assert_eq!(report.photos, [6, 2]);
}
