//! A little prepared data.

use std::path::Path;

use image::RgbImage;
use inkcast_train::data::{Preparation, prepare};

/// Makes eight pictures of discs in different colours in a folder in `work` and prepares them into `data`, two of them
/// held out.
pub fn prepare_photos(work: &Path, data: &Path) {
    let folder = work.join("photos");
    std::fs::create_dir(&folder).unwrap();
    for number in 0..8u8 {
        let centre = 30.0 + 4.0 * f32::from(number);
        let picture = RgbImage::from_fn(96, 80, |x, y| {
            let distance = (x as f32 - centre).hypot(y as f32 - 40.0);
            image::Rgb(if distance < 22.0 { [250, 30 * number, 60] } else { [90, 140, 255 - 25 * number] })
        });
        picture.save(folder.join(format!("{number}.png"))).unwrap();
    }
    let (photos, out) = (vec![folder], data.to_path_buf());
    let (clips, only, limit) = (vec![], None, Some(8));
    prepare(&Preparation { photos, clips, only, out, limit, frames_per_clip: 1, held_out: 2, seed: 1 }).unwrap();
}
