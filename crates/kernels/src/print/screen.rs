use super::angle::sin_cos;
use crate::emit::CHUNK;

/// A screen of round dots on a rotated square grid.
///
/// The threshold at a pixel is `0.5 + 0.25 (cos u + cos v)` with `u`, `v` the rotated coordinates times 2 pi / period.
/// `cos(a + b) = cos a cos b - sin a sin b` splits each cosine into tables over columns and a few numbers a row.
#[derive(Debug, Clone, Default)]
pub struct DotScreen {
    /// Angular steps `(u, v)` for a step to the right and a step down.
    right: [f32; 2],
    down: [f32; 2],
    /// Cosine and sine of each column's part of `u`, then of `v`; filled up to whole chunks.
    columns: [Vec<f32>; 4],
    /// Steepness of the threshold: dots are smoothed over about one pixel.
    pub(super) contrast: f32,
}

/// One row of a screen: cosine and sine of the row's part of `u`, then of `v`.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScreenRow([f32; 4]);

/// How far a screen is moved from the page's corner, in pixels to the right and down.
pub type Shift = [f64; 2];

impl DotScreen {
    /// A screen for rows of `width` pixels, `angle` in degrees, `period_px` pixels between dots.
    pub fn new(angle: f32, period_px: f32, width: usize) -> Self {
        let (sin, cos) = angle.to_radians().sin_cos();
        let step = std::f32::consts::TAU / period_px;
        let right = [step * cos, -step * sin];
        let down = [step * sin, step * cos];
        let columns = [0, 1, 2, 3].map(|table| {
            let column = |x: usize| {
                let (sin, cos) = sin_cos(turned(right[table / 2], x as f64));
                if table % 2 == 0 { cos } else { sin }
            };
            (0..width.next_multiple_of(CHUNK)).map(column).collect()
        });
        DotScreen { right, down, columns, contrast: 1.2 * period_px }
    }

    /// The screen along row `y`, moved by `shift`.
    pub(super) fn row(&self, y: usize, shift: Shift) -> ScreenRow {
        let [(su, cu), (sv, cv)] = [0, 1].map(|axis| {
            let down = turned(self.down[axis], y as f64 - shift[1]);
            sin_cos(down + turned(self.right[axis], -shift[0]))
        });
        ScreenRow([cu, su, cv, sv])
    }

    /// The tables' part of column `x`, in their order.
    #[cfg(any(test, feature = "cuda"))]
    pub(super) fn column(&self, x: usize) -> [f32; 4] {
        [0, 1, 2, 3].map(|table| self.columns[table][x])
    }

    /// Angular steps to the right, then down.
    #[cfg(any(test, feature = "cuda"))]
    pub(super) fn steps(&self) -> [f32; 4] {
        [self.right[0], self.right[1], self.down[0], self.down[1]]
    }

    /// Replaces each of `wanted`, the share (0..1) of the area around a pixel of row `row` from column `x` on that dots
    /// shall cover, by how much of the pixel they cover.
    #[inline(always)]
    pub(super) fn cover(&self, ScreenRow(row): ScreenRow, x: usize, wanted: &mut [f32; CHUNK]) {
        let [cu, su, cv, sv] = [0, 1, 2, 3].map(|table| &self.columns[table][x..x + CHUNK]);
        for i in 0..CHUNK {
            let threshold = 0.5 + 0.25 * ((cu[i] * row[0] - su[i] * row[1]) + (cv[i] * row[2] - sv[i] * row[3]));
            let edge = (wanted[i] - threshold) * self.contrast + 0.5;
            // All paper at 0 and all ink at 1, however close the threshold comes to either.
            wanted[i] = between_0_and_1(edge) * least(wanted[i] * 20.0, 1.0);
        }
    }
}

/// `step * index` reduced to one turn in double precision: a large picture's last columns stay as sharp as its first.
fn turned(step: f32, index: f64) -> f32 {
    (f64::from(step) * index % std::f64::consts::TAU) as f32
}

/// Unlike `f32::clamp` and `f32::min`, two instructions and one: values here are never NaN.
#[inline(always)]
pub(super) fn between_0_and_1(value: f32) -> f32 {
    least(if value > 0.0 { value } else { 0.0 }, 1.0)
}

#[inline(always)]
fn least(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}
