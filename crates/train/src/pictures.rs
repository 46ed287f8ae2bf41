//! Pictures from and to files.

use std::path::Path;

use anyhow::{Context, Result};
use image::RgbImage;
use image::imageops::FilterType;

use crate::looks::Rgb;

/// Reads a picture as 8-bit RGB, turned upright as its EXIF data says.
pub fn read(path: &Path) -> Result<RgbImage> {
    use image::ImageDecoder;
    let fail = || format!("cannot read the picture {}", path.display());
    let reader = image::ImageReader::open(path).with_context(fail)?.with_guessed_format().with_context(fail)?;
    let mut decoder = reader.into_decoder().with_context(fail)?;
    let orientation = decoder.orientation().with_context(fail)?;
    let mut picture = image::DynamicImage::from_decoder(decoder).with_context(fail)?;
    picture.apply_orientation(orientation);
    Ok(picture.to_rgb8())
}

/// Writes a picture; the ending of `path` says in which format.
pub fn write(path: &Path, picture: &RgbImage) -> Result<()> {
    picture.save(path).with_context(|| format!("cannot write the picture {}", path.display()))
}

/// A picture as the bytes of a JPEG file.
pub fn to_jpeg(picture: &RgbImage) -> Result<Vec<u8>> {
    let mut file = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, 88);
    picture.write_with_encoder(encoder).context("cannot make a JPEG file")?;
    Ok(file)
}

/// Scales so that the shorter side has `short_side` pixels.
pub fn scaled_to(picture: &RgbImage, short_side: u32) -> RgbImage {
    let (width, height) = picture.dimensions();
    let side = |side: u32| {
        let scaled = f64::from(side) * f64::from(short_side) / f64::from(width.min(height).max(1));
        (scaled.round() as u32).max(1)
    };
    // Scaling in small steps is not needed: the filter widens with the factor.
    image::imageops::resize(picture, side(width), side(height), FilterType::CatmullRom)
}

/// The same picture in numbers of 0..1.
pub fn to_rgb(picture: &RgbImage) -> Rgb {
    Rgb::from_fn(picture.width() as usize, picture.height() as usize, |x, y| {
        picture.get_pixel(x as u32, y as u32).0.map(|value| f32::from(value) / 255.0)
    })
}

/// The same picture in bytes; values outside 0..1 are cut.
pub fn from_rgb(picture: &Rgb) -> RgbImage {
    RgbImage::from_fn(picture.width() as u32, picture.height() as u32, |x, y| {
        image::Rgb(picture.at(x as usize, y as usize).map(to_byte))
    })
}

/// 0..1 in 256 steps.
pub fn to_byte(value: f32) -> u8 {
    (value * 255.0).round().clamp(0.0, 255.0) as u8
}

/// Puts rows of pictures on one white sheet, each scaled to `height` pixels.
pub fn sheet(rows: &[Vec<RgbImage>], height: u32) -> RgbImage {
    const GAP: u32 = 4;
    let scale = |picture: &RgbImage| {
        let width = (u64::from(picture.width()) * u64::from(height) / u64::from(picture.height())).max(1) as u32;
        image::imageops::resize(picture, width, height, FilterType::Triangle)
    };
    let rows: Vec<Vec<RgbImage>> = rows.iter().map(|row| row.iter().map(scale).collect()).collect();
    let width = rows.iter().map(|row| row.iter().map(|picture| picture.width() + GAP).sum::<u32>()).max();
    let mut sheet =
        RgbImage::from_pixel(width.unwrap_or(1).max(1), (rows.len() as u32 * (height + GAP)).max(1), [255; 3].into());
    for (index, row) in rows.iter().enumerate() {
        let mut x = 0;
        for picture in row {
            image::imageops::replace(&mut sheet, picture, x.into(), (index as u32 * (height + GAP)).into());
            x += picture.width() + GAP;
        }
    }
    sheet
}
