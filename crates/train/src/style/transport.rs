use super::palette::Swatch;
use crate::looks::{ColourTable, lab};

/// How the colours of photos become those of a palette.
#[derive(Debug, Clone, Copy)]
pub(super) struct Transport {
    /// Distance at which two swatches share a colour; smaller is flatter.
    pub softness: f32,
    /// How hard it is that swatches get other shares of photos than of comics.
    pub balance: f32,
    /// Share of the shading within an area that is kept, 0..1.
    pub shading: f32,
}

/// Differences of hue and chroma count this much more than those of lightness: skin becomes the nearest warm colour of a
/// palette, and not a grey that is as dark.
const CHROMA: f32 = 3.0;
/// Share of a colour's own hue and chroma that stays, so that what a palette has no colour for can still be told.
const FAITHFUL: f32 = 0.3;
/// Rounds after which the shares hardly change.
const ROUNDS: usize = 200;

/// The table that takes the colours of photos, of which `photos` is a sample in CIE L*a*b*, to those of a palette.
///
/// Lightness and chroma of the photos are first brought near the mean and spread of the palette's. Then each colour is
/// shared out among the swatches by entropic optimal transport (Cuturi 2013), in which the photos' marginal holds exactly
/// and the palette's is relaxed (Chizat et al. 2018): a colour goes to a swatch that is near, but one that the comics use
/// much gets more. The shares of any colour follow from the potentials of the swatches, so that it is a smooth function
/// of colour alone and a video does not flicker.
pub(super) fn colour_table(photos: &[[f32; 3]], palette: &[Swatch], how: Transport) -> ColourTable {
    let level = Level::new(photos, palette);
    let colours: Vec<[f32; 3]> = photos.iter().map(|&colour| level.apply(colour)).collect();
    let potentials = potentials(&colours, palette, how);
    // A swatch that no photo uses has the mean of its own colour.
    const LITTLE: f64 = 1e-3;
    let own = |swatch: &Swatch| (swatch.colour.map(|value| LITTLE * f64::from(value)), LITTLE);
    let mut means: Vec<([f64; 3], f64)> = palette.iter().map(own).collect();
    for colour in &colours {
        for ((sum, total), share) in means.iter_mut().zip(shares(colour, palette, &potentials, how)) {
            (0..3).for_each(|c| sum[c] += f64::from(share * colour[c]));
            *total += f64::from(share);
        }
    }
    ColourTable::new(|rgb| {
        let colour = level.apply(lab::from_rgb(rgb));
        let mut result = [0.0; 3];
        let shares = shares(&colour, palette, &potentials, how);
        for ((share, swatch), (sum, total)) in shares.into_iter().zip(palette).zip(&means) {
            for c in 0..3 {
                let shade = colour[c] - (sum[c] / total) as f32;
                result[c] += share * (swatch.colour[c] + how.shading * shade);
            }
        }
        let [lightness, a, b] = result;
        let kept = |drawn: f32, own: f32| drawn + FAITHFUL * (own - drawn);
        lab::to_rgb([lightness, kept(a, colour[1]), kept(b, colour[2])])
    })
}

/// Mean and spread of lightness, and strength of colour, from photos towards a palette.
struct Level {
    from: f32,
    to: f32,
    slope: f32,
    chroma: f32,
}

impl Level {
    fn new(photos: &[[f32; 3]], palette: &[Swatch]) -> Self {
        let photos: Vec<([f32; 3], f32)> = photos.iter().map(|&colour| (colour, 1.0 / photos.len() as f32)).collect();
        let palette: Vec<([f32; 3], f32)> = palette.iter().map(|swatch| (swatch.colour, swatch.share)).collect();
        let mean = |of: &[([f32; 3], f32)], value: &dyn Fn(&[f32; 3]) -> f32| -> f32 {
            of.iter().map(|(colour, share)| share * value(colour)).sum()
        };
        let (from, to) = (mean(&photos, &|lab| lab[0]), mean(&palette, &|lab| lab[0]));
        let spread = |of: &[([f32; 3], f32)], mean_of: f32| mean(of, &|lab| (lab[0] - mean_of).powi(2)).sqrt();
        let chroma = |of: &[([f32; 3], f32)]| mean(of, &|lab| lab[1].powi(2) + lab[2].powi(2)).sqrt();
        let ratio = |to: f32, from: f32, least: f32, most: f32| (to / from.max(1e-3)).clamp(least, most);
        Level {
            from,
            // Half of the way: dark skin among bright comics shall not become light.
            to: 0.5 * (from + to),
            slope: ratio(spread(&palette, to), spread(&photos, from), 0.6, 1.4),
            chroma: ratio(chroma(&palette), chroma(&photos), 0.8, 2.2),
        }
    }

    fn apply(&self, [lightness, a, b]: [f32; 3]) -> [f32; 3] {
        [self.to + self.slope * (lightness - self.from), self.chroma * a, self.chroma * b]
    }
}

/// Cost of painting a colour with a swatch.
fn cost(colour: &[f32; 3], swatch: &Swatch) -> f32 {
    let [lightness, a, b] = [0, 1, 2].map(|c| (colour[c] - swatch.colour[c]).powi(2));
    lightness + CHROMA * (a + b)
}

/// One potential for each swatch, from Sinkhorn's iteration with a relaxed marginal.
fn potentials(colours: &[[f32; 3]], palette: &[Swatch], how: Transport) -> Vec<f32> {
    let mut potentials = vec![0.0; palette.len()];
    let (entropy, relaxed) = (how.entropy(), how.balance / (how.balance + how.entropy()));
    for _ in 0..ROUNDS {
        let mut used = vec![0.0f32; palette.len()];
        for colour in colours {
            let shares = shares(colour, palette, &potentials, how);
            used.iter_mut().zip(shares).for_each(|(used, share)| *used += share / colours.len() as f32);
        }
        for ((potential, used), swatch) in potentials.iter_mut().zip(used).zip(palette) {
            // Sinkhorn's update written as a step from the last potential; it rests at balance * ln(wanted / used).
            *potential = relaxed * (*potential + entropy * (swatch.share / used.max(1e-6)).ln());
        }
    }
    potentials
}

/// How a colour is shared out among the swatches; the shares sum to one.
fn shares(colour: &[f32; 3], palette: &[Swatch], potentials: &[f32], how: Transport) -> Vec<f32> {
    let weights =
        palette.iter().zip(potentials).map(|(swatch, potential)| (potential - cost(colour, swatch)) / how.entropy());
    let weights: Vec<f32> = weights.collect();
    let largest = weights.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weights: Vec<f32> = weights.into_iter().map(|weight| (weight - largest).exp()).collect();
    let total: f32 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / total).collect()
}

impl Transport {
    /// The entropic weight, in the unit of the cost.
    fn entropy(&self) -> f32 {
        self.softness * self.softness
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAT: Transport = Transport { softness: 0.05, balance: 0.05, shading: 0.0 };

    fn swatch(colour: [f32; 3], share: f32) -> Swatch {
        Swatch { colour, share }
    }

    fn lightness(rgb: [f32; 3]) -> f32 {
        lab::from_rgb(rgb)[0]
    }

    #[test]
    fn greys_go_to_the_greys_of_a_palette_and_keep_their_order() {
        let photos: Vec<[f32; 3]> = (0..=100).map(|step| [step as f32 / 100.0, 0.0, 0.0]).collect();
        let palette = [
            swatch([0.1, 0.0, 0.0], 1.0 / 3.0),
            swatch([0.5, 0.0, 0.0], 1.0 / 3.0),
            swatch([0.9, 0.0, 0.0], 1.0 / 3.0),
        ];
        let table = colour_table(&photos, &palette, FLAT);
        let drawn: Vec<f32> = (0..=32).map(|step| lightness(table.at([step as f32 / 32.0; 3]))).collect();
        assert!(drawn.windows(2).all(|pair| pair[1] > pair[0] - 1e-3), "{drawn:?}");
        let near = |value: &f32| [0.1, 0.5, 0.9].iter().any(|known| (value - known).abs() < 0.05);
        assert!(drawn.iter().filter(|value| near(value)).count() > 24, "{drawn:?}");
        assert!((drawn[0] - 0.1).abs() < 0.02 && (drawn[32] - 0.9).abs() < 0.02);
    }

    #[test]
    fn a_swatch_that_comics_use_more_is_used_more() {
        let photos: Vec<[f32; 3]> = (0..=100).map(|step| [0.5, (step as f32 - 50.0) / 250.0, 0.0]).collect();
        let used = |share: f32, balance: f32| {
            let palette = [swatch([0.5, -0.1, 0.0], share), swatch([0.5, 0.1, 0.0], 1.0 - share)];
            let how = Transport { balance, ..FLAT };
            let potentials = potentials(&photos, &palette, how);
            photos.iter().map(|photo| shares(photo, &palette, &potentials, how)[0]).sum::<f32>() / photos.len() as f32
        };
        assert!((used(0.5, 0.05) - 0.5).abs() < 0.02);
        // Kept nearly to the letter, and hardly.
        assert!((used(0.8, 10.0) - 0.8).abs() < 0.03, "{}", used(0.8, 10.0));
        assert!(used(0.8, 1e-4) < 0.6, "{}", used(0.8, 1e-4));
    }

    #[test]
    fn a_warm_colour_goes_to_a_warm_swatch_and_not_to_a_grey_as_dark() {
        let brown = [0.35, 0.12, 0.18];
        let photos: Vec<[f32; 3]> = (0..50).flat_map(|step| [brown, [step as f32 / 50.0, 0.0, 0.0]]).collect();
        let palette = [swatch([0.35, 0.0, 0.0], 0.4), swatch([0.55, 0.15, 0.25], 0.1), swatch([0.9, 0.0, 0.0], 0.5)];
        let [_, a, b] = lab::from_rgb(colour_table(&photos, &palette, FLAT).at(lab::to_rgb(brown)));
        assert!(a > 0.08 && b > 0.12, "a {a}, b {b}");
    }

    #[test]
    fn shading_keeps_differences_within_a_swatch() {
        let photos: Vec<[f32; 3]> = (0..=100).map(|step| [0.4 + step as f32 / 500.0, 0.0, 0.0]).collect();
        let palette = [swatch([0.5, 0.0, 0.0], 1.0)];
        let spread = |shading| {
            let table = colour_table(&photos, &palette, Transport { shading, ..FLAT });
            lightness(table.at([0.55; 3])) - lightness(table.at([0.40; 3]))
        };
        assert!(spread(0.0).abs() < 1e-3);
        assert!((spread(0.5) / spread(1.0) - 0.5).abs() < 0.05);
    }
}
