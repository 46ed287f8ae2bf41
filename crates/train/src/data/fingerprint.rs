use image::RgbImage;
use image::imageops::{flip_horizontal, thumbnail};

use super::cache::Domain;

/// At most so many of the 64 bits of two hashes differ in pictures that are nearly the same.
const BITS: u32 = 12;
/// At most so far do their thumbnails lie apart, in grey levels,
const LEVELS: f32 = 16.0;
/// and as a share of their contrast: a small thing on plain ground must be as much alike as a picture full of things.
const SHARE: f32 = 0.33;
/// The same for comic pictures: one figure drawn in many clothes makes many pictures.
const COMIC_SHARE: f32 = 0.15;
/// Contrast in grey levels below which thumbnails count as plain.
const PLAIN: f32 = 2.0;
/// Side of the thumbnails.
const SIDE: u32 = 16;

/// What tells a picture from others even after scaling, recompression and slight changes of tone: a difference hash
/// (Krawetz, "Kind of Like That", 2013), one bit for each of 8x8 places, set where it is darker than its neighbour to the
/// right; and a thumbnail, since pictures with much plain ground share hashes. The limits were chosen by the pairs that
/// they found among 843 photos; comic pictures have a stricter one, because figures of one hand are alike.
pub(super) struct Fingerprint {
    hash: u64,
    /// That of the mirrored picture: crops are mirrored in training.
    mirrored_hash: u64,
    thumbnail: RgbImage,
}

impl Fingerprint {
    /// Takes that of a picture.
    pub fn of(picture: &RgbImage) -> Self {
        let small = thumbnail(picture, 9, 8);
        Fingerprint {
            hash: difference_hash(&small),
            mirrored_hash: difference_hash(&flip_horizontal(&small)),
            thumbnail: thumbnail(picture, SIDE, SIDE),
        }
    }

    /// Whether both are nearly the same picture, or one nearly the other's mirror image.
    pub fn is_twin_of(&self, other: &Fingerprint, domain: Domain) -> bool {
        let share = match domain {
            Domain::Photos | Domain::Sequences => SHARE,
            Domain::Comics => COMIC_SHARE,
        };
        let near = |hash: u64| (hash ^ other.hash).count_ones() <= BITS;
        near(self.hash) && are_alike(&self.thumbnail, &other.thumbnail, share)
            || near(self.mirrored_hash) && are_alike(&flip_horizontal(&self.thumbnail), &other.thumbnail, share)
    }
}

fn difference_hash(small: &RgbImage) -> u64 {
    let luma = |x: u32, y: u32| {
        let [r, g, b] = small.get_pixel(x, y).0.map(u32::from);
        2126 * r + 7152 * g + 722 * b
    };
    let places = (0..8).flat_map(|y| (0..8).map(move |x| (x, y)));
    places.fold(0, |hash, (x, y)| hash << 1 | u64::from(luma(x, y) < luma(x + 1, y)))
}

/// Compares thumbnails by mean absolute differences, once each channel has the same mean in both.
fn are_alike(a: &RgbImage, b: &RgbImage, share: f32) -> bool {
    let (a, b) = (a.as_raw(), b.as_raw());
    let differences = |value: &dyn Fn(usize) -> f32| -> f32 {
        let count = a.len() / 3;
        let channel = |channel: usize| {
            let mean = (0..count).map(|pixel| value(3 * pixel + channel)).sum::<f32>() / count as f32;
            (0..count).map(|pixel| (value(3 * pixel + channel) - mean).abs()).sum::<f32>()
        };
        (0..3).map(channel).sum::<f32>() / (3 * count) as f32
    };
    let contrast = (differences(&|index| f32::from(a[index])) + differences(&|index| f32::from(b[index]))) / 2.0;
    differences(&|index| f32::from(a[index]) - f32::from(b[index])) <= LEVELS.min(share * contrast.max(PLAIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disc of this shade on a ground that gets darker to the right.
    fn disc(x: f32, shade: u8) -> Fingerprint {
        Fingerprint::of(&RgbImage::from_fn(96, 64, |column, row| {
            let is_inside = (column as f32 - x).hypot(row as f32 - 32.0) < 12.0;
            image::Rgb(if is_inside { [shade; 3] } else { [250 - column as u8 / 6; 3] })
        }))
    }

    #[test]
    fn bits_are_set_where_it_gets_brighter_to_the_right() {
        let small =
            RgbImage::from_fn(9, 8, |x, y| image::Rgb([if y == 0 { 10 * x as u8 } else { 90 - 10 * x as u8 }; 3]));
        assert_eq!(difference_hash(&small), 0xff << 56);
        assert_eq!(difference_hash(&flip_horizontal(&small)), !(0xff << 56));
    }

    #[test]
    fn a_small_thing_elsewhere_is_another_picture() {
        assert!(disc(40.0, 60).is_twin_of(&disc(41.0, 66), Domain::Photos));
        assert!(!disc(40.0, 60).is_twin_of(&disc(64.0, 60), Domain::Photos));
        // The ground is the same and most bits too, but not what is on it.
        assert!(!disc(40.0, 60).is_twin_of(&disc(40.0, 200), Domain::Photos));
    }
}
