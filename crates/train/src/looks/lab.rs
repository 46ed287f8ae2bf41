/// CIE L*a*b* (D65) of a gamma-coded sRGB colour: lightness 0..1, `a` and `b` in the same unit.
pub(crate) fn from_rgb(rgb: [f32; 3]) -> [f32; 3] {
    let [r, g, b] = rgb.map(|value| if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) });
    let x = (0.412_456 * r + 0.357_576 * g + 0.180_437 * b) / 0.950_47;
    let y = 0.212_673 * r + 0.715_152 * g + 0.072_175 * b;
    let z = (0.019_334 * r + 0.119_192 * g + 0.950_304 * b) / 1.088_83;
    let [x, y, z] = [x, y, z].map(|t| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 });
    [1.16 * y - 0.16, 5.0 * (x - y), 2.0 * (y - z)]
}

/// The inverse of [`from_rgb`]; colours that sRGB does not have are cut to 0..1.
pub(crate) fn to_rgb([lightness, a, b]: [f32; 3]) -> [f32; 3] {
    let y = (lightness + 0.16) / 1.16;
    let linear = |t: f32| if t > 0.206_897 { t * t * t } else { (t - 16.0 / 116.0) / 7.787 };
    let (x, y, z) = (linear(y + a / 5.0) * 0.950_47, linear(y), linear(y - b / 2.0) * 1.088_83);
    let red = 3.240_454 * x - 1.537_139 * y - 0.498_531 * z;
    let green = -0.969_266 * x + 1.876_011 * y + 0.041_556 * z;
    let blue = 0.055_643 * x - 0.204_026 * y + 1.057_225 * z;
    [red, green, blue].map(|value| {
        let value = value.clamp(0.0, 1.0);
        if value <= 0.003_130_8 { 12.92 * value } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 }
    })
}
