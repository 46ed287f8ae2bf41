use inkcast_frame::Plane;
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::canvas::canvas;
use crate::looks::specks::keep_components;
use crate::looks::{Rgb, lab, luma};

/// What is measured on a picture, or the sums over many. Lengths are in pixels of pictures with a shorter side of 540, at
/// which a unit of the looks is one pixel.
#[derive(Debug, Clone, Default)]
pub(super) struct Drawing {
    /// Colours of areas between the ink, CIE L*a*b* as [`lab::from_rgb`] gives them.
    pub fills: Vec<[f32; 3]>,
    /// Pixels that are not empty canvas.
    pixels: f64,
    /// Pixels of lines.
    line_area: f64,
    /// Length of the borders of lines.
    line_border: f64,
    /// Sum over the pixels of lines of how much darker they are than what is beside them, 0..1.
    line_contrast: f64,
    /// Pixels that are black and no line.
    black_area: f64,
    /// Sum of the differences of lightness between points of one area that are [`SHADE_STEP`] apart, and their number.
    shade: (f64, f64),
}

/// Colours that are taken from a picture.
const FILLS: usize = 300;
/// What is dark and narrower than twice this many pixels is a line.
const LINE_REACH: usize = 7;
/// A line is darker than this share of what is beside it.
const LINE_CONTRAST: f32 = 0.45;
/// Luma of solid black, at most.
const BLACK: f32 = 0.14;
/// Lines and blacks of fewer pixels are specks.
const SPECK: usize = 24;
/// Distance in pixels at which shading is measured.
const SHADE_STEP: usize = 4;
/// A larger difference of lightness is an edge and no shading.
const EDGE: f32 = 0.10;

impl Drawing {
    /// Measures one picture. The seed decides which colours are taken.
    ///
    /// Lines are what a closing (a maximum, then a minimum over a square) fills: a black top-hat (Serra 1982), relative to
    /// the filled value, so that a line counts the same on a light and on a dark area.
    pub fn of(picture: &Rgb, seed: u64) -> Self {
        let empty = canvas(picture);
        let grey = luma(picture);
        let (width, height) = grey.size();
        let closed = extreme(&extreme(&grey, LINE_REACH, f32::max), LINE_REACH, f32::min);
        let contrast = Plane::from_fn(width, height, |x, y| {
            let beside = closed.at(x, y);
            // Below a tenth there is no telling a line from the dark around it.
            (beside - grey.at(x, y)).max(0.0) / beside.max(0.1)
        });
        let lines = keep_components(&contrast, LINE_CONTRAST, LINE_CONTRAST, SPECK);
        let dark = Plane::from_fn(width, height, |x, y| {
            f32::from(!lines.at(x, y) && !empty.at(x, y) && grey.at(x, y) < BLACK)
        });
        let blacks = keep_components(&dark, 0.5, 0.5, SPECK);
        let mut drawing = Drawing::default();
        for index in (0..width * height).filter(|&index| !empty.data()[index]) {
            drawing.pixels += 1.0;
            drawing.black_area += f64::from(u8::from(blacks.data()[index]));
            if lines.data()[index] {
                drawing.line_area += 1.0;
                drawing.line_contrast += f64::from(contrast.data()[index].min(1.0));
            }
        }
        drawing.line_border = border(&lines);
        let ink = Plane::from_fn(width, height, |x, y| f32::from(contrast.at(x, y) > 0.2 || blacks.at(x, y)));
        let ink = extreme(&ink, 1, f32::max);
        let is_fill = |x: usize, y: usize| ink.at(x, y) == 0.0 && !empty.at(x, y);
        drawing.measure_shade(&grey, is_fill);
        let mut rng = StdRng::seed_from_u64(seed);
        // A picture of nothing but ink or canvas has no areas to find.
        for _ in 0..8 * FILLS {
            let (x, y) = (rng.random_range(0..width), rng.random_range(0..height));
            if drawing.fills.len() < FILLS && is_fill(x, y) {
                drawing.fills.push(lab::from_rgb(picture.at(x, y)));
            }
        }
        drawing
    }

    fn measure_shade(&mut self, grey: &Plane, is_fill: impl Fn(usize, usize) -> bool) {
        for y in 0..grey.height() {
            for x in SHADE_STEP..grey.width() {
                if is_fill(x, y) && is_fill(x - SHADE_STEP, y) {
                    let difference = (grey.at(x, y) - grey.at(x - SHADE_STEP, y)).abs();
                    if difference < EDGE {
                        self.shade.0 += f64::from(difference);
                        self.shade.1 += 1.0;
                    }
                }
            }
        }
    }

    /// Adds what was measured on another picture.
    pub fn add(&mut self, other: Drawing) {
        self.fills.extend(other.fills);
        self.pixels += other.pixels;
        self.line_area += other.line_area;
        self.line_border += other.line_border;
        self.line_contrast += other.line_contrast;
        self.black_area += other.black_area;
        self.shade = (self.shade.0 + other.shade.0, self.shade.1 + other.shade.1);
    }

    /// Share of the pixels that belong to lines, 0..1.
    pub fn line_share(&self) -> f32 {
        ratio(self.line_area, self.pixels)
    }

    /// Mean width of lines in pixels: an area of length l and width w has borders of 2 l. Zero without lines.
    pub fn line_width(&self) -> f32 {
        2.0 * ratio(self.line_area, self.line_border)
    }

    /// Mean contrast of lines to what is beside them, 0..1.
    pub fn line_contrast(&self) -> f32 {
        ratio(self.line_contrast, self.line_area)
    }

    /// Share of the pixels that are solid black, 0..1.
    pub fn black_share(&self) -> f32 {
        ratio(self.black_area, self.pixels)
    }

    /// Mean difference of luma between points of one area: 0 for flat colour.
    pub fn shade(&self) -> f32 {
        ratio(self.shade.0, self.shade.1)
    }
}

fn ratio(sum: f64, count: f64) -> f32 {
    if count > 0.0 { (sum / count) as f32 } else { 0.0 }
}

/// Length of the border of an area: steps between neighbours that differ, times pi/4, which is right in the mean over
/// all directions (Crofton).
fn border(area: &Plane<bool>) -> f64 {
    let mut steps = 0;
    for y in 0..area.height() {
        for x in 0..area.width() {
            let here = area.at(x, y);
            steps += usize::from(x + 1 < area.width() && area.at(x + 1, y) != here);
            steps += usize::from(y + 1 < area.height() && area.at(x, y + 1) != here);
        }
    }
    steps as f64 * std::f64::consts::FRAC_PI_4
}

/// The extreme value over a square that reaches `reach` pixels to each side; edge pixels are repeated outside.
fn extreme(plane: &Plane, reach: usize, choose: fn(f32, f32) -> f32) -> Plane {
    let turned = |plane: &Plane| Plane::from_fn(plane.height(), plane.width(), |x, y| plane.at(y, x));
    let rows = extreme_in_rows(plane, reach, choose);
    turned(&extreme_in_rows(&turned(&rows), reach, choose))
}

fn extreme_in_rows(plane: &Plane, reach: usize, choose: fn(f32, f32) -> f32) -> Plane {
    let (width, window) = (plane.width() as isize, 2 * reach + 1);
    let mut result = Plane::<f32>::new(plane.width(), plane.height());
    let mut row = Vec::new();
    for y in 0..plane.height() {
        row.clear();
        row.extend((-(reach as isize)..width + reach as isize).map(|x| plane.at_clamped(x, y as isize)));
        // Windows grow to twice their size, the last time to what is asked for.
        let mut size = 1;
        while size < window {
            let step = size.min(window - size);
            for x in 0..row.len() - step {
                row[x] = choose(row[x], row[x + step]);
            }
            size += step;
        }
        result.row_mut(y).copy_from_slice(&row[..plane.width()]);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame-filling picture: left half one colour, right half another, each with upright dark lines.
    fn striped(line_width: usize, line: f32) -> Rgb {
        Rgb::from_fn(160, 120, |x, _| match x % 40 {
            at if (20..20 + line_width).contains(&at) => [line; 3],
            _ if x < 80 => [0.9, 0.8, 0.2],
            _ => [0.3, 0.6, 0.9],
        })
    }

    #[test]
    fn width_contrast_and_share_of_lines() {
        for width in [2, 4, 6] {
            let drawing = Drawing::of(&striped(width, 0.0), 1);
            // Upright lines have borders of exactly 2 l, which Crofton's factor makes shorter by pi/4.
            let expected = width as f32 * 4.0 / std::f32::consts::PI;
            assert!((drawing.line_width() - expected).abs() < 0.01, "{}", drawing.line_width());
            assert!((drawing.line_share() - width as f32 / 40.0).abs() < 1e-3);
            assert!((drawing.line_contrast() - 1.0).abs() < 1e-3);
            assert_eq!(drawing.black_share(), 0.0);
        }
        // Luma 0.2126 * 0.9 + 0.7152 * 0.8 + 0.0722 * 0.2 = 0.778 and 0.558: contrasts 0.743 and 0.642 of luma 0.2.
        let grey = Drawing::of(&striped(4, 0.2), 1);
        assert!((grey.line_contrast() - 0.692).abs() < 0.005, "{}", grey.line_contrast());
    }

    #[test]
    fn the_extreme_over_a_square_by_hand() {
        let plane = Plane::from_fn(6, 5, |x, y| if (x, y) == (4, 1) { 1.0 } else { 0.0 });
        let spread = extreme(&plane, 2, f32::max);
        let expected = Plane::from_fn(6, 5, |x, y| f32::from((2..=6).contains(&x) && y <= 3));
        assert_eq!(spread.data(), expected.data());
        assert_eq!(extreme(&spread, 2, f32::min).at(4, 1), 1.0);
        assert_eq!(extreme(&spread, 2, f32::min).at(3, 1), 0.0);
    }

    #[test]
    fn what_is_wider_than_a_line_is_black() {
        // Three areas, so that none of them is taken for the canvas around a figure.
        let grey = |x: usize| {
            if x < 40 {
                0.02
            } else if x < 70 {
                0.5
            } else {
                0.8
            }
        };
        let drawing = Drawing::of(&Rgb::from_fn(100, 60, |x, _| [grey(x); 3]), 1);
        let (black, lines) = (drawing.black_share(), drawing.line_share());
        assert!((black - 0.4).abs() < 0.01 && lines < 0.01, "{black} {lines}");
    }

    #[test]
    fn fills_are_the_colours_between_lines_and_are_flat() {
        let drawing = Drawing::of(&striped(4, 0.0), 1);
        let known = [[0.9, 0.8, 0.2], [0.3, 0.6, 0.9]].map(lab::from_rgb);
        assert_eq!(drawing.fills.len(), FILLS);
        let near = |a: &[f32; 3], b: &[f32; 3]| (0..3).all(|c| (a[c] - b[c]).abs() < 1e-5);
        assert!(drawing.fills.iter().all(|fill| known.iter().any(|known| near(fill, known))));
        assert!(drawing.shade() < 1e-4, "{}", drawing.shade());
        let shaded = Drawing::of(&Rgb::from_fn(120, 60, |x, _| [0.3 + 0.5 * x as f32 / 120.0; 3]), 1);
        assert!((shaded.shade() - 4.0 * 0.5 / 120.0).abs() < 1e-3, "{}", shaded.shade());
    }
}
