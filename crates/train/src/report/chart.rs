use std::fmt::Write;

use super::html::escape;
use super::statistics::{Bucket, thinned};
use crate::progress::figure;

/// Curves over steps.
pub struct Chart {
    /// What is shown.
    pub title: String,
    /// The curves.
    pub series: Vec<Series>,
}

/// One curve.
pub struct Series {
    /// Its name in the legend.
    pub name: String,
    /// Steps and values.
    pub points: Vec<(f64, f64)>,
    /// Which of [`COLOURS`], counted around.
    pub colour: usize,
    /// For figures on training data.
    pub is_dashed: bool,
}

/// Readable on white and on black.
const COLOURS: [&str; 8] = ["#2f7ed8", "#d9480f", "#2b9348", "#9c36b5", "#c79100", "#0c8599", "#e64980", "#868e96"];

/// Size of a chart and of the margins around its curves.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 26.0;
/// Points of a curve; more are joined, and their range is shown as a band.
const POINTS: usize = 120;

impl Chart {
    /// The chart as an HTML figure with a legend.
    pub fn to_html(&self) -> String {
        let legend: String = self
            .series
            .iter()
            .map(|series| {
                let line = if series.is_dashed { "dashed" } else { "solid" };
                let (colour, name) = (series.stroke(), escape(&series.name));
                format!("<span><i style=\"border-top:3px {line} {colour}\"></i>{name}</span>")
            })
            .collect();
        let title = escape(&self.title);
        format!("<figure><figcaption><b>{title}</b> {legend}</figcaption>{}</figure>\n", self.to_svg())
    }

    /// The chart as a picture.
    pub fn to_svg(&self) -> String {
        let curves: Vec<Vec<Bucket>> = self.series.iter().map(|series| thinned(&series.points, POINTS)).collect();
        let buckets = || curves.iter().flatten();
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
             aria-label=\"{}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"currentColor\">",
            escape(&self.title)
        );
        if buckets().next().is_none() {
            svg += "<text x=\"300\" y=\"130\">nothing yet</text></svg>";
            return svg;
        }
        let x = Axis::new(buckets().map(|bucket| bucket.x), false, (LEFT, WIDTH - RIGHT));
        let ends = buckets().flat_map(|bucket| [bucket.low, bucket.high]);
        let y = Axis::new(ends, true, (HEIGHT - BOTTOM, TOP));
        for (value, at) in y.ticks() {
            let _ = write!(
                svg,
                "<line x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"currentColor\" \
                 stroke-opacity=\"0.15\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                at + 4.0,
                short(value)
            );
        }
        for (value, at) in x.ticks() {
            let foot = HEIGHT - BOTTOM;
            let _ = write!(
                svg,
                "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{foot}\" y2=\"{}\" stroke=\"currentColor\"/>\
                 <text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                foot + 4.0,
                foot + 18.0,
                short(value)
            );
        }
        for (series, curve) in self.series.iter().zip(&curves) {
            svg += &series.draw(curve, &x, &y);
        }
        svg + "</svg>"
    }
}

impl Series {
    fn stroke(&self) -> &'static str {
        COLOURS[self.colour % COLOURS.len()]
    }

    fn draw(&self, curve: &[Bucket], x: &Axis, y: &Axis) -> String {
        let place = |across: f64, value: f64| format!("{:.1},{:.1}", x.at(across), y.at(value));
        let joined = |places: &mut dyn Iterator<Item = String>| places.collect::<Vec<_>>().join(" ");
        let line = joined(&mut curve.iter().map(|bucket| place(bucket.x, bucket.mean)));
        let (colour, mut drawn) = (self.stroke(), String::new());
        if curve.iter().any(|bucket| bucket.low < bucket.high) {
            let there = curve.iter().map(|bucket| place(bucket.x, bucket.high));
            let back = curve.iter().rev().map(|bucket| place(bucket.x, bucket.low));
            let outline = joined(&mut there.chain(back));
            let _ = write!(drawn, "<polygon points=\"{outline}\" fill=\"{colour}\" fill-opacity=\"0.18\"/>");
        }
        let dashes = if self.is_dashed { " stroke-dasharray=\"5 4\"" } else { "" };
        let _ = write!(
            drawn,
            "<polyline points=\"{line}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\"{dashes}>\
             <title>{}</title></polyline>",
            escape(&self.name)
        );
        if let [only] = curve {
            let (across, down) = (x.at(only.x), y.at(only.mean));
            let _ = write!(drawn, "<circle cx=\"{across:.1}\" cy=\"{down:.1}\" r=\"3\" fill=\"{colour}\"/>");
        }
        drawn
    }
}

/// Where values lie.
struct Axis {
    from: f64,
    to: f64,
    is_log: bool,
    /// Where the ends are drawn.
    places: (f64, f64),
}

impl Axis {
    /// Over all `values`; if wished and they are positive and far apart, with a logarithmic scale.
    fn new(values: impl Iterator<Item = f64> + Clone, may_be_log: bool, places: (f64, f64)) -> Self {
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.fold(f64::NEG_INFINITY, f64::max);
        let is_log = may_be_log && low > 0.0 && high / low > 30.0;
        // A constant gets some room around it.
        let room = if high > low { 0.0 } else { 0.05 * high.abs().max(1e-6) };
        let scaled = |value: f64| if is_log { value.log10() } else { value };
        Axis { from: scaled(low - room), to: scaled(high + room), is_log, places }
    }

    fn at(&self, value: f64) -> f64 {
        let scaled = if self.is_log { value.log10() } else { value };
        self.places.0 + (scaled - self.from) / (self.to - self.from) * (self.places.1 - self.places.0)
    }

    /// Round values and where they lie.
    fn ticks(&self) -> Vec<(f64, f64)> {
        let values: Vec<f64> = if self.is_log {
            let decades = self.from.floor() as i32..=self.to.ceil() as i32;
            let every = (decades.clone().count() as i32 / 6).max(1);
            let digits: &[f64] = if self.to - self.from < 2.5 { &[1.0, 2.0, 5.0] } else { &[1.0] };
            decades
                .filter(|decade| decade % every == 0)
                .flat_map(|decade| digits.iter().map(move |digit| digit * 10f64.powi(decade)))
                .filter(|value| (self.from..=self.to).contains(&value.log10()))
                .collect()
        } else {
            let step = round_step((self.to - self.from) / 5.0);
            let first = (self.from / step).ceil() as i64;
            (first..).map(|index| index as f64 * step).take_while(|value| *value <= self.to).collect()
        };
        values.into_iter().map(|value| (value, self.at(value))).collect()
    }
}

/// 1, 2 or 5 times a power of ten, not less than `step`.
fn round_step(step: f64) -> f64 {
    let decade = 10f64.powf(step.log10().floor());
    let digit = [1.0, 2.0, 5.0].into_iter().find(|digit| digit * decade >= step * 0.999_999);
    digit.unwrap_or(10.0) * decade
}

/// Without zeros at the end.
fn short(value: f64) -> String {
    if value.abs() >= 1000.0 && value.abs() < 1e7 {
        return format!("{value:.0}");
    }
    let text = figure(value as f32);
    if text.contains('e') || !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(values: &[f64], may_be_log: bool) -> Axis {
        Axis::new(values.iter().copied(), may_be_log, (0.0, 100.0))
    }

    #[test]
    fn ticks_are_round_and_in_their_places() {
        assert_eq!(
            axis(&[0.0, 10.0], true).ticks().iter().map(|(v, _)| *v).collect::<Vec<_>>(),
            [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
        );
        let ticks = axis(&[-1.0, 3.0], false).ticks();
        assert_eq!(ticks, [(-1.0, 0.0), (0.0, 25.0), (1.0, 50.0), (2.0, 75.0), (3.0, 100.0)]);
        let ticks = axis(&[0.001, 1000.0], true).ticks();
        assert_eq!(ticks.len(), 7);
        assert!((ticks[3].0 - 1.0).abs() < 1e-12 && (ticks[3].1 - 50.0).abs() < 1e-9);
        // Values below zero have no logarithm.
        assert!(!axis(&[-1.0, 1000.0], true).is_log);
        let constant = axis(&[5.0, 5.0], true);
        assert!((constant.at(5.0) - 50.0).abs() < 1e-9);
    }

    #[test]
    fn figures_on_axes_are_short() {
        assert_eq!(
            [0.0, 0.25, 1500.0, 20.0, 12000.0, 2e-5].map(short),
            ["0", "0.25", "1500", "20", "12000", "2.00e-5"]
        );
    }

    #[test]
    fn a_curve_goes_through_its_points() {
        let points = vec![(0.0, 0.0), (10.0, 1.0)];
        let series = Series { name: "a <b>".to_string(), points, colour: 9, is_dashed: true };
        let chart = Chart { title: "t".to_string(), series: vec![series] };
        let svg = chart.to_svg();
        // The corners of the drawing area.
        assert!(svg.contains("points=\"62.0,234.0 626.0,10.0\"") && svg.contains(COLOURS[1]), "{svg}");
        assert!(svg.contains("stroke-dasharray") && svg.contains("a &lt;b&gt;"), "{svg}");
        let empty = Chart { title: "t".to_string(), series: vec![] };
        assert!(empty.to_svg().contains("nothing yet"));
    }
}
