//! `inkcast image`.

use image::{DynamicImage, GenericImageView, ImageEncoder, Rgb, RgbImage, Rgba, RgbaImage};

use crate::{at, fail, names, succeed};

/// A picture in which no two quarters look alike.
fn picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let (right, low) = (x >= width / 2, y >= height / 2);
        Rgb([if right { 220 } else { 40 }, if low { 200 } else { 60 }, if right == low { 90 } else { 180 }])
    })
}

fn open(path: &str) -> DynamicImage {
    image::open(path).unwrap()
}

#[test]
fn every_format_goes_into_every_other() {
    let folder = tempfile::tempdir().unwrap();
    for from in ["png", "jpg", "webp"] {
        let input = at(&folder, &format!("in.{from}"));
        picture(64, 48).save(&input).unwrap();
        for to in ["png", "jpg", "webp"] {
            let output = at(&folder, &format!("{from}.{to}"));
            succeed(&["image", &input, "-o", &output, "--strength", "0"]);
            let (source, comic) = (open(&input).to_rgb8(), open(&output).to_rgb8());
            let difference = crate::media::difference(&source, &comic);
            assert!(difference < 4.0, "{from} to {to}: {difference}");
        }
    }
}

#[test]
fn it_is_a_comic() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (at(&folder, "in.png"), at(&folder, "in.comic.png"));
    picture(96, 64).save(&input).unwrap();
    succeed(&["image", &input]);
    assert!(crate::media::difference(&open(&input).to_rgb8(), &open(&output).to_rgb8()) > 2.0);
    succeed(&["image", &input, "-f", "--compare", "side-by-side"]);
    assert_eq!(open(&output).dimensions(), (192, 64));
}

#[test]
fn transparency_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (at(&folder, "in.png"), at(&folder, "out.webp"));
    let alpha = |x: u32, y: u32| ((x * 7 + y * 13) % 256) as u8;
    RgbaImage::from_fn(33, 17, |x, y| Rgba([200, 100, 50, alpha(x, y)])).save(&input).unwrap();
    succeed(&["image", &input, "-o", &output]);
    let comic = open(&output).to_rgba8();
    assert!(comic.enumerate_pixels().all(|(x, y, pixel)| pixel[3] == alpha(x, y)));
    let said = succeed(&["image", &input, "-o", &at(&folder, "out.jpg")]);
    assert!(said.contains("transparency"), "{said}");
}

#[test]
fn photos_on_their_side_are_turned() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (at(&folder, "in.jpg"), at(&folder, "out.png"));
    // Orientation 6: turn by 90 degrees clockwise to see it upright.
    let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 95);
    encoder.set_exif_metadata(exif).unwrap();
    picture(64, 48).write_with_encoder(encoder).unwrap();
    std::fs::write(&input, bytes).unwrap();
    succeed(&["image", &input, "-o", &output, "--strength", "0"]);
    let (turned, comic) = (image::imageops::rotate90(&picture(64, 48)), open(&output).to_rgb8());
    assert_eq!(comic.dimensions(), (48, 64));
    assert!(crate::media::difference(&turned, &comic) < 4.0);
}

#[test]
fn folders_and_bad_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let photos = folder.path().join("photos");
    std::fs::create_dir(&photos).unwrap();
    for name in ["a.png", "b.jpg"] {
        picture(32, 32).save(photos.join(name)).unwrap();
    }
    std::fs::write(photos.join("c.png"), b"no picture").unwrap();
    std::fs::write(photos.join("d.webp"), b"").unwrap();
    let out = at(&folder, "out");
    let said = fail(3, &["image", photos.to_str().unwrap(), "-o", &out]);
    assert!(said.contains("c.png") && said.contains("d.webp is empty"), "{said}");
    assert_eq!(names(out.as_ref()), ["a.comic.png", "b.comic.jpg"]);
    let one = photos.join("a.png");
    assert!(fail(4, &["image", one.to_str().unwrap(), "-o", &out]).contains("--force"));
    assert!(fail(6, &["image", one.to_str().unwrap(), "--style", "none"]).contains("ink"));
}
