//! Times the network for one frame at a time, so that another program can take turns with it:
//! `engine_times PACKAGE STYLE f32|int8 WIDTHxHEIGHT THREADS`. Each line on standard input runs it once; the milliseconds
//! come back as a line on standard output. The first line out says what runs.

use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Instant;

use inkcast_frame::{Layers, Plane};
use inkcast_generator::{CpuEngine, Package, Precision};
use inkcast_kernels::Level;

type Error = Box<dyn std::error::Error>;

const USAGE: &str = "engine_times PACKAGE STYLE f32|int8 WIDTHxHEIGHT THREADS";

fn main() -> Result<(), Error> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [package, style, precision, size, threads] = &words[..] else { return Err(USAGE.into()) };
    let precision = match precision.as_str() {
        "f32" => Precision::F32,
        "int8" => Precision::Int8,
        _ => return Err(USAGE.into()),
    };
    let (width, height) = size.split_once('x').ok_or(USAGE)?;
    let folded = Package::open(Path::new(package))?.fold(style)?;
    let mut engine = CpuEngine::new(&folded, Level::choose()?, precision)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.parse()?).build()?;
    // Waves and an edge; what is in a picture does not change the time.
    let picture = Plane::from_fn(width.parse()?, height.parse()?, |x, y| {
        let edge = if x > y { 60 } else { 0 };
        [(x % 190) as u8 + edge, (y % 190) as u8 + edge, ((x + y) % 256) as u8, 128]
    });
    let mut layers = Layers::default();
    let mut out = std::io::stdout().lock();
    writeln!(out, "{} {:?}", engine.level().name(), engine.precision())?;
    out.flush()?;
    for line in std::io::stdin().lock().lines() {
        line?;
        let start = Instant::now();
        pool.install(|| engine.run(&picture, None, &mut layers));
        writeln!(out, "{:.4}", start.elapsed().as_secs_f64() * 1e3)?;
        out.flush()?;
    }
    Ok(())
}
