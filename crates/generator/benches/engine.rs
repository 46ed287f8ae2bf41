//! Median time of the network for one frame: `cargo bench -p inkcast-generator --bench engine [-- OPTIONS]`.
//!
//! Options, in any order: `WIDTHxHEIGHT`, a number of threads, `f32` or `int8`, the name of a level; without them
//! 360p, 720p, 1080p and 4K, one and two threads, both kinds of numbers and the best level. Every combination of a size
//! takes turns, so that a busy machine disturbs all of them alike. Where other programs run beside it, the best run says
//! more than the median, and so does the time that the processors worked on it, all threads together (Linux only).
//! The 8-bit ranges are those of the model, or where it has none rough ones: they do not change the time.

use std::time::{Duration, Instant};

use inkcast_frame::{Layers, Picture};
use inkcast_generator::{CpuEngine, Folded, Package, Precision};
use inkcast_kernels::Level;
use inkcast_kit::motion::{Motion, Scene};
use rayon::{ThreadPool, ThreadPoolBuilder};

const ROUNDS: usize = 15;

fn main() {
    let options = Options::parse(std::env::args().skip(1).filter(|text| text != "--bench"));
    let package = Package::embedded().expect("the embedded model is sound");
    let folded = with_ranges(package.fold("").expect("the default style is there"));
    println!(
        "{:>10} {:>11} {:>5} {:>8} {:>9} {:>9} {:>9} {:>9}",
        "size", "level", "kind", "threads", "median ms", "best ms", "GOP/s", "cpu ms"
    );
    for &(width, height) in &options.sizes {
        let picture = Scene::new(1, Motion::Still, width, height).picture(0);
        let mut cases = Vec::new();
        for (&level, &precision) in pairs(&options.levels, &options.precisions) {
            for &threads in &options.threads {
                cases.push(Case::new(&folded, level, precision, threads));
            }
        }
        for _ in 0..ROUNDS {
            cases.iter_mut().for_each(|case| case.run(&picture));
        }
        let operations = package.manifest().architecture.operations(width, height);
        cases.iter_mut().for_each(|case| case.print(width, height, operations));
    }
}

fn pairs<'a, A, B>(a: &'a [A], b: &'a [B]) -> impl Iterator<Item = (&'a A, &'a B)> {
    a.iter().flat_map(move |a| b.iter().map(move |b| (a, b)))
}

fn with_ranges(folded: Folded) -> Folded {
    if !folded.activations().is_empty() {
        return folded;
    }
    let count = folded.architecture().activation_names().len();
    folded.with_activations(&vec![2.0; count]).expect("as many as there are names")
}

struct Case {
    engine: CpuEngine,
    pool: ThreadPool,
    layers: Layers,
    times: Vec<Duration>,
    processor: Duration,
}

impl Case {
    fn new(folded: &Folded, level: Level, precision: Precision, threads: usize) -> Self {
        let engine = CpuEngine::new(folded, level, precision).expect("the style has ranges");
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("threads start");
        Case { engine, pool, layers: Layers::default(), times: Vec::new(), processor: Duration::ZERO }
    }

    fn run(&mut self, picture: &Picture) {
        let Case { engine, pool, layers, times, processor } = self;
        let (start, worked) = (Instant::now(), processor_time());
        pool.install(|| engine.run(picture, None, layers));
        times.push(start.elapsed());
        // The first run makes the buffers.
        if times.len() > 1 {
            *processor += processor_time().saturating_sub(worked);
        }
    }

    fn print(&mut self, width: usize, height: usize, operations: u64) {
        self.times.remove(0);
        let worked = self.processor.as_secs_f64() * 1e3 / self.times.len() as f64;
        self.times.sort();
        let [median, best] = [self.times[self.times.len() / 2], self.times[0]].map(|time| time.as_secs_f64());
        let (level, kind) = (self.engine.level().name(), format!("{:?}", self.engine.precision()).to_lowercase());
        let (size, threads) = (format!("{width}x{height}"), self.pool.current_num_threads());
        let speed = operations as f64 / best / 1e9;
        println!(
            "{size:>10} {level:>11} {kind:>5} {threads:>8} {:>9.2} {:>9.2} {speed:>9.0} {worked:>9.2}",
            median * 1e3,
            best * 1e3
        );
    }
}

/// Time that the threads of this program have run for, as far as the system tells.
fn processor_time() -> Duration {
    let nanoseconds = |task: std::fs::DirEntry| -> Option<u64> {
        std::fs::read_to_string(task.path().join("schedstat")).ok()?.split(' ').next()?.parse().ok()
    };
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    Duration::from_nanos(tasks.filter_map(|task| nanoseconds(task.ok()?)).sum())
}

struct Options {
    sizes: Vec<(usize, usize)>,
    threads: Vec<usize>,
    precisions: Vec<Precision>,
    levels: Vec<Level>,
}

impl Options {
    fn parse(words: impl Iterator<Item = String>) -> Self {
        let mut options =
            Options { sizes: Vec::new(), threads: Vec::new(), precisions: Vec::new(), levels: Vec::new() };
        for word in words {
            let size = word.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
            match (size, word.parse::<usize>(), word.parse::<Level>(), word.as_str()) {
                (Some(size), ..) => options.sizes.push(size),
                (_, Ok(threads), ..) => options.threads.push(threads),
                (_, _, Ok(level), _) => options.levels.push(level),
                (.., "f32") => options.precisions.push(Precision::F32),
                (.., "int8") => options.precisions.push(Precision::Int8),
                _ => panic!("{word} is no size, number of threads, level or kind of numbers"),
            }
        }
        fill(&mut options.sizes, &[(640, 360), (1280, 720), (1920, 1080), (3840, 2160)]);
        fill(&mut options.threads, &[1, 2]);
        fill(&mut options.precisions, &[Precision::F32, Precision::Int8]);
        fill(&mut options.levels, &[Level::detect()]);
        options
    }
}

fn fill<T: Clone>(given: &mut Vec<T>, usual: &[T]) {
    if given.is_empty() {
        given.extend_from_slice(usual);
    }
}
