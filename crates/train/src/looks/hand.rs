use inkcast_frame::Plane;

use super::solids::solid_blacks;
use super::{Analysis, ColourTable, Layers, Rgb, layers};

/// How somebody draws: a look whose colours, lines and blacks are set by what was measured on pictures of one hand.
#[derive(Debug, Clone)]
pub struct Hand {
    /// The colour that fills an area of a colour.
    pub colours: ColourTable,
    /// Units by which lines are wider on each side than those of the ink look, or narrower if it is negative.
    pub growth: f32,
    /// Coverage of ink in the middle of a line, 0..1: below 1 lines take on the colour that they lie on.
    pub strength: f32,
    /// How much of what is dark becomes solid black, 0..1.
    pub blacks: f32,
}

impl Analysis {
    /// The layers as `hand` draws them.
    pub fn drawn_by(&self, hand: &Hand) -> Layers {
        let lines = grown(&self.lines.dark, self.scale.px(hand.growth));
        let blacks = self.blacks(hand.blacks);
        layers(&hand.colours.map(&self.flat), |x, y| {
            1.0 - (1.0 - hand.strength * lines.at(x, y)) * (1.0 - blacks.at(x, y))
        })
    }

    /// The picture without texture and noise.
    pub fn flat(&self) -> &Rgb {
        &self.flat
    }

    /// Coverage of solid black for [`Hand::blacks`].
    pub fn blacks(&self, amount: f32) -> Plane {
        // The blacks of the ink look lie at about a half.
        solid_blacks(&self.grey, 0.15 + 0.5 * amount, 0.02 + 0.12 * amount, 0.05 + 0.28 * amount, self.scale)
    }
}

/// Grey dilation by a disc of `radius` pixels, or erosion if it is negative. Pixels on the rim of the disc count as far
/// as they lie within it, so that a fraction of a pixel makes a difference.
fn grown(coverage: &Plane, radius: f32) -> Plane {
    let reach = radius.abs().ceil() as isize;
    let disc: Vec<(isize, isize, f32)> = (-reach..=reach)
        .flat_map(|dy| (-reach..=reach).map(move |dx| (dx, dy)))
        .map(|(dx, dy)| (dx, dy, (radius.abs() + 1.0 - (dx as f32).hypot(dy as f32)).clamp(0.0, 1.0)))
        .filter(|(_, _, weight)| *weight > 0.0)
        .collect();
    let is_erosion = radius < 0.0;
    let value = |value: f32| if is_erosion { 1.0 - value } else { value };
    Plane::from_fn(coverage.width(), coverage.height(), |x, y| {
        let at = |&(dx, dy, weight): &(isize, isize, f32)| {
            weight * value(coverage.at_clamped(x as isize + dx, y as isize + dy))
        };
        value(disc.iter().map(at).fold(0.0, f32::max))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line of three pixels in a row of nine.
    fn line() -> Plane {
        Plane::from_fn(9, 1, |x, _| f32::from((3..6).contains(&x)))
    }

    #[test]
    fn lines_grow_and_shrink_by_parts_of_a_pixel() {
        assert_eq!(grown(&line(), 0.0).data(), line().data());
        assert_eq!(grown(&line(), 0.5).data(), [0.0, 0.0, 0.5, 1.0, 1.0, 1.0, 0.5, 0.0, 0.0]);
        assert_eq!(grown(&line(), 1.0).data(), [0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
        assert_eq!(grown(&line(), -0.5).data(), [0.0, 0.0, 0.0, 0.5, 1.0, 0.5, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn a_hand_decides_on_colour_strength_and_blacks() {
        let picture = Rgb::from_fn(64, 48, |x, _| if x < 32 { [0.12, 0.12, 0.12] } else { [0.8, 0.6, 0.4] });
        let analysis = Analysis::new(&picture);
        let hand =
            |strength, blacks| Hand { colours: ColourTable::new(|[r, g, b]| [b, g, r]), growth: 0.0, strength, blacks };
        let full = analysis.drawn_by(&hand(1.0, 1.0));
        let [r, g, b, ink] = full.at(56, 24);
        assert!((r - 0.4).abs() < 0.03 && (g - 0.6).abs() < 0.03 && (b - 0.8).abs() < 0.03 && ink < 0.05);
        assert!(full.at(10, 24)[3] > 0.9, "dark areas become black");
        let none = analysis.drawn_by(&hand(0.5, 0.0));
        assert!(none.at(10, 24)[3] < 0.1, "no blacks were asked for");
        assert!(none.data().iter().all(|layers| layers[3] <= 0.55), "lines are half as strong");
    }
}
