//! The course of the training, by step.

use super::{
    Figure,
    canvas::{Area, Drawn, px},
    chart::{Axis, TOP, around, axes},
    legend::{DOT, stroke},
    palette::{BLUE, INK},
    text::{SMALL, WIDTH, name, number, percent, text, titled},
};
use crate::Findings;
use plotters::{
    element::{Circle, PathElement},
    style::Color,
};
use plotters_backend::{
    DrawingBackend,
    text_anchor::{HPos, VPos},
};
use tinytriplet_evaluation::history::HistoryRow;

/// The figure.
pub struct Training;

/// A curve of the figure.
struct Panel {
    name: String,
    format: fn(f64) -> String,
    /// By ascending step.
    points: Vec<(f64, f64)>,
}

impl Figure for Training {
    const NAME: &'static str = "training";

    fn size(findings: &Findings) -> Option<[u32; 2]> {
        let panels = panels(findings).len() as u32;
        (panels > 0).then_some([WIDTH, 46 + 190 * panels])
    }

    fn draw<B: DrawingBackend>(findings: &Findings, area: &Area<B>) -> Drawn<B> {
        let body = titled(
            area,
            &format!("Training with the loss “{}”", name(&findings.training.loss, 40)),
            findings,
        )?;
        let panels = panels(findings);
        let last = findings.training.history.last().map_or(1, |row| row.step.max(1)) as f64;
        for (panel, area) in panels.iter().zip(body.split_evenly((panels.len(), 1))) {
            let values = around(panel.points.iter().map(|&(_, value)| value));
            let x = Axis { range: 0.0..last, name: "step", format: number, labels: 8 };
            let y = Axis { range: values, name: &panel.name, format: panel.format, labels: 5 };
            let mut plane = axes(&area, x, y)?;
            plane.draw_series([PathElement::new(panel.points.clone(), stroke(BLUE))])?;
            if let Some(&(step, value)) = panel.points.last() {
                plane.draw_series([Circle::new((step, value), DOT, BLUE.filled())])?;
                let said = format!("last: {}", (panel.format)(value));
                let at = (area.dim_in_pixel().0 as i32 - px(26), px(TOP) / 2);
                area.draw_text(&said, &text(SMALL, INK, HPos::Right, VPos::Center), at)?;
            }
        }
        Ok(())
    }
}

/// Returns the curves that have points.
fn panels(findings: &Findings) -> Vec<Panel> {
    let training = &findings.training;
    let panel = |name: &str, format, value: fn(&HistoryRow) -> Option<f64>| Panel {
        name: name.into(),
        format,
        points: training
            .history
            .iter()
            .filter_map(|row| Some((row.step as f64, value(row)?)))
            .filter(|(_, value)| value.is_finite())
            .collect(),
    };
    let mut panels = vec![
        panel("loss", number, |row| Some(row.loss)),
        panel("P@1, held out", percent, |row| row.precision_at_1),
        panel(&format!("{} a step", training.unit), number, |row| Some(row.mined)),
    ];
    panels.retain(|panel| !panel.points.is_empty());
    panels
}
