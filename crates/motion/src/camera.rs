use inkcast_frame::Plane;
use inkcast_kernels::search::{Match, PATCH, STEP, Similarity};

use crate::ordered;

/// Patches looked at, at most; more make the estimate no better.
const SAMPLES: usize = 700;
/// A grid of them may have more in one direction than asked for; those beyond this many are left out.
const MOST_SAMPLES: usize = 2 * SAMPLES;
/// Rounds of reweighting.
const ROUNDS: usize = 5;
/// Distance from the model in pixels at which a patch counts half.
const APART: f32 = 0.5;
/// Patches with less contrast than this many times the noise do not know where they moved.
const CONTRAST: f32 = 4.0;
/// Share of the patches that have to follow a model for it to be one.
const SUPPORT: f32 = 0.3;
/// A camera that moves the corner of the picture by less than this many pixels stands still.
const STILL: f32 = 0.1;

/// Share of the patches that makes looking for another model needless.
const CLEAR: f32 = 0.97;

/// A textured patch: its middle, from the middle of the picture, and its flow.
#[derive(Clone, Copy, Default)]
struct Sample {
    x: f32,
    y: f32,
    flow: [f32; 2],
}

/// The similarity that most textured patches follow: least squares, reweighted by Cauchy's function from round to
/// round, once from `prior` and once from the median, and no motion at all; the one with most followers counts.
pub(crate) fn fit(matches: &Plane<Match>, prior: Similarity, noise: f32) -> Similarity {
    let mut memory = [Sample::default(); MOST_SAMPLES];
    let samples = collect(matches, noise, &mut memory);
    let middle = middle(matches);
    let none = Similarity::default();
    let mut best = (none, support(samples, none));
    if best.1 < CLEAR {
        let median = median(samples);
        for (i, start) in [centred(prior, middle), median].into_iter().enumerate() {
            if i == 1 && best.0 != none && best.1 > 0.5 {
                continue;
            }
            let mut model = start;
            for _ in 0..ROUNDS {
                model = round(samples, model);
            }
            let found = support(samples, model);
            // A model that moves has to be better than none: noise fits four numbers to anything.
            if found > best.1 * 1.02 + 0.01 {
                best = (model, found);
            }
        }
    }
    let (model, support) = best;
    let reach = |x: f32, y: f32| {
        let [dx, dy] = model.at(x, y);
        dx.abs().max(dy.abs())
    };
    let [x, y] = middle;
    let most = reach(x, y).max(reach(-x, y)).max(reach(x, -y)).max(reach(-x, -y));
    if support < SUPPORT || most < STILL { none } else { centred(model, [-x, -y]) }
}

fn middle(matches: &Plane<Match>) -> [f32; 2] {
    [(matches.width() * STEP / 2) as f32, (matches.height() * STEP / 2) as f32]
}

/// The same motion, counted from another place.
fn centred(model: Similarity, from: [f32; 2]) -> Similarity {
    let [tx, ty] = model.at(from[0], from[1]);
    Similarity { tx, ty, ..model }
}

/// The same motion in pixels of the next finer level.
pub(crate) fn finer(coarse: Similarity) -> Similarity {
    // The middle of pixel x lies at 2 x + 1/2.
    let Similarity { a, b, tx, ty } = coarse;
    Similarity { a, b, tx: 2.0 * tx - 0.5 * (a - b), ty: 2.0 * ty - 0.5 * (b + a) }
}

/// Some of the textured patches.
fn collect<'a>(matches: &Plane<Match>, noise: f32, memory: &'a mut [Sample]) -> &'a [Sample] {
    let mut stride = 1;
    while stride * stride * SAMPLES < matches.width() * matches.height() {
        stride += 1;
    }
    let [middle_x, middle_y] = middle(matches).map(|middle| middle - (PATCH as f32 / 2.0 - 0.5));
    let mut count = 0;
    for j in (0..matches.height()).step_by(stride) {
        for i in (0..matches.width()).step_by(stride) {
            let found = matches.at(i, j);
            if found.contrast > CONTRAST * noise && count < memory.len() {
                let (x, y) = ((i * STEP) as f32 - middle_x, (j * STEP) as f32 - middle_y);
                memory[count] = Sample { x, y, flow: found.flow };
                count += 1;
            }
        }
    }
    &memory[..count]
}

/// Mean weight of the patches under a model.
fn support(samples: &[Sample], model: Similarity) -> f32 {
    let [sum] = ordered::sums(samples.len(), |i| [f64::from(weight(model, &samples[i]))]);
    if samples.is_empty() { 1.0 } else { sum as f32 / samples.len() as f32 }
}

fn weight(model: Similarity, sample: &Sample) -> f32 {
    let [x, y] = model.at(sample.x, sample.y);
    let (dx, dy) = ((x - sample.flow[0]) / APART, (y - sample.flow[1]) / APART);
    1.0 / (1.0 + dx * dx + dy * dy)
}

/// The median of both components.
fn median(samples: &[Sample]) -> Similarity {
    if samples.is_empty() {
        return Similarity::default();
    }
    let [tx, ty] = [0, 1].map(|d| {
        let mut memory = [0.0; MOST_SAMPLES];
        memory.iter_mut().zip(samples).for_each(|(to, sample)| *to = sample.flow[d]);
        *memory[..samples.len()].select_nth_unstable_by(samples.len() / 2, f32::total_cmp).1
    });
    Similarity { a: 0.0, b: 0.0, tx, ty }
}

/// One round of weighted least squares; coordinates are taken from their mean, which uncouples shift from the rest.
fn round(samples: &[Sample], model: Similarity) -> Similarity {
    let [w, wx, wy, wu, wv, wr, wa, wb] = ordered::sums(samples.len(), |i| {
        let sample = &samples[i];
        let weight = f64::from(weight(model, sample));
        let (x, y, [u, v]) = (f64::from(sample.x), f64::from(sample.y), sample.flow.map(f64::from));
        [1.0, x, y, u, v, x * x + y * y, x * u + y * v, x * v - y * u].map(|term| weight * term)
    });
    if w < 4.0 {
        return model;
    }
    let (mx, my, mu, mv) = (wx / w, wy / w, wu / w, wv / w);
    let spread = wr / w - mx * mx - my * my;
    let (a, b) = if spread > 1.0 {
        ((wa / w - mx * mu - my * mv) / spread, (wb / w - mx * mv + my * mu) / spread)
    } else {
        (0.0, 0.0)
    };
    let (tx, ty) = (mu - a * mx + b * my, mv - b * mx - a * my);
    Similarity { a: a as f32, b: b as f32, tx: tx as f32, ty: ty as f32 }
}
