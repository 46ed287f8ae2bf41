use std::fs::File;
use std::io::{BufReader, Cursor};
use std::path::{Path, PathBuf};

use clap::Args;
use crossbeam_channel::Receiver;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ImageDecoder, ImageEncoder, ImageReader};
use inkcast_frame::{Format, FrameInfo, OwnedFrame};
use inkcast_stylize::{Compare, Settings, StylizeError, Stylizer};

use crate::events::interrupts;
use crate::failure::{EXIT_CODES, Failure};
use crate::outputs::{self, Job, Kind, extension};
use crate::partial::Partial;
use crate::style_args::StyleArgs;

const EXAMPLES: &str = "\
Examples:
  inkcast image portrait.jpg -o portrait.png
  inkcast image photos/ -o comics/ --style halftone
  inkcast image cat.webp --ink 1.5 --compare split";

/// Turns stills into comics: PNG, JPEG and WebP.
///
/// Transparency and colour profiles are kept, and photos that lie on their side are turned upright. Pictures with more
/// than 8 bits a channel are reduced to 8; of an animation the first picture is taken.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct ImageArgs {
    /// Pictures, or folders with pictures in them
    #[arg(required = true, value_name = "IN")]
    inputs: Vec<PathBuf>,
    /// The file to write (.png, .jpg, .webp), or a folder for several inputs [default: <name>.comic.<ext> beside each
    /// input]
    #[arg(short, long, value_name = "OUT|DIR")]
    output: Option<PathBuf>,
    /// Overwrite outputs that exist
    #[arg(short, long)]
    force: bool,
    /// Quality of JPEG files; PNG and WebP are written without loss
    #[arg(long, value_name = "1..100", default_value_t = 92, value_parser = clap::value_parser!(u8).range(1..=100))]
    quality: u8,
    /// Report errors only
    #[arg(short, long)]
    quiet: bool,
    /// How the style is drawn.
    #[command(flatten)]
    style: StyleArgs,
}

const PICTURES: Kind =
    Kind { name: "pictures", extensions: &["png", "jpg", "jpeg", "webp"], writable: &["png", "jpg", "jpeg", "webp"] };

/// A picture as it was read: upright, 8 bits a channel.
struct Still {
    pixels: DynamicImage,
    profile: Option<Vec<u8>>,
}

/// Converts every picture, and goes on with the next where one fails. The first failure is the result.
pub fn run(args: &ImageArgs) -> anyhow::Result<()> {
    let (package, compute) = args.style.open_model()?;
    let jobs = outputs::plan(&args.inputs, args.output.as_deref(), &PICTURES, args.force)?;
    if let Some(folder) = args.output.as_ref().filter(|output| !output.is_dir() && jobs[0].output != **output) {
        std::fs::create_dir(folder)
            .map_err(|error| Failure::Output(format!("cannot make the folder {}: {error}", folder.display())))?;
    }
    let model_failure = |error: StylizeError| Failure::Model(error.to_string());
    let mut stylizer = Stylizer::new(package, compute).map_err(model_failure)?;
    let settings = args.style.settings();
    let interrupts = interrupts()?;

    let mut first_failure = None;
    for job in &jobs {
        match convert(job, &mut stylizer, &settings, args, &interrupts) {
            Ok(()) if args.quiet => {}
            Ok(()) => eprintln!("{}", job.output.display()),
            Err(error) if jobs.len() == 1 || Failure::is_interruption(&error) => return Err(error),
            Err(error) => {
                eprintln!("inkcast: {error:#}");
                first_failure.get_or_insert(error);
            }
        }
    }
    match first_failure {
        None => Ok(()),
        Some(error) => Err(error.context("not everything was converted; the first failure was")),
    }
}

fn convert(
    job: &Job,
    stylizer: &mut Stylizer,
    settings: &Settings,
    args: &ImageArgs,
    interrupts: &Receiver<()>,
) -> anyhow::Result<()> {
    let still = read(&job.input)?;
    let partial = Partial::create(&job.output)?;
    let drawn = draw(&still.pixels, stylizer, settings).map_err(|error| Failure::Model(error.to_string()))?;
    let (drawn, loses_alpha) = flatten_for(drawn, &job.output);
    if loses_alpha && !args.quiet {
        eprintln!("note: a JPEG has no transparency, so {} is put on white paper", job.input.display());
    }
    let bytes = encode(&drawn, still.profile, &job.output, args.quality)?;
    partial.write(&bytes)?;
    if interrupts.try_recv().is_ok() {
        return Err(Failure::Interrupted.into());
    }
    Ok(partial.commit()?)
}

fn read(path: &Path) -> Result<Still, Failure> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| Failure::Input(format!("cannot read {shown}: {error}")))?;
    if file.metadata().is_ok_and(|metadata| metadata.len() == 0) {
        return Err(Failure::Input(format!("{shown} is empty (0 bytes); copy it again from where it came")));
    }
    // By what is in the file: extensions of downloaded pictures are often wrong.
    let reader = ImageReader::new(BufReader::new(file)).with_guessed_format();
    let reader = reader.map_err(|error| Failure::Input(format!("cannot read {shown}: {error}")))?;
    if reader.format().is_none() {
        return Err(Failure::Input(format!("{shown} is no PNG, JPEG or WebP picture")));
    }
    let damaged = |error: image::ImageError| Failure::Input(format!("cannot read {shown}: {error}"));
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    let orientation = decoder.orientation().map_err(damaged)?;
    let profile = decoder.icc_profile().map_err(damaged)?;
    let mut pixels = DynamicImage::from_decoder(decoder).map_err(damaged)?;
    pixels.apply_orientation(orientation);
    Ok(Still { pixels, profile })
}

/// The comic of `pixels`, with alpha if they have it.
fn draw(pixels: &DynamicImage, stylizer: &mut Stylizer, settings: &Settings) -> Result<DynamicImage, StylizeError> {
    let has_alpha = pixels.color().has_alpha();
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    let (format, bytes) = match has_alpha {
        true => (Format::Rgba, pixels.to_rgba8().into_raw()),
        false => (Format::Rgb, pixels.to_rgb8().into_raw()),
    };
    let frame_info = |width| FrameInfo::new(format, width, height).expect("pictures have pixels");
    let source = OwnedFrame::from_planes(frame_info(width), vec![bytes]).expect("the bytes are those of the picture");
    let mut comic = OwnedFrame::new(frame_info(settings.compare.output_width(width)));
    // Pictures have nothing to do with each other.
    stylizer.reset();
    stylizer.process(&source.view(), &mut comic.view_mut(), settings)?;
    let (wide, high) = (settings.compare.output_width(width) as u32, height as u32);
    debug_assert!(settings.compare == Compare::SideBySide || wide == pixels.width());
    let bytes = comic.plane(0).to_vec();
    Ok(match has_alpha {
        true => image::RgbaImage::from_raw(wide, high, bytes).expect("the frame is full").into(),
        false => image::RgbImage::from_raw(wide, high, bytes).expect("the frame is full").into(),
    })
}

/// What can be written to `output`: transparent pictures lie on white paper in a JPEG. Tells whether that happened.
fn flatten_for(pixels: DynamicImage, output: &Path) -> (DynamicImage, bool) {
    let is_jpeg = matches!(extension(output).as_str(), "jpg" | "jpeg");
    let DynamicImage::ImageRgba8(rgba) = &pixels else { return (pixels, false) };
    if !is_jpeg {
        return (pixels, false);
    }
    let mut flat = image::RgbImage::new(rgba.width(), rgba.height());
    for (to, from) in flat.pixels_mut().zip(rgba.pixels()) {
        let alpha = from[3] as u32;
        to.0 = [0, 1, 2].map(|channel| ((from[channel] as u32 * alpha + 255 * (255 - alpha) + 127) / 255) as u8);
    }
    (flat.into(), true)
}

fn encode(pixels: &DynamicImage, profile: Option<Vec<u8>>, output: &Path, quality: u8) -> anyhow::Result<Vec<u8>> {
    fn write(
        pixels: &DynamicImage,
        profile: Option<Vec<u8>>,
        mut encoder: impl ImageEncoder,
    ) -> image::ImageResult<()> {
        if let Some(profile) = profile {
            // A format without room for a profile is no reason to fail.
            let _ = encoder.set_icc_profile(profile);
        }
        pixels.write_with_encoder(encoder)
    }
    let mut bytes = Vec::new();
    let target = Cursor::new(&mut bytes);
    match extension(output).as_str() {
        "png" => write(pixels, profile, PngEncoder::new(target)),
        "webp" => write(pixels, profile, WebPEncoder::new_lossless(target)),
        _ => write(pixels, profile, JpegEncoder::new_with_quality(target, quality)),
    }
    .map_err(|error| Failure::Output(format!("cannot write {}: {error}", output.display())))?;
    Ok(bytes)
}
