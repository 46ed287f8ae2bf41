//! Median time of each stage of a frame: `cargo bench -p inkcast-stylize [-- WIDTHxHEIGHT...]`.
//!
//! A moving scene runs through the whole frame path, so that every stage has work to do. Codecs are not part of it.

use std::time::{Duration, Instant};

use inkcast_frame::{Format, FrameInfo, OwnedFrame};
use inkcast_generator::Package;
use inkcast_kit::motion::{Motion, Scene};
use inkcast_stylize::{DeviceChoice, STAGES, Settings, Stylizer};

const FRAMES: usize = 15;

fn main() {
    let sizes: Vec<(usize, usize)> = std::env::args().skip(1).filter_map(|text| parse(&text)).collect();
    let sizes = if sizes.is_empty() { vec![(640, 360), (1280, 720)] } else { sizes };
    println!("{:>10} {:>8} {:>9}  {}", "size", "style", "total ms", STAGES.map(|stage| format!("{stage:>9}")).join(""));
    for (width, height) in sizes {
        let frames = frames(width, height);
        for style in Package::embedded().expect("the embedded model is sound").manifest().styles.iter() {
            let (total, stages) = measure(&frames, &style.name);
            let columns = stages.map(|time| format!("{:>9.2}", ms(time))).join("");
            println!("{:>10} {:>8} {:>9.2}  {columns}", format!("{width}x{height}"), style.name, ms(total));
        }
    }
}

fn measure(frames: &[OwnedFrame], style: &str) -> (Duration, [Duration; STAGES.len()]) {
    let package = Package::embedded().expect("the embedded model is sound");
    let mut stylizer = Stylizer::new(package, DeviceChoice::Cpu, 0).expect("threads start");
    let settings = Settings { style: style.to_string(), ..Settings::default() };
    let mut output = frames[0].clone();
    let mut totals = Vec::new();
    let mut stages: [Vec<Duration>; STAGES.len()] = Default::default();
    for source in frames {
        let start = Instant::now();
        let report = stylizer.process(&source.view(), &mut output.view_mut(), &settings).expect("the frame is sound");
        totals.push(start.elapsed());
        stages.iter_mut().zip(report.stages).for_each(|(times, time)| times.push(time));
    }
    (median(totals), stages.map(median))
}

/// I420 frames of a moving texture.
fn frames(width: usize, height: usize) -> Vec<OwnedFrame> {
    let scene = Scene::new(1, Motion::Shift(2.3, 0.7), width, height);
    let info = FrameInfo::new(Format::I420, width, height).expect("a size above zero");
    (0..FRAMES)
        .map(|index| {
            let luma = scene.frame(index).data().iter().map(|value| (16.0 + 219.0 * value) as u8).collect();
            let chroma = vec![120; width.div_ceil(2) * height.div_ceil(2)];
            OwnedFrame::from_planes(info, vec![luma, chroma.clone(), chroma]).expect("planes of the right size")
        })
        .collect()
}

fn parse(text: &str) -> Option<(usize, usize)> {
    let (width, height) = text.split_once('x')?;
    Some((width.parse().ok()?, height.parse().ok()?))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
