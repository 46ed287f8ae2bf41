/// A screen of round dots on a rotated square grid.
///
/// The threshold at a pixel is `0.5 + 0.25 (cos u + cos v)` with `u`, `v` the rotated coordinates times 2 pi / period.
/// `cos(a + b) = cos a cos b - sin a sin b` splits each cosine into tables over columns and a few numbers a row.
#[derive(Debug, Clone)]
pub struct DotScreen {
    /// Angular steps `(u, v)` for a step down.
    down: [f32; 2],
    /// For each column, cosine and sine of its part of `u` and of `v`.
    columns: Vec<[f32; 4]>,
    /// Steepness of the threshold: dots are smoothed over about one pixel.
    contrast: f32,
}

impl DotScreen {
    /// A screen for rows of `width` pixels, `angle` in degrees, `period_px` pixels between dots.
    pub fn new(angle: f32, period_px: f32, width: usize) -> Self {
        let (sin, cos) = angle.to_radians().sin_cos();
        let step = std::f32::consts::TAU / period_px;
        let right = [step * cos, -step * sin];
        let down = [step * sin, step * cos];
        let columns = (0..width)
            .map(|x| {
                let [(su, cu), (sv, cv)] = right.map(|step| angle_at(step, x).sin_cos());
                [cu, su, cv, sv]
            })
            .collect();
        DotScreen { down, columns, contrast: 1.2 * period_px }
    }

    /// The screen along row `y`.
    pub(super) fn line(&self, y: usize) -> ScreenLine<'_> {
        let [(su, cu), (sv, cv)] = self.down.map(|step| angle_at(step, y).sin_cos());
        ScreenLine { columns: &self.columns, row: [cu, su, cv, sv], contrast: self.contrast }
    }
}

/// `step * index` reduced to one turn in double precision: a large picture's last columns stay as sharp as its first.
fn angle_at(step: f32, index: usize) -> f32 {
    (step as f64 * index as f64 % std::f64::consts::TAU) as f32
}

/// One row of a screen.
pub(super) struct ScreenLine<'a> {
    columns: &'a [[f32; 4]],
    row: [f32; 4],
    contrast: f32,
}

impl ScreenLine<'_> {
    /// How much of pixel `x` is covered by dots that cover `wanted` (0..1) of the area around it.
    pub(super) fn coverage(&self, x: usize, wanted: f32) -> f32 {
        let ([cu, su, cv, sv], row) = (self.columns[x], self.row);
        let threshold = 0.5 + 0.25 * (cu * row[0] - su * row[1] + cv * row[2] - sv * row[3]);
        let edge = (wanted - threshold) * self.contrast;
        // All paper at 0 and all ink at 1, however close the threshold comes to either.
        (edge + 0.5).clamp(0.0, 1.0) * (wanted * 20.0).min(1.0)
    }
}
