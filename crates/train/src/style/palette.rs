use rand::{Rng, SeedableRng, rngs::StdRng};

/// A colour and how much of the pictures has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Swatch {
    /// CIE L*a*b*.
    pub colour: [f32; 3],
    /// 0..1; all swatches together have 1.
    pub share: f32,
}

/// Passes after which centres hardly move.
const PASSES: usize = 20;

/// At most `count` swatches for colours in CIE L*a*b*: k-means (Lloyd 1982) from centres drawn far apart (k-means++,
/// Arthur and Vassilvitskii 2007). There must be a colour. The seed decides on the first centres.
pub(super) fn palette(colours: &[[f32; 3]], count: usize, seed: u64) -> Vec<Swatch> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut centres = vec![colours[rng.random_range(0..colours.len())]];
    while centres.len() < count {
        let distances: Vec<f32> =
            colours.iter().map(|colour| distance(colour, &centres[nearest(colour, &centres)])).collect();
        let total: f64 = distances.iter().map(|&distance| f64::from(distance)).sum();
        // Fewer different colours than swatches.
        if total < 1e-9 {
            break;
        }
        let mut left = rng.random::<f64>() * total;
        let chosen = distances.iter().position(|&distance| {
            left -= f64::from(distance);
            left < 0.0
        });
        centres.push(colours[chosen.unwrap_or(colours.len() - 1)]);
    }
    let mut counts = vec![0usize; centres.len()];
    for _ in 0..PASSES {
        let mut sums = vec![[0.0f64; 3]; centres.len()];
        counts.fill(0);
        for colour in colours {
            let index = nearest(colour, &centres);
            counts[index] += 1;
            (0..3).for_each(|c| sums[index][c] += f64::from(colour[c]));
        }
        for ((centre, sum), &count) in centres.iter_mut().zip(&sums).zip(&counts).filter(|(_, count)| **count > 0) {
            *centre = sum.map(|sum| (sum / count as f64) as f32);
        }
    }
    let share = |count: usize| count as f32 / colours.len() as f32;
    let swatches = centres.into_iter().zip(counts).filter(|(_, count)| *count > 0);
    swatches.map(|(colour, count)| Swatch { colour, share: share(count) }).collect()
}

fn nearest(colour: &[f32; 3], centres: &[[f32; 3]]) -> usize {
    let by_distance = |a: &usize, b: &usize| distance(colour, &centres[*a]).total_cmp(&distance(colour, &centres[*b]));
    (0..centres.len()).min_by(by_distance).expect("there is a centre")
}

/// Squared.
fn distance(a: &[f32; 3], b: &[f32; 3]) -> f32 {
    (0..3).map(|c| (a[c] - b[c]).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_colours_become_swatches_with_their_shares() {
        let mut colours = Vec::new();
        for step in 0..40 {
            let offset = 0.001 * (step % 3) as f32;
            colours.push([0.2 + offset, 0.1, 0.0]);
            if step % 2 == 0 {
                colours.push([0.8, -0.3 + offset, 0.2]);
                colours.push([0.5, 0.0, 0.6 + offset]);
            }
        }
        let mut swatches = palette(&colours, 3, 7);
        swatches.sort_by(|a, b| a.colour[0].total_cmp(&b.colour[0]));
        let shares: Vec<f32> = swatches.iter().map(|swatch| swatch.share).collect();
        assert_eq!(shares, [0.5, 0.25, 0.25]);
        assert!((swatches[0].colour[0] - 0.201).abs() < 1e-3 && (swatches[2].colour[1] + 0.299).abs() < 1e-3);
        assert_eq!(palette(&colours, 3, 7), palette(&colours, 3, 7));
    }

    #[test]
    fn one_colour_is_one_swatch() {
        assert_eq!(palette(&[[0.5, 0.0, 0.0]; 9], 5, 1), [Swatch { colour: [0.5, 0.0, 0.0], share: 1.0 }]);
    }
}
