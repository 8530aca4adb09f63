//! Both errors at every threshold, as a detection error trade-off: both axes are logarithmic,
//! because what is of interest is where both errors are small.

use super::{
    Figure,
    canvas::{Area, Drawn, px},
    chart::{Axis, axes},
    distances::thresholds,
    legend::{DOT, Mark, legend, stroke},
    palette::{BLUE, COLORS, THRESHOLDS},
    text::{LINE, WIDTH, percent, titled},
};
use crate::Findings;
use plotters::{
    coord::combinators::IntoLogRange,
    element::{Circle, PathElement},
    style::Color,
};
use plotters_backend::DrawingBackend;

/// The smallest rate that is shown; none is shown as this.
const LEAST: f64 = 1e-5;

/// The figure.
pub struct Roc;

impl Figure for Roc {
    const NAME: &'static str = "roc";

    fn size(findings: &Findings) -> Option<[u32; 2]> {
        let distances = findings.distances.as_ref().filter(|distances| !distances.roc.is_empty())?;
        Some([WIDTH, 46 + 14 + LINE * (2 + distances.thresholds.len() as u32) + 560])
    }

    fn draw<B: DrawingBackend>(findings: &Findings, area: &Area<B>) -> Drawn<B> {
        let Some(distances) = &findings.distances else { return Ok(()) };
        let body = titled(area, "Receiver operating characteristic of pairs of test images, int8", findings)?;
        let equal =
            format!("both errors equal; the curve has {:.2} % there", 100.0 * distances.equal_error_rate);
        let grey = COLORS[3];
        let mut meanings = vec![(Mark::Line(BLUE), "all thresholds".to_owned()), (Mark::Line(grey), equal)];
        meanings.extend(thresholds(distances, Mark::Dot));
        let (head, body) = body.split_vertically(px(14 + LINE * meanings.len() as u32));
        legend(&head.margin(px(10), 0, px(72), 0), &meanings)?;

        let shown = |rate: f64| rate.clamp(LEAST, 1.0);
        let points = distances
            .roc
            .iter()
            .map(|rates| (shown(rates.false_accept_rate), shown(rates.false_reject_rate)));
        let axis = |name| Axis { range: (LEAST..1.0).log_scale(), name, format: percent, labels: 6 };
        let x = axis("pairs of two classes accepted");
        let y = axis("pairs of one class rejected");
        let mut plane = axes(&body, x, y)?;
        plane.draw_series([PathElement::new([(LEAST, LEAST), (1.0, 1.0)], stroke(grey))])?;
        plane.draw_series([PathElement::new(points.collect::<Vec<_>>(), stroke(BLUE))])?;
        for (threshold, color) in distances.thresholds.iter().zip(THRESHOLDS) {
            let at = (shown(threshold.rates.false_accept_rate), shown(threshold.rates.false_reject_rate));
            plane.draw_series([Circle::new(at, DOT, color.filled())])?;
        }
        Ok(())
    }
}
