//! A folder of pictures to draw crops from.

use std::path::Path;

use anyhow::{Result, ensure};
use candle_core::{Device, Tensor};
use image::RgbImage;
use rand::{Rng, rngs::StdRng};
use rayon::prelude::*;

use crate::data::find_pictures;
use crate::pictures;

/// Pictures in memory, each with at least `size` pixels in both directions.
pub struct Folder {
    pictures: Vec<RgbImage>,
    size: u32,
}

impl Folder {
    /// Reads every picture below a folder, scaled down to this shorter side. Files that cannot be read are skipped and
    /// named on standard error, pictures smaller than a crop are left out; if none is left, that is an error.
    pub fn open(folder: &Path, short_side: usize, size: usize) -> Result<Self> {
        let read = |path: &std::path::PathBuf| match pictures::read(path) {
            Ok(picture) if picture.width().min(picture.height()) <= short_side as u32 => Some(picture),
            Ok(picture) => Some(pictures::scaled_to(&picture, short_side as u32)),
            Err(error) => {
                eprintln!("skipped: {error:#}");
                None
            }
        };
        let found: Vec<RgbImage> = find_pictures(folder)?.par_iter().filter_map(read).collect();
        let pictures = Folder::of(found, size);
        ensure!(
            !pictures.is_empty(),
            "no picture (jpg, png, webp) in {} has {size} pixels in both directions",
            folder.display()
        );
        Ok(pictures)
    }

    /// Those of these pictures that are large enough for a crop.
    pub fn of(mut pictures: Vec<RgbImage>, size: usize) -> Self {
        let size = size as u32;
        pictures.retain(|picture| picture.width().min(picture.height()) >= size);
        Folder { pictures, size }
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
        let picture = &self.pictures[rng.random_range(0..self.pictures.len())];
        let left = rng.random_range(0..=picture.width() - self.size);
        let top = rng.random_range(0..=picture.height() - self.size);
        self.crop(picture, left, top, rng.random())
    }

    /// `count` random crops, `[count, 3, size, size]`.
    pub fn draw(&self, count: usize, rng: &mut StdRng) -> Result<Tensor> {
        let crops = (0..count).map(|_| self.draw_one(rng)).collect::<Result<Vec<_>>>()?;
        Ok(Tensor::cat(&crops, 0)?)
    }

    /// The middles of at most `count` pictures, spread evenly over all, `[N, 3, size, size]`.
    pub fn middles(&self, count: usize) -> Result<Tensor> {
        let (all, count) = (self.pictures.len(), count.min(self.pictures.len()));
        let crops = (0..count).map(|index| {
            let picture = &self.pictures[index * all / count];
            let (width, height) = picture.dimensions();
            self.crop(picture, (width - self.size) / 2, (height - self.size) / 2, false)
        });
        Ok(Tensor::cat(&crops.collect::<Result<Vec<_>>>()?, 0)?)
    }

    fn crop(&self, picture: &RgbImage, left: u32, top: u32, mirrored: bool) -> Result<Tensor> {
        let size = self.size;
        let mut planes = Vec::with_capacity(3 * (size * size) as usize);
        for channel in 0..3 {
            for y in top..top + size {
                for x in 0..size {
                    let x = left + if mirrored { size - 1 - x } else { x };
                    planes.push(f32::from(picture.get_pixel(x, y).0[channel]) / 255.0);
                }
            }
        }
        let size = size as usize;
        Ok(Tensor::from_vec(planes, (1, 3, size, size), &Device::Cpu)?)
    }
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
        let folder = tempfile::tempdir().unwrap();
        map(8, 8).save(folder.path().join("a.png")).unwrap();
        assert_eq!(Folder::open(folder.path(), 4, 4).unwrap().pictures[0].dimensions(), (4, 4));
        let error = Folder::open(folder.path(), 16, 16).err().unwrap().to_string();
        assert!(error.contains(&folder.path().display().to_string()) && error.contains("16 pixels"), "{error}");
    }
}
