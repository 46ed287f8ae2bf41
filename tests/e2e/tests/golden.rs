//! The shipped model draws stills as it did when somebody last looked at them.
//!
//! After a change that is meant to change pictures: `INKCAST_BLESS=1 cargo test --release -p inkcast-e2e --test golden`
//! writes tests/e2e/golden anew. Look at every picture before committing it.

use std::path::{Path, PathBuf};

use image::RgbImage;
use image::imageops::{self, FilterType};
use inkcast_frame::{Format, FrameInfo, OwnedFrame};
use inkcast_generator::{Package, Precision};
use inkcast_kit::measure::psnr;
use inkcast_stylize::{Compute, PrecisionChoice, Settings, Stylizer};

/// Decibels that processors may differ by: they sum in different orders, which no eye sees.
const LEAST_PSNR: f64 = 45.0;
/// Decibels that a network in 8 bits may differ by besides; dots make more of the difference than layers do.
const LEAST_PSNR_INT8: f64 = 40.0;

/// Still, and the part of it that is kept once it is 640 pixels wide: left, top, width, height.
const STILLS: [(&str, [u32; 4]); 3] =
    [("portrait.jpg", [180, 60, 256, 192]), ("market.jpg", [200, 100, 256, 192]), ("street.jpg", [190, 120, 256, 192])];

#[test]
fn stills_look_as_they_did() {
    let bless = std::env::var_os("INKCAST_BLESS").is_some();
    for (file, part) in STILLS {
        let source = still(file, part);
        for style in styles() {
            let drawn = draw(&source, &style, Precision::F32);
            let path = folder("tests/e2e/golden").join(format!("{}-{style}.png", file.trim_end_matches(".jpg")));
            if bless {
                std::fs::create_dir_all(folder("tests/e2e/golden")).unwrap();
                drawn.save(&path).unwrap();
                continue;
            }
            let golden = image::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).to_rgb8();
            assert_eq!(golden.dimensions(), drawn.dimensions(), "{}", path.display());
            let near = psnr(golden.as_raw(), drawn.as_raw());
            assert!(near >= LEAST_PSNR, "{}: {near:.1} dB from what it was", path.display());
            let near = psnr(golden.as_raw(), draw(&source, &style, Precision::Int8).as_raw());
            assert!(near >= LEAST_PSNR_INT8, "{}: {near:.1} dB from what it was, in 8 bits", path.display());
        }
    }
}

#[test]
fn a_comic_has_more_ink_and_flatter_areas_than_its_source() {
    for (file, part) in STILLS {
        let source = still(file, part);
        let comic = draw(&source, "ink", Precision::Auto);
        let (ink_before, ink_after) = (share(&source, is_ink), share(&comic, is_ink));
        let (flat_before, flat_after) = (share(&source, is_flat), share(&comic, is_flat));
        assert!(ink_after > ink_before, "{file}: share of ink {ink_before:.3} became {ink_after:.3}");
        assert!(flat_after > flat_before, "{file}: share of flat areas {flat_before:.3} became {flat_after:.3}");
    }
}

fn styles() -> Vec<String> {
    Package::embedded().unwrap().manifest().styles.iter().map(|style| style.name.clone()).collect()
}

fn still(file: &str, [left, top, width, height]: [u32; 4]) -> RgbImage {
    let picture = image::open(folder("assets").join(file)).unwrap().to_rgb8();
    let (full_width, full_height) = picture.dimensions();
    let scaled = imageops::resize(&picture, 640, 640 * full_height / full_width, FilterType::Triangle);
    imageops::crop_imm(&scaled, left, top, width, height).to_image()
}

fn draw(source: &RgbImage, style: &str, precision: Precision) -> RgbImage {
    let (width, height) = source.dimensions();
    let info = FrameInfo::new(Format::Rgb, width as usize, height as usize).unwrap();
    let frame = OwnedFrame::from_planes(info, vec![source.as_raw().clone()]).unwrap();
    let mut comic = OwnedFrame::new(info);
    let settings = Settings { style: style.to_string(), ..Settings::default() };
    let compute = Compute { threads: 1, precision: PrecisionChoice(precision), ..Compute::default() };
    let mut stylizer = Stylizer::new(Package::embedded().unwrap(), compute).unwrap();
    stylizer.process(&frame.view(), &mut comic.view_mut(), &settings).unwrap();
    RgbImage::from_raw(width, height, comic.plane(0).to_vec()).unwrap()
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
}

/// Share of pixels, the border left out, of which `test` holds.
fn share(picture: &RgbImage, test: fn(&RgbImage, u32, u32) -> bool) -> f64 {
    let (width, height) = picture.dimensions();
    let inside = (1..height - 1).flat_map(|y| (1..width - 1).map(move |x| (x, y)));
    let count = inside.filter(|&(x, y)| test(picture, x, y)).count();
    count as f64 / ((width - 2) * (height - 2)) as f64
}

fn luma(picture: &RgbImage, x: u32, y: u32) -> f32 {
    let [r, g, b] = picture.get_pixel(x, y).0.map(f32::from);
    0.299 * r + 0.587 * g + 0.114 * b
}

/// Black or nearly.
fn is_ink(picture: &RgbImage, x: u32, y: u32) -> bool {
    luma(picture, x, y) < 40.0
}

/// Hardly any difference to the eight pixels around.
fn is_flat(picture: &RgbImage, x: u32, y: u32) -> bool {
    let around = (y - 1..=y + 1).flat_map(|y| (x - 1..=x + 1).map(move |x| luma(picture, x, y)));
    let (least, most) = around.fold((f32::MAX, f32::MIN), |(least, most), value| (least.min(value), most.max(value)));
    most - least < 2.0
}
