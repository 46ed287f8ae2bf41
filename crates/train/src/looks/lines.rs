use inkcast_frame::Plane;

use super::Rgb;
use super::blur::gaussian;
use super::flow::Flow;
use super::map;
use super::sample::bilinear;
use super::scale::Scale;
use super::specks::keep_components;
use super::tone::smooth_step;

/// Standard deviations in units of the finer of two Gaussians: on skin, for details, and for bold outlines.
const FACE: f32 = 0.75;
const DETAIL: f32 = 1.15;
const OUTLINE: f32 = 2.0;
/// The wider Gaussian in units of the finer.
const RATIO: f32 = 1.6;
/// Standard deviation of the smoothing along lines, elsewhere and on skin, and of the look along them that tells a line
/// from a stroke.
const ALONG: f32 = 4.0;
const ALONG_FACE: f32 = 1.5;
const FAR_ALONG: f32 = 11.0;
/// The latter on skin, where what counts is short: an eye, a mouth, the gap between two fingers.
const NEAR_ALONG: f32 = 4.0;
/// How much stronger than elsewhere lines on skin count: there they are few and faint, and all of them tell something.
const FACE_GAIN: f32 = 2.0;
/// Response from which a pixel belongs to a line that is long and strong, and to one that is neither; the latter also on
/// skin.
const WEAK: f32 = 0.0030;
const ALONE: f32 = 0.022;
const ALONE_FACE: f32 = 0.007;
/// Mean response along a line from which it is no line, and from which it is one.
const STROKE: (f32, f32) = (0.0030, 0.0095);
/// Least size of a piece of ink in square units.
const SPECK: f32 = 9.0;

/// Lines of a picture.
pub(super) struct Lines {
    /// Coverage of ink lines, 0..1: they lie on the darker side of an edge.
    pub dark: Plane,
    /// The same on the lighter side: what a scraper would take out of a black area.
    pub light: Plane,
    /// Coverage of a soft pencil, 0..1: thinner, and fainter where an edge is weak.
    pub pencil: Plane,
    /// How much the surroundings have the colour of skin, 0..1.
    pub skin: Plane,
}

/// Finds the lines of `picture`: differences of Gaussians across its edges, smoothed along them (flow-based difference
/// of Gaussians, Kang, Lee and Chui 2007; soft thresholds after XDoG, Winnemoeller, Kyprianidis and Olsen 2012). `calm` is
/// the picture without noise; lines follow it where the two differ.
///
/// - Two pens: a fine one for detail, a broad one for strong outlines; on skin an even finer one alone, because eyes and
///   mouths of small faces would run together.
/// - Edges between colours of the same lightness count too, on the side that is darker, or else on the redder or bluer one.
/// - Texture: the mean response around a pixel is subtracted, the less the more all edges around run the same way, as
///   surroundings inhibit cells of the visual cortex (surround suppression, Grigorescu, Petkov and Westenberg 2003).
/// - Closed lines: the threshold of a pixel is the lower the stronger the response is along its line, some twenty units
///   either way. A weak stretch of a strong line stays and a short stroke needs contrast of its own: hysteresis as in
///   Canny 1986, but soft and local, so that it neither flickers nor asks for the far end of a line.
pub(super) fn find(picture: &Rgb, calm: &Rgb, scale: Scale) -> Lines {
    let (width, height) = picture.size();
    let skin = skin(calm, scale);
    let mixed = Rgb::from_fn(width, height, |x, y| {
        let (detailed, calm) = (picture.at(x, y), calm.at(x, y));
        let share = 0.4 + 0.5 * skin.at(x, y);
        [0, 1, 2].map(|c| share * detailed[c] + (1.0 - share) * calm[c])
    });
    // Luma with some of the darkest channel: lips and red print on skin and paper differ more there.
    let grey = map(&mixed, |[r, g, b]: [f32; 3]| 0.7 * (0.2126 * r + 0.7152 * g + 0.0722 * b) + 0.3 * r.min(g).min(b));
    // Red lies below green, and blue below yellow.
    let hue = map(&mixed, |[r, g, b]: [f32; 3]| 0.40 * (g - r) + 0.15 * (0.5 * (r + g) - b));
    let flow = Flow::new(&mixed, 2.5, scale);
    let wide = Flow::new(&mixed, 8.0, scale).coherence;
    let gain = gain(&grey, scale);
    let sense = sense(&grey, &hue, scale);
    let both = Plane::from_fn(width, height, |x, y| [grey.at(x, y), hue.at(x, y)]);
    let response = |sigma: f32| {
        let across = across(&both, &flow, sigma, scale);
        Plane::from_fn(width, height, |x, y| {
            let [lighter, higher] = across.at(x, y);
            let darker = -lighter * gain.at(x, y);
            darker - higher * sense.at(x, y) * (1.0 - darker.abs() / 0.03).max(0.0)
        })
    };
    let (detail, outline) = (response(DETAIL), response(OUTLINE));
    let both = Plane::from_fn(width, height, |x, y| [detail.at(x, y), outline.at(x, y)]);
    let both = flow.smooth_along(&both, ALONG, scale);
    let face = flow.smooth_along(&map(&response(FACE), |face| [face]), ALONG_FACE, scale);
    let detail = Plane::from_fn(width, height, |x, y| {
        let ([detail, _], [face], skin) = (both.at(x, y), face.at(x, y), skin.at(x, y));
        detail + skin * (FACE_GAIN * face - detail)
    });
    let outline = map(&both, |[_, outline]| outline);
    let calmed = |response: &Plane| suppress_texture(response, &wide, &skin, scale);
    let (fine, bold) = (calmed(&detail), calmed(&outline));
    let fine = inked(&fine, &flow, 1.0, Some(&skin), scale);
    let bold = inked(&bold, &flow, 1.8, None, scale);
    let dark = Plane::from_fn(width, height, |x, y| fine.at(x, y).max(bold.at(x, y) * (1.0 - skin.at(x, y))));
    let light = inked(&calmed(&map(&detail, |value| -value)), &flow, 1.0, None, scale);
    let pencil = pencilled(&calmed(&detail), &flow, scale);
    Lines { dark: finish(&dark, scale), light: finish(&light, scale), pencil, skin }
}

/// Difference of Gaussians of both planes across the edge at each pixel; negative where a value is below those around.
fn across(planes: &Plane<[f32; 2]>, flow: &Flow, sigma: f32, scale: Scale) -> Plane<[f32; 2]> {
    let radius = (2.0 * sigma * RATIO).ceil() as i32;
    let bell = |r: i32, sigma: f32| (-((r * r) as f32) / (2.0 * sigma * sigma)).exp();
    let sum = |sigma: f32| (-radius..=radius).map(|r| bell(r, sigma)).sum::<f32>();
    let (fine_sum, wide_sum) = (sum(sigma), sum(sigma * RATIO));
    let weights: Vec<(f32, f32)> = (-radius..=radius)
        .map(|r| (scale.px(r as f32), bell(r, sigma) / fine_sum - bell(r, sigma * RATIO) / wide_sum))
        .collect();
    Plane::from_fn(planes.width(), planes.height(), |x, y| {
        let [tx, ty] = flow.tangents.at(x, y);
        let mut sum = [0.0; 2];
        for &(r, weight) in &weights {
            let [first, second] = bilinear(planes, x as f32 + ty * r, y as f32 - tx * r);
            sum = [sum[0] + weight * first, sum[1] + weight * second];
        }
        sum
    })
}

/// Whether what is darker around a pixel is also the lower hue, 1, or the other way round, -1; 1 where lightness is the
/// same. Lightness and hue then draw their line on the same side of an edge.
fn sense(grey: &Plane, hue: &Plane, scale: Scale) -> Plane {
    let gradient = |plane: &Plane| {
        let plane = gaussian(plane, scale.px(1.0));
        let unit = 0.5 * scale.px(1.0);
        Plane::from_fn(plane.width(), plane.height(), |x, y| {
            let at = |dx: isize, dy: isize| plane.at_clamped(x as isize + dx, y as isize + dy);
            [unit * (at(1, 0) - at(-1, 0)), unit * (at(0, 1) - at(0, -1))]
        })
    };
    let (grey, hue) = (gradient(grey), gradient(hue));
    let product = Plane::from_fn(grey.width(), grey.height(), |x, y| {
        let ([ax, ay], [bx, by]) = (grey.at(x, y), hue.at(x, y));
        ax * bx + ay * by
    });
    const SAME: f32 = 1e-5;
    map(&gaussian(&product, scale.px(2.5)), |product| (product + SAME) / (product.abs() + SAME))
}

/// How much the surroundings have the colour of skin, 0..1.
fn skin(calm: &Rgb, scale: Scale) -> Plane {
    let membership = map(calm, |[r, g, b]: [f32; 3]| {
        let (largest, saturation) = (r.max(1e-3), (r - g.min(b)) / r.max(1e-3));
        let reddish = smooth_step(0.05, 0.14, (r - g) / largest);
        let no_magenta = smooth_step(-0.06, 0.0, (g - b) / largest);
        let no_paint = 1.0 - smooth_step(0.60, 0.74, saturation);
        reddish * no_magenta * no_paint * smooth_step(0.12, 0.22, r)
    });
    gaussian(&membership, scale.px(3.0))
}

/// How much lines count here: more where little contrast is around and where it is dim, less amid strong contrast.
fn gain(grey: &Plane, scale: Scale) -> Plane {
    let window = scale.px(9.0);
    let mean = gaussian(grey, window);
    let square = gaussian(&map(grey, |value| value * value), window);
    Plane::from_fn(grey.width(), grey.height(), |x, y| {
        let mean = mean.at(x, y);
        let deviation = (square.at(x, y) - mean * mean).max(0.0).sqrt();
        (0.13 / (deviation + 0.05)).clamp(0.75, 1.35) * (0.62 / (mean + 0.22)).clamp(0.85, 1.3)
    })
}

/// Takes the mean `response` around a pixel off it, the less the more coherent the edges there are. Single strong lines
/// weigh no more than weak ones, lest a bright collar rubs out the jaw above it.
fn suppress_texture(response: &Plane, coherence: &Plane, skin: &Plane, scale: Scale) -> Plane {
    let around = gaussian(&map(response, |value| value.abs().min(0.035)), scale.px(7.0));
    Plane::from_fn(response.width(), response.height(), |x, y| {
        response.at(x, y) - 1.15 * (1.0 - 0.7 * coherence.at(x, y)) * (1.0 - 0.7 * skin.at(x, y)) * around.at(x, y)
    })
}

/// Coverage of ink. `severity` raises every threshold; where `skin` is, short strokes are lines too.
fn inked(response: &Plane, flow: &Flow, severity: f32, skin: Option<&Plane>, scale: Scale) -> Plane {
    let positive = map(response, |value| [value.clamp(0.0, 0.05)]);
    let far = flow.smooth_along(&positive, FAR_ALONG, scale);
    let short = skin.map(|skin| (skin, flow.smooth_along(&positive, NEAR_ALONG, scale)));
    Plane::from_fn(response.width(), response.height(), |x, y| {
        let [far] = far.at(x, y);
        let (skin, [near]) = short.as_ref().map_or((0.0, [far]), |(skin, near)| (skin.at(x, y), near.at(x, y)));
        let line = smooth_step(severity * STROKE.0, severity * STROKE.1, far + skin * (near - far));
        let alone = severity * (ALONE + skin * (ALONE_FACE - ALONE));
        let threshold = alone + line * (WEAK - alone);
        smooth_step(0.8 * threshold, 1.5 * threshold, response.at(x, y))
    })
}

/// Coverage of a pencil, which presses harder where the response is stronger.
fn pencilled(response: &Plane, flow: &Flow, scale: Scale) -> Plane {
    let strength = flow.smooth_along(&map(response, |value| [value.clamp(0.0, 0.05)]), FAR_ALONG, scale);
    let pencilled = Plane::from_fn(response.width(), response.height(), |x, y| {
        let line = smooth_step(STROKE.0, STROKE.1, strength.at(x, y)[0]);
        let threshold = ALONE + line * (1.5 * WEAK - ALONE);
        smooth_step(threshold, threshold + 0.018, response.at(x, y))
    });
    gaussian(&pencilled, scale.px(0.5))
}

/// Area opening of lines, then the softness of one pixel.
fn finish(lines: &Plane, scale: Scale) -> Plane {
    let kept = keep_components(lines, 0.3, 0.7, scale.area(SPECK));
    let clean = Plane::from_fn(lines.width(), lines.height(), |x, y| if kept.at(x, y) { lines.at(x, y) } else { 0.0 });
    gaussian(&clean, scale.px(0.5))
}
