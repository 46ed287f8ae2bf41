//! Pictures of one kind to draw crops from.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use candle_core::{Device, Tensor};
use image::RgbImage;
use rand::{Rng, rngs::StdRng};
use rayon::prelude::*;

use crate::data::{Augment, Example, Split, Unpaired, draw_unpaired, find_pictures, is_prepared, load, load_comics};
use crate::pictures;

/// Folder of photos in a data set, and their name in prepared data.
const PHOTOS: &str = "real_images";
/// The same for comics.
const COMICS: &str = "generated_images";

/// Pictures in memory, each with at least `size` pixels in both directions.
pub struct Folder {
    pictures: Vec<Example>,
    size: usize,
    augment: Augment,
}

impl Folder {
    /// Reads the pictures of one kind from a data set, scaled down to this shorter side: `train/<folder>` or `test/<folder>`
    /// with everything below it, or from prepared data the photos (`real_images`) or the comics (`generated_images`).
    ///
    /// Files that cannot be read are skipped and named on standard error, pictures smaller than a crop are left out; if none
    /// is left, that is an error.
    pub fn open(data: &Path, split: Split, folder: &str, short_side: usize, size: usize) -> Result<Self> {
        let (found, place) = if is_prepared(data) {
            let examples = match folder {
                PHOTOS => load(data, split, &[])?,
                COMICS => load_comics(data, split)?,
                _ => bail!(
                    "{} is prepared data, which has photos (\"{PHOTOS}\") and comics (\"{COMICS}\") but no \"{folder}\"",
                    data.display()
                ),
            };
            (examples.iter().map(Example::to_picture).collect(), data.to_path_buf())
        } else {
            let place = data.join(if split == Split::Train { "train" } else { "test" }).join(folder);
            (read_all(&place)?, place)
        };
        let scaled = |picture: RgbImage| match picture.width().min(picture.height()) <= short_side as u32 {
            true => picture,
            false => pictures::scaled_to(&picture, short_side as u32),
        };
        let pictures = Folder::of(found.into_par_iter().map(scaled).collect(), size);
        ensure!(
            !pictures.is_empty(),
            "no picture (jpg, png, webp) in {} has {size} pixels in both directions",
            place.display()
        );
        Ok(pictures)
    }

    /// Those of these pictures that are large enough for a crop.
    pub fn of(pictures: Vec<RgbImage>, size: usize) -> Self {
        let is_large = |picture: &&RgbImage| picture.width().min(picture.height()) >= size as u32;
        let pictures = pictures.iter().filter(is_large).map(|picture| Example::new("", picture, &[])).collect();
        Folder { pictures, size, augment: Augment::default() }
    }

    /// The same with crops that are turned and scaled.
    pub fn varied(self, augment: &Augment) -> Self {
        Folder { augment: augment.clone(), ..self }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.pictures.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.pictures.is_empty()
    }

    /// A random crop of a random picture, mirrored in half of the cases: `[1, 3, size, size]` in 0..1.
    pub fn draw_one(&self, rng: &mut StdRng) -> Result<Tensor> {
        self.draw(1, rng)
    }

    /// `count` random crops, `[count, 3, size, size]`.
    pub fn draw(&self, count: usize, rng: &mut StdRng) -> Result<Tensor> {
        let drawing = Unpaired { count, size: self.size, augment: &self.augment };
        draw_unpaired(&self.pictures, &drawing, rng.random(), &Device::Cpu)
    }

    /// The middles of at most `count` pictures, spread evenly over all, `[N, 3, size, size]`.
    pub fn middles(&self, count: usize) -> Result<Tensor> {
        let (all, count, size) = (self.pictures.len(), count.min(self.pictures.len()), self.size);
        let crop = |index: usize| {
            let Example { width, height, source, .. } = &self.pictures[index * all / count];
            let (left, top) = ((width - size) / 2, (height - size) / 2);
            let value = move |channel: usize, y: usize, x: usize| {
                f32::from(source[((top + y) * width + left + x) * 3 + channel]) / 255.0
            };
            let row = move |channel: usize, y: usize| (0..size).map(move |x| value(channel, y, x));
            (0..3).flat_map(move |channel| (0..size).flat_map(move |y| row(channel, y)))
        };
        let values: Vec<f32> = (0..count).flat_map(crop).collect();
        Ok(Tensor::from_vec(values, (count, 3, size, size), &Device::Cpu)?)
    }
}

/// Every picture below a folder that can be read.
fn read_all(folder: &Path) -> Result<Vec<RgbImage>> {
    let read = |path: &std::path::PathBuf| match pictures::read(path) {
        Ok(picture) => Some(picture),
        Err(error) => {
            eprintln!("skipped: {error:#}");
            None
        }
    };
    Ok(find_pictures(folder)?.par_iter().filter_map(read).collect())
}

/// The pictures of a batch `[N, 3, H, W]`; values outside 0..1 are cut.
pub fn to_pictures(batch: &Tensor) -> Result<Vec<RgbImage>> {
    let (count, _, height, width) = batch.dims4()?;
    let pixels = height * width;
    let values = batch.flatten_all()?.to_vec1::<f32>()?;
    let picture = |index: usize| {
        RgbImage::from_fn(width as u32, height as u32, |x, y| {
            let place = index * 3 * pixels + y as usize * width + x as usize;
            image::Rgb([0, 1, 2].map(|channel| pictures::to_byte(values[place + channel * pixels])))
        })
    };
    Ok((0..count).map(picture).collect())
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    /// Every pixel says where it is.
    fn map(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, (x + y) as u8]))
    }

    #[test]
    fn crops_lie_inside_and_the_seed_decides() {
        let folder = Folder::of(vec![map(9, 5), map(3, 90)], 4);
        assert_eq!(folder.len(), 1);
        let draw = |seed| folder.draw(64, &mut StdRng::seed_from_u64(seed)).unwrap();
        let crops = to_pictures(&draw(1)).unwrap();
        let mirrored = crops.iter().filter(|crop| {
            let [[x, y, sum], [next, ..]] = [crop.get_pixel(0, 0).0, crop.get_pixel(1, 0).0];
            assert_eq!(x + y, sum);
            assert!(x <= 8 && y <= 1, "{x} {y}");
            next < x
        });
        assert!((12..=52).contains(&mirrored.count()));
        assert_eq!(crops, to_pictures(&draw(1)).unwrap());
        assert_ne!(crops, to_pictures(&draw(2)).unwrap());
    }

    #[test]
    fn middles_are_the_same_every_time() {
        let folder = Folder::of(vec![map(8, 6), map(4, 4), map(6, 4)], 4);
        let middles = to_pictures(&folder.middles(2).unwrap()).unwrap();
        assert_eq!(middles[0].get_pixel(0, 0).0, [2, 1, 3]);
        assert_eq!(middles[1].get_pixel(3, 3).0, [3, 3, 6]);
    }

    #[test]
    fn a_folder_without_usable_pictures_is_named() {
        let data = tempfile::tempdir().unwrap();
        let place = data.path().join("test/cats");
        std::fs::create_dir_all(&place).unwrap();
        map(8, 8).save(place.join("a.png")).unwrap();
        let open = |size| Folder::open(data.path(), Split::HeldOut, "cats", size, size);
        let picture = &open(4).unwrap().pictures[0];
        assert_eq!((picture.width, picture.height), (4, 4));
        let error = open(16).err().unwrap().to_string();
        assert!(error.contains(&place.display().to_string()) && error.contains("16 pixels"), "{error}");
    }

    #[test]
    fn prepared_data_has_photos_and_comics() {
        let data = tempfile::tempdir().unwrap();
        for (part, value) in [("train", 10), ("held-out", 20), ("comics/train", 30), ("comics/held-out", 40)] {
            let place = data.path().join(part);
            std::fs::create_dir_all(&place).unwrap();
            let picture = RgbImage::from_pixel(12, 8, image::Rgb([value; 3]));
            Example::new("a", &picture, &[]).save(&place).unwrap();
        }
        let shade = |split, folder| {
            let pixels = Folder::open(data.path(), split, folder, 8, 8).unwrap().middles(1).unwrap();
            (pixels.mean_all().unwrap().to_scalar::<f32>().unwrap() * 255.0).round()
        };
        assert_eq!((shade(Split::Train, PHOTOS), shade(Split::HeldOut, PHOTOS)), (10.0, 20.0));
        assert_eq!((shade(Split::Train, COMICS), shade(Split::HeldOut, COMICS)), (30.0, 40.0));
        let error = Folder::open(data.path(), Split::Train, "cats", 8, 8).err().unwrap().to_string();
        assert!(error.contains("real_images") && error.contains("no \"cats\""), "{error}");
    }

    #[test]
    fn crops_vary_as_they_are_told_to() {
        // Steps of four grey levels from column to column; the middles stay as they are.
        let slope = RgbImage::from_fn(60, 60, |x, _| image::Rgb([4 * x as u8; 3]));
        let folder = Folder::of(vec![slope], 16).varied(&Augment { scale: [1.3, 1.5], ..Augment::default() });
        let steps = |crops: Tensor| {
            let row = crops.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            (255.0 * (row[15] - row[0]) / 15.0).abs()
        };
        let step = steps(folder.draw_one(&mut StdRng::seed_from_u64(1)).unwrap());
        assert!((4.0 / 1.55..4.0 / 1.25).contains(&step), "{step}");
        assert_eq!(steps(folder.middles(1).unwrap()).round(), 4.0);
    }
}
