//! Median time of an estimate on two threads: `cargo bench -p inkcast-motion [-- THREADS]`.
//!
//! A moving and a still scene with noise, and a texture that moves in front of one that stands; the sizes take turns, so
//! that a machine that is busy for a while slows all of them.

use std::time::{Duration, Instant};

use inkcast_frame::Plane;
use inkcast_kernels::Level;
use inkcast_kit::motion::{Motion as Known, Scene};
use inkcast_kit::noise::Random;
use inkcast_motion::{Motion, MotionEstimator};

const ROUNDS: usize = 41;

struct Case {
    name: String,
    level: Level,
    frames: [Plane; 2],
    estimator: MotionEstimator,
    motion: Motion,
    times: Vec<Duration>,
}

fn main() {
    let threads = std::env::args().skip(1).find_map(|text| text.parse().ok()).unwrap_or(2);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads start");
    let mut cases = Vec::new();
    for (width, height) in [(320, 180), (640, 360)] {
        for (name, frames) in scenes(width, height) {
            for level in [Level::Plain, Level::detect()] {
                cases.push(Case {
                    name: format!("{width}x{height} {name}"),
                    level,
                    frames: frames.clone(),
                    estimator: MotionEstimator::new(level),
                    motion: Motion::default(),
                    times: Vec::new(),
                });
            }
        }
    }
    for _ in 0..ROUNDS {
        for case in &mut cases {
            let [previous, current] = &case.frames;
            let start = Instant::now();
            pool.install(|| case.estimator.estimate(previous, current, &mut case.motion));
            case.times.push(start.elapsed());
        }
    }
    println!("{threads} threads, median and least of {ROUNDS}");
    for mut case in cases {
        case.times.sort();
        let ms = case.times[ROUNDS / 2].as_secs_f64() * 1e3;
        let least = case.times[0].as_secs_f64() * 1e3;
        println!("{:>20} {:>8} {ms:>8.2} ms, least {least:>6.2} ms", case.name, case.level.to_string());
    }
}

fn scenes(width: usize, height: usize) -> [(&'static str, [Plane; 2]); 3] {
    let moving = Scene::new(1, Known::Shift(2.3, 0.7), width, height);
    let still = Scene::new(2, Known::Still, width, height);
    let noisy = |plane: Plane, seed: u64| {
        let mut random = Random::new(seed);
        Plane::from_fn(width, height, |x, y| plane.at(x, y) + random.between(-1.0, 1.0) / 255.0)
    };
    let part = |index: usize| {
        let (front, back) = (moving.frame(index), still.frame(0));
        let (left, right) = (width / 4 - 2 * index, width / 2 - 2 * index);
        Plane::from_fn(width, height, |x, y| if (left..right).contains(&x) { front.at(x, y) } else { back.at(x, y) })
    };
    [
        ("moving", [noisy(moving.frame(0), 1), noisy(moving.frame(1), 2)]),
        ("still", [noisy(still.frame(0), 3), noisy(still.frame(1), 4)]),
        ("in part", [noisy(part(0), 5), noisy(part(1), 6)]),
    ]
}
