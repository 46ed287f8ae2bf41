use anyhow::{Context, Result};

use super::chart::{Chart, Series};
use super::history::{History, LEARNING_RATE};
use super::html::{escape, jpeg_address, paragraph, section, table};
use super::statistics::{gap, mean_and_deviation, moving_deviation};
use crate::progress::figure;
use crate::table::Rows;

/// Sample pictures of a run, spread over its time.
const SAMPLES: usize = 10;

/// What was run, and how far it came.
pub fn overview(runs: &[History]) -> String {
    let head = ["run", "method", "started with", "seed", "steps", "best at", "held out"].map(str::to_string);
    let row = |run: &History| {
        let best = run.best.and_then(|best| Some((run.figures().first()?.to_string(), best)));
        let best = best.and_then(|(name, best)| Some(format!("{name} {}", figure(run.figure(&name, best)?))));
        vec![
            run.name.clone(),
            run.method.clone(),
            run.command.clone(),
            run.seed.map(|seed| seed.to_string()).unwrap_or_default(),
            run.log.rows.last().map(|(step, _)| step.to_string()).unwrap_or_default(),
            run.best.map(|step| step.to_string()).unwrap_or_default(),
            best.unwrap_or_default(),
        ]
    };
    section("Runs", &table(&head, &runs.iter().map(row).collect::<Vec<_>>(), 3))
}

/// Every loss and the learning rate; of a single run also the details.
pub fn losses(runs: &[History]) -> String {
    let mut charts: Vec<Chart> = names(runs, History::totals)
        .into_iter()
        .map(|name| Chart { series: over_runs(runs, |run| run.log.column(name)), title: name.to_string() })
        .collect();
    if let [run] = runs {
        // One chart for each style, with its terms.
        charts.extend(details(&run.log, |name| name.split_once('/')));
    }
    let note =
        "Each line is the mean of neighbouring steps, the band around it reaches from the smallest to the largest.";
    section("Losses and learning rate", &(paragraph(note) + &grid(&charts)))
}

/// Figures on held-out data beside those on training data, and the gap between them.
pub fn measures(runs: &[History]) -> String {
    let mut charts = Vec::new();
    for name in names(runs, History::figures) {
        let on_train = format!("train/{name}");
        let mut series = over_runs(runs, |run| run.measured.column(name));
        let dashed = over_runs(runs, |run| run.measured.column(&on_train));
        series.extend(dashed.into_iter().map(|series| Series {
            name: format!("{}, training data", series.name),
            is_dashed: true,
            ..series
        }));
        charts.push(Chart { title: format!("{name} on held-out data"), series });
        let gaps = over_runs(runs, |run| {
            let pairs = run.measured.column(name)?.into_iter().zip(run.measured.column(&on_train)?);
            Some(
                pairs.map(|((step, held_out), (_, train))| (step, gap(held_out.into(), train.into()) as f32)).collect(),
            )
        });
        if !gaps.is_empty() {
            charts.push(Chart { title: format!("{name}: held out against training data, per cent"), series: gaps });
        }
    }
    if let [run] = runs {
        // One chart for each figure, with all styles.
        charts.extend(details(&run.measured, |name| {
            let (style, figure) = name.rsplit_once('/').filter(|_| !name.starts_with("train/"))?;
            Some((figure, style))
        }));
    }
    let verdicts: String = runs.iter().filter_map(overfitting).map(|text| paragraph(&text)).collect();
    section("On held-out data", &(verdicts + &grid(&charts)))
}

/// What is worse by less than this factor may be chance.
const NOTICEABLE: f32 = 1.01;

/// Whether the figures of a run on held-out and on training data go apart, in words.
pub fn overfitting(run: &History) -> Option<String> {
    let name = *run.figures().first()?;
    let (best, last) = (run.best?, run.measured.rows.last()?.0);
    let at = |step: u64| Some((run.figure(name, step)?, run.figure(&format!("train/{name}"), step)?));
    let ((held_best, train_best), (held_last, train_last)) = (at(best)?, at(last)?);
    let per_cent = gap(held_last.into(), train_last.into());
    let now = format!(
        "{}: after {last} steps {name} is {} on held-out and {} on training data, a gap of {per_cent:.1} %",
        run.name,
        figure(held_last),
        figure(train_last)
    );
    Some(if held_last > NOTICEABLE * held_best && train_last < train_best {
        format!(
            "{now}. It overfits: since step {best} it has become worse on held-out data (from {}) and better on \
             training data (from {}).",
            figure(held_best),
            figure(train_best)
        )
    } else {
        format!("{now}. There is no sign of overfitting: the two have hardly gone apart since the best checkpoint.")
    })
}

/// How restless the losses are.
pub fn fluctuation(runs: &[History]) -> String {
    let longest = runs.iter().map(|run| run.log.rows.len()).max().unwrap_or_default();
    let window = (longest / 20).clamp(10, 200);
    let (mut charts, mut rows) = (Vec::new(), Vec::new());
    for name in names(runs, History::totals).into_iter().filter(|name| *name != LEARNING_RATE) {
        let mut series = over_runs(runs, |run| run.log.column(name));
        for curve in &mut series {
            let last = curve.points[curve.points.len().saturating_sub(window)..].iter().map(|(_, value)| *value);
            let (mean, deviation) = mean_and_deviation(last);
            let share = format!("{:.1} %", 100.0 * deviation / mean.abs());
            let (mean, deviation) = (figure(mean as f32), figure(deviation as f32));
            rows.push(vec![name.to_string(), curve.name.clone(), mean, deviation, share]);
            curve.points = moving_deviation(&curve.points, window);
        }
        charts.push(Chart { title: format!("{name}: standard deviation"), series });
    }
    let note = format!("Standard deviations over {window} neighbouring steps; the table has those of the last ones.");
    let head = ["loss", "run", "mean", "deviation", "of the mean"].map(str::to_string);
    section("Fluctuation", &(paragraph(&note) + &grid(&charts) + &table(&head, &rows, 2)))
}

/// How much several runs differ at their best checkpoints; nothing for one.
pub fn spread(runs: &[History]) -> String {
    if runs.len() < 2 {
        return String::new();
    }
    let mut head = vec!["figure".to_string()];
    head.extend(runs.iter().map(|run| run.name.clone()));
    head.extend(["mean", "range", "range of the mean"].map(str::to_string));
    let mut rows = Vec::new();
    for name in names(runs, History::figures) {
        let values: Option<Vec<f64>> = runs.iter().map(|run| Some(run.figure(name, run.best?)?.into())).collect();
        let Some(values) = values else { continue };
        let spread = super::statistics::spread(&values);
        let mut row = vec![name.to_string()];
        row.extend(values.iter().chain([&spread.mean, &spread.range]).map(|value| figure(*value as f32)));
        row.push(format!("{:.2} %", spread.per_cent));
        rows.push(row);
    }
    let note = "On held-out data, at the best checkpoint of each run.";
    section("Spread over runs", &(paragraph(note) + &table(&head, &rows, 1)))
}

/// Pictures over time.
pub fn samples(runs: &[History]) -> Result<String> {
    let mut body = String::new();
    for run in runs {
        let last = run.samples.len().saturating_sub(1);
        let count = run.samples.len().min(SAMPLES);
        let shown = (0..count).map(|index| &run.samples[index * last / (count - 1).max(1)]);
        for (step, path) in shown {
            let file = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            let caption = escape(&format!("{}, step {step}", run.name));
            let address = jpeg_address(&file);
            body += &format!(
                "<figure><figcaption>{caption}</figcaption><img alt=\"{caption}\" src=\"{address}\"></figure>\n"
            );
        }
    }
    Ok(section("Samples", &body))
}

/// What the first run that has any names.
fn names<'a>(runs: &'a [History], names: impl Fn(&'a History) -> Vec<&'a str>) -> Vec<&'a str> {
    let mut all: Vec<&str> = Vec::new();
    for name in runs.iter().flat_map(names) {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

/// Charts of the columns that `split` gives the name of a chart and of a curve for.
fn details<'a>(rows: &'a Rows, split: impl Fn(&'a str) -> Option<(&'a str, &'a str)>) -> Vec<Chart> {
    let mut charts: Vec<Chart> = Vec::new();
    for name in &rows.columns {
        let Some((title, curve)) = split(name) else { continue };
        let index = charts.iter().position(|chart| chart.title == title).unwrap_or_else(|| {
            charts.push(Chart { title: title.to_string(), series: Vec::new() });
            charts.len() - 1
        });
        let points = rows.column(name).unwrap_or_default();
        let points = points.into_iter().map(|(step, value)| (step as f64, value.into())).collect();
        let colour = charts[index].series.len();
        charts[index].series.push(Series { name: curve.to_string(), points, colour, is_dashed: false });
    }
    charts
}

fn grid(charts: &[Chart]) -> String {
    format!("<div class=\"charts\">\n{}</div>\n", charts.iter().map(Chart::to_html).collect::<String>())
}

/// A curve for each run that has it.
fn over_runs(runs: &[History], curve: impl Fn(&History) -> Option<Vec<(u64, f32)>>) -> Vec<Series> {
    let series = |(colour, run): (usize, &History)| {
        let points = curve(run)?.into_iter().map(|(step, value)| (step as f64, value.into())).collect();
        Some(Series { name: run.name.clone(), points, colour, is_dashed: false })
    };
    runs.iter().enumerate().filter_map(series).collect()
}
