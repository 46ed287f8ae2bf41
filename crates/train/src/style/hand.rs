use rayon::prelude::*;

use super::drawing::Drawing;
use super::palette::palette;
use super::scenes::Scene;
use super::transport::{Transport, colour_table};
use crate::looks::{Hand, Layers};
use crate::validate::compose;

/// Swatches of a palette, at most.
const SWATCHES: usize = 20;
/// Colours of photos that the palette is shared out among.
const COLOURS: usize = 2000;
/// Scenes that lines and blacks are compared on.
const COMPARED: usize = 12;
/// Largest share of a scene that becomes solid black.
const MOST_BLACK: f32 = 0.25;

/// The hand that draws `scenes` with the palette, shading, blacks and lines that were measured on `comics`.
///
/// Lines and blacks are set by comparison: scenes are drawn, measured as the comics were, and the difference decides. So
/// neither depends on how exact the measure is.
pub(super) fn hand(comics: &Drawing, scenes: &[Scene], seed: u64) -> Hand {
    let flat: Vec<Drawing> = scenes.par_iter().map(|scene| Drawing::of(scene.analysis.flat(), seed)).collect();
    let mut photos = Drawing::default();
    flat.into_iter().for_each(|drawing| photos.add(drawing));
    let step = photos.fills.len().div_ceil(COLOURS).max(1);
    // Scenes of nothing but black have no colours to share out.
    let colours: Vec<[f32; 3]> = match photos.fills.is_empty() {
        true => vec![[0.5, 0.0, 0.0]],
        false => photos.fills.iter().step_by(step).copied().collect(),
    };
    let shading = (0.5 * comics.shade() / photos.shade().max(1e-4)).min(0.5);
    let how = Transport { softness: 0.045 + 0.06 * shading, balance: 0.035, shading };
    let table = colour_table(&colours, &palette(&comics.fills, SWATCHES, seed), how);

    let compared = &scenes[..scenes.len().min(COMPARED)];
    let plain = Hand { colours: table, growth: 0.0, strength: 1.0, blacks: blacks(comics.black_share(), compared) };
    let drawn =
        compared.par_iter().map(|scene| Drawing::of(&compose(&lines_on_white(&scene.analysis.drawn_by(&plain))), seed));
    let drawn = drawn.collect::<Vec<_>>().into_iter().fold(Drawing::default(), |mut all, drawing| {
        all.add(drawing);
        all
    });
    // Few lines are hardly measured: what they say counts the less the fewer they are.
    let certainty = (comics.line_share() / 0.01).min(1.0);
    let wider = 0.5 * (comics.line_width() - drawn.line_width());
    let strength = comics.line_contrast() / drawn.line_contrast().max(0.1);
    Hand {
        growth: certainty * wider.clamp(-0.6, 1.0),
        strength: (strength.min(1.0) * (0.5 + 0.5 * certainty)).clamp(0.5, 1.0),
        ..plain
    }
}

/// The amount of [`Hand::blacks`] at which `share` of the scenes becomes black, found by halving.
fn blacks(share: f32, scenes: &[Scene]) -> f32 {
    let share = share.min(MOST_BLACK);
    let black = |amount: f32| {
        let shares: Vec<f32> = scenes
            .par_iter()
            .map(|scene| {
                let blacks = scene.analysis.blacks(amount);
                blacks.data().iter().sum::<f32>() / blacks.data().len() as f32
            })
            .collect();
        shares.iter().sum::<f32>() / shares.len() as f32
    };
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..6 {
        let middle = 0.5 * (low + high);
        if black(middle) < share { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The ink alone: colours beside a line must not decide how wide it seems.
fn lines_on_white(layers: &Layers) -> Layers {
    Layers::from_fn(layers.width(), layers.height(), |x, y| [1.0, 1.0, 1.0, layers.at(x, y)[3]])
}
