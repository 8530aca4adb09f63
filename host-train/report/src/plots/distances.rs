//! Distances of pairs of test images, and the thresholds for "unknown".

use super::{
    Figure,
    canvas::{Area, Drawn, px},
    chart::{Axis, axes},
    legend::{Mark, legend, stroke},
    palette::{BLUE, ORANGE, THRESHOLDS},
    text::{LINE, WIDTH, number, percent, titled},
};
use crate::{Findings, Threshold};
use plotters::{
    element::{PathElement, Polygon},
    style::{Color, RGBColor},
};
use plotters_backend::DrawingBackend;

/// The figure.
pub struct Distances;

impl Figure for Distances {
    const NAME: &'static str = "distances";

    fn size(findings: &Findings) -> Option<[u32; 2]> {
        let lines = 2 + findings.distances.as_ref()?.thresholds.len() as u32;
        Some([WIDTH, 46 + 14 + LINE * lines + 380])
    }

    fn draw<B: DrawingBackend>(findings: &Findings, area: &Area<B>) -> Drawn<B> {
        let Some(distances) = &findings.distances else { return Ok(()) };
        let body = titled(area, "Distances of pairs of test images, int8", findings)?;
        let curves = [("one class", &distances.same, BLUE), ("two classes", &distances.different, ORANGE)];
        let mut meanings: Vec<_> =
            curves.iter().map(|(name, _, color)| (Mark::Fill(*color), format!("pairs of {name}"))).collect();
        meanings.extend(thresholds(distances, Mark::Line));
        let lines = meanings.len() as u32;
        let (head, body) = body.split_vertically(px(14 + LINE * lines));
        legend(&head.margin(px(10), 0, px(72), 0), &meanings)?;

        let edges = &distances.edges;
        let range = edges.first().copied().unwrap_or(0.0)..edges.last().copied().unwrap_or(1.0);
        let highest =
            curves.iter().flat_map(|(_, shares, _)| *shares).fold(0.0, |high: f64, share| high.max(*share));
        let top = if highest > 0.0 { highest * 1.06 } else { 1.0 };
        let name = unit(distances.kind);
        let x = Axis { range: range.clone(), name, format: number, labels: 10 };
        let y = Axis { range: 0.0..top, name: "share of the pairs in a bin", format: percent, labels: 8 };
        let mut plane = axes(&body, x, y)?;
        for (_, shares, color) in curves {
            let outline = outline(edges, shares);
            plane.draw_series([Polygon::new(outline.clone(), color.mix(0.35))])?;
            plane.draw_series([PathElement::new(outline, stroke(color))])?;
        }
        for (threshold, color) in distances.thresholds.iter().zip(THRESHOLDS) {
            let at = threshold.rates.threshold;
            if range.contains(&at) {
                plane.draw_series([PathElement::new([(at, 0.0), (at, top)], stroke(color))])?;
            }
        }
        Ok(())
    }
}

/// Returns the name of the axis of distances.
fn unit(kind: &str) -> &str {
    match kind {
        "cosine" => "distance, 1 − cos",
        "squared_l2" => "distance, squared L2",
        kind => kind,
    }
}

/// Returns what each threshold does, in words.
pub fn thresholds(distances: &crate::Distances, mark: fn(RGBColor) -> Mark) -> Vec<(Mark, String)> {
    let meaning = |(threshold, color): (&Threshold, RGBColor)| {
        let Threshold { name, rates } = threshold;
        let said = format!(
            "threshold “{name}” at {:.3}: accepts {:.2} % of two classes, rejects {:.2} % of one class",
            rates.threshold,
            100.0 * rates.false_accept_rate,
            100.0 * rates.false_reject_rate
        );
        (mark(color), said)
    };
    distances.thresholds.iter().zip(THRESHOLDS).map(meaning).collect()
}

/// Returns the steps around bars of some heights, down to 0 at both ends.
fn outline(edges: &[f64], heights: &[f64]) -> Vec<(f64, f64)> {
    let bars = edges.windows(2).zip(heights);
    let tops = bars.flat_map(|(edge, &height)| [(edge[0], height.max(0.0)), (edge[1], height.max(0.0))]);
    let (first, last) = (edges.first(), edges.last());
    let ends = |edge: Option<&f64>| edge.map(|&edge| (edge, 0.0));
    ends(first).into_iter().chain(tops).chain(ends(last)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_share() {
        let steps = [(0.0, 0.0), (0.0, 3.0), (1.0, 3.0), (1.0, 5.0), (2.0, 5.0), (2.0, 0.0)];
        assert_eq!(outline(&[0.0, 1.0, 2.0], &[3.0, 5.0]), steps);
        assert_eq!(outline(&[], &[]), []);
    }
}
