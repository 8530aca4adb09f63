//! The course of the training, of one run or of several over each other.

use super::{
    Drawing, Fit,
    axis::Axis,
    chart::{Chart, Series},
    style::colour,
    svg::{Anchor, Px, Text},
    text::{NAME, brief, exact_percent, number, percent, real, whole},
};
use crate::{Findings, text::cut};
use tinytriplet_evaluation::history::HistoryRow;

/// How the lines of several runs are told apart without colours.
pub const DASHES: [&str; 4] = ["", "7 4", "2 3", "10 3 2 3"];

/// Returns a chart of each quantity that was measured.
pub fn charts(runs: &[Findings]) -> Vec<Drawing> {
    let [loss, mined] = match runs {
        [Findings { training, .. }] => {
            [format!("Loss ({})", cut(&training.loss, NAME)), format!("Mined {} per step", training.unit)]
        }
        _ => ["Loss".into(), "Mined per step".into()],
    };
    let axis = Axis { name: "", format: number, exact: real, from: Some(0.0), to: None, logarithmic: false };
    let shares = Axis { format: percent, exact: exact_percent, from: None, to: Some(1.0), ..axis };
    let counts = Axis { format: brief, ..axis };
    let charts = [
        chart("loss", loss, axis, runs, |row| Some(row.loss)),
        chart("validation", "P@1 of held-out images".into(), shares, runs, |row| row.precision_at_1),
        chart("mined", mined, counts, runs, |row| Some(row.mined)),
    ];
    charts.into_iter().flatten().collect()
}

fn chart(
    name: &'static str,
    title: String,
    y: Axis<'_>,
    runs: &[Findings],
    value: fn(&HistoryRow) -> Option<f64>,
) -> Option<Drawing> {
    let series = |(place, run): (usize, &Findings)| Series {
        name: run.name.clone(),
        colour: if runs.len() == 1 { "var(--same)".into() } else { colour(place, runs.len()) },
        dash: DASHES[place % DASHES.len()],
        filled: false,
        points: points(run, value),
    };
    let series: Vec<Series> = runs.iter().enumerate().map(series).collect();
    match series.iter().map(|series| series.points.len()).max() {
        None | Some(0) => return None,
        Some(1) if runs.len() == 1 => return Some(single(name, title, series[0].points[0], y.exact)),
        Some(_) => {}
    }
    let end = |series: &Series| {
        let last = series.points.last().map_or("–".into(), |point| (y.exact)(point[1]));
        format!("{} ends at {last}", series.name)
    };
    let x = Axis {
        name: "images seen",
        format: brief,
        exact: whole,
        from: Some(0.0),
        to: series
            .iter()
            .filter_map(|series| Some(series.points.last()?[0]))
            .reduce(f64::max)
            .filter(|&to| to > 0.0),
        logarithmic: false,
    };
    let last = match series.as_slice() {
        [Series { points, .. }] => points.last().map(|point| format!("last: {}", (y.exact)(point[1]))),
        _ => None,
    };
    let chart = Chart {
        name,
        title,
        reading: series.iter().map(end).collect::<Vec<_>>().join(", "),
        x,
        y,
        series,
        thresholds: Vec::new(),
        spots: Vec::new(),
        diagonal: false,
        notes: last.into_iter().collect(),
    };
    Some(chart.draw())
}

/// Returns images seen and the values that there are.
fn points(run: &Findings, value: fn(&HistoryRow) -> Option<f64>) -> Vec<[f64; 2]> {
    let rows = run.training.history.iter();
    let points = rows.filter_map(|row| Some([row.images_seen as f64, value(row)?]));
    points.filter(|point| point[1].is_finite()).collect()
}

/// Returns a number in place of a chart: one point makes no curve.
fn single(name: &'static str, title: String, [seen, value]: [f64; 2], exact: fn(f64) -> String) -> Drawing {
    let value = exact(value);
    let after = format!("after {} images, measured once", whole(seen));
    let text = |class, y, said: &str| {
        Text { class, at: (0, Px(y)), moved: (0.0, 0.0), anchor: Anchor::Start, said }.to_string()
    };
    Drawing {
        name,
        label: format!("{title}: {value} {after}"),
        title,
        plane: [320.0, 64.0],
        margins: [0.0; 4],
        fit: Fit::Wide,
        body: text("value", 28.0, &value) + &text("axis", 50.0, &after),
        stops: String::new(),
        notes: Vec::new(),
    }
}
