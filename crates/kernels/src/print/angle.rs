/// Sine and cosine of an angle of a few turns, the nearest single-precision numbers but for one case in millions.
///
/// Sums and products in double precision alone, so that every processor, and the device, gives the same bits, which the
/// functions of a system's mathematical library do not.
pub(super) fn sin_cos(angle: f32) -> (f32, f32) {
    use std::f64::consts::FRAC_PI_2;
    let angle = f64::from(angle);
    let quarter = (angle * (1.0 / FRAC_PI_2) + 0.5).floor();
    let x = angle - quarter * FRAC_PI_2;
    let square = x * x;
    // Taylor's series, in Horner's form: half an eighth of a turn leaves less than 1e-13.
    let mut sin = 1.0;
    for n in [12.0, 10.0, 8.0, 6.0, 4.0, 2.0] {
        sin = 1.0 - sin * square / (n * (n + 1.0));
    }
    let mut cos = 1.0;
    for n in [13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
        cos = 1.0 - cos * square / (n * (n + 1.0));
    }
    let (sin, cos) = ((sin * x) as f32, cos as f32);
    match quarter as i32 & 3 {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_library_has_it() {
        for step in -2000..=2000 {
            let angle = step as f32 * 0.0061;
            let (sin, cos) = sin_cos(angle);
            let (exact_sin, exact_cos) = f64::from(angle).sin_cos();
            let near = |a: f32, b: f64| (f64::from(a) - b).abs() < 6e-8;
            assert!(near(sin, exact_sin) && near(cos, exact_cos), "{angle}: {sin} {cos}");
        }
    }
}
