//! A little prepared data.

use std::path::Path;

use image::RgbImage;
use inkcast_train::data::{Preparation, prepare};

/// Makes eight pictures of coloured fields, none like another, in a folder in `work` and prepares them into `data`, two
/// of them held out.
pub fn prepare_photos(work: &Path, data: &Path) {
    let folder = work.join("photos");
    std::fs::create_dir(&folder).unwrap();
    for number in 0..8u32 {
        let picture = RgbImage::from_fn(96, 80, |x, y| {
            let field = number * 16 + y / 20 * 4 + x / 24 + 1;
            let mixed = field.wrapping_mul(0x9e37_79b1).rotate_left(13).wrapping_mul(0x85eb_ca6b);
            image::Rgb([mixed >> 24, mixed >> 16 & 255, mixed >> 8 & 255].map(|value| value as u8))
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
        clip_sequences: 0,
        sizes: 1,
        held_out: 2,
        seed: 1,
    };
    let report = prepare(&preparation).unwrap();
    assert_eq!(report.photos, [6, 2]);
}
