//! Pairs of test images: how far apart they are, and both errors at every threshold.

use super::{
    Drawing,
    axis::Axis,
    chart::{Chart, Series},
    style::colour,
    text::{exact_percent, number, percent, real},
    training::DASHES,
};
use crate::{Distances, Findings, Threshold};

/// The smallest rate that is shown; smaller ones are shown as this.
const LEAST: f64 = 1e-5;

/// Returns the histogram of distances, with the thresholds for "unknown".
pub fn distances(run: &Findings) -> Option<Drawing> {
    let Distances { kind, same, different, edges, thresholds, .. } = run.distances.as_ref()?;
    let (from, to) = (edges.first().copied(), edges.last().copied());
    let series = |name: &str, colour: &str, dash, shares: &[f64]| Series {
        name: name.into(),
        colour: colour.into(),
        dash,
        filled: true,
        points: steps(edges, shares),
    };
    let mut lines: Vec<(f64, String)> = thresholds
        .iter()
        .map(|Threshold { name, rates }| (rates.threshold, format!("{name} {}", real(rates.threshold))))
        .collect();
    lines.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let name = match *kind {
        "cosine" => "distance, 1 − cos",
        "squared_l2" => "distance, squared L2",
        kind => kind,
    };
    let chart = Chart {
        name: "histogram",
        title: "Distances of pairs".into(),
        reading: format!(
            "pairs of one class lie mostly near {}, others near {}",
            real(peak(edges, same)),
            real(peak(edges, different))
        ),
        x: Axis { name, format: number, exact: real, from, to, logarithmic: false },
        y: Axis {
            name: "share of pairs",
            format: percent,
            exact: exact_percent,
            from: Some(0.0),
            to: None,
            logarithmic: false,
        },
        series: vec![
            series("pairs of one class", "var(--same)", "", same),
            series("pairs of two classes", "var(--other)", "6 3", different),
        ],
        thresholds: lines,
        spots: Vec::new(),
        diagonal: false,
        notes: notes(thresholds),
    };
    Some(chart.draw())
}

/// Returns the receiver operating characteristic, of one run or of several over each other, as a detection
/// error trade-off: both axes are logarithmic, because what is of interest is where both errors are small.
pub fn roc(runs: &[Findings]) -> Option<Drawing> {
    let measured: Vec<(&Findings, &Distances)> =
        runs.iter().filter_map(|run| Some((run, run.distances.as_ref()?))).collect();
    let (_, first) = measured.first()?;
    let series = |(place, (run, distances)): (usize, &(&Findings, &Distances))| {
        let rates = distances.roc.iter().map(|rates| [rates.false_accept_rate, rates.false_reject_rate]);
        let finite = rates.filter(|rates| rates.iter().all(|rate| rate.is_finite()));
        Series {
            name: run.name.clone(),
            colour: if runs.len() == 1 { "var(--same)".into() } else { colour(place, runs.len()) },
            dash: DASHES[place % DASHES.len()],
            filled: false,
            points: finite.map(|rates| rates.map(|rate| rate.clamp(LEAST, 1.0))).collect(),
        }
    };
    let spot = |Threshold { name, rates }: &Threshold| {
        (
            [rates.false_accept_rate, rates.false_reject_rate].map(|rate| rate.clamp(LEAST, 1.0)),
            (*name).into(),
        )
    };
    let alone = measured.len() == 1;
    let error = |(run, distances): &(&Findings, &Distances)| {
        format!("{} {}", run.name, exact_percent(distances.equal_error_rate))
    };
    let axis = |name| Axis {
        name,
        format: percent,
        exact: exact_percent,
        from: Some(LEAST),
        to: Some(1.0),
        logarithmic: true,
    };
    let chart = Chart {
        name: "roc",
        title: match alone {
            true if first.equal_error_rate.is_finite() => {
                format!("Errors by threshold: equal at {}", exact_percent(first.equal_error_rate))
            }
            _ => "Errors by threshold".into(),
        },
        reading: format!("equal error rate {}", measured.iter().map(error).collect::<Vec<_>>().join(", ")),
        x: axis("false accepts: different, taken for the same"),
        y: axis("false rejects: same, taken for different"),
        series: measured.iter().enumerate().map(series).collect(),
        thresholds: Vec::new(),
        spots: if alone { first.thresholds.iter().map(spot).collect() } else { Vec::new() },
        diagonal: true,
        notes: if alone { notes(&first.thresholds) } else { Vec::new() },
    };
    Some(chart.draw())
}

/// Returns what each threshold does, in words.
fn notes(thresholds: &[Threshold]) -> Vec<String> {
    let note = |Threshold { name, rates }: &Threshold| {
        format!(
            "threshold “{name}” at {}: accepts {} of two classes, rejects {} of one class",
            real(rates.threshold),
            exact_percent(rates.false_accept_rate),
            exact_percent(rates.false_reject_rate)
        )
    };
    thresholds.iter().map(note).collect()
}

/// Returns the upper corners of bars.
fn steps(edges: &[f64], heights: &[f64]) -> Vec<[f64; 2]> {
    let bars = edges.windows(2).zip(heights).filter(|(_, height)| height.is_finite());
    bars.flat_map(|(edge, &height)| [[edge[0], height], [edge[1], height]]).collect()
}

/// Returns where the highest bar begins.
fn peak(edges: &[f64], heights: &[f64]) -> f64 {
    let highest = edges.iter().zip(heights).max_by(|(_, one), (_, other)| one.total_cmp(other));
    highest.map_or(f64::NAN, |(&edge, _)| edge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_share() {
        assert_eq!(steps(&[0.0, 1.0, 2.0], &[3.0, 5.0]), [[0.0, 3.0], [1.0, 3.0], [1.0, 5.0], [2.0, 5.0]]);
        assert_eq!(steps(&[], &[]), [[0.0; 2]; 0]);
        assert_eq!(peak(&[0.0, 1.0, 2.0], &[3.0, 5.0]), 1.0);
    }
}
