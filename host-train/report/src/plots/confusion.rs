//! The confusion of test images.

use super::{
    Figure,
    canvas::{Area, Drawn, px},
    palette::{GREY, INK, shade},
    text::{SMALL, WIDTH, class, room, text, titled, upwards},
};
use crate::Findings;
use plotters::{
    element::{PathElement, Rectangle},
    style::{Color, WHITE},
};
use plotters_backend::{
    DrawingBackend,
    text_anchor::{HPos, VPos},
};

/// Columns of a class's name.
const NAME: usize = 16;
/// Pixels for the scale at the right.
const SCALE: u32 = 110;

/// The figure.
pub struct Confusion;

impl Figure for Confusion {
    const NAME: &'static str = "confusion";

    fn size(findings: &Findings) -> Option<[u32; 2]> {
        let labels = &findings.confusion.labels;
        let side = cell(labels.len()) * labels.len() as u32;
        let names = names(findings);
        (side > 0).then_some([(names + side + SCALE).max(WIDTH), 46 + names + side.max(220) + 20])
    }

    fn draw<B: DrawingBackend>(findings: &Findings, area: &Area<B>) -> Drawn<B> {
        let body = titled(area, "What five-shot prototypes take test images for, int8", findings)?;
        let confusion = &findings.confusion;
        let count = confusion.labels.len();
        let cell = px(cell(count));
        let side = cell * count as i32;
        let names = px(names(findings));
        let cells = body.margin(names, 0, names, 0);

        let size = SMALL.min(cell as u32 / px(1) as u32);
        let beside = text(size, INK, HPos::Right, VPos::Center);
        let above = upwards(text(size, INK, HPos::Left, VPos::Center));
        for (at, &label) in (0..).zip(&confusion.labels) {
            let (name, middle) = (class(findings, label, NAME), cell * at + cell / 2);
            cells.draw_text(&name, &beside, (-px(6), middle))?;
            cells.draw_text(&name, &above, (middle, -px(6)))?;
        }
        let axis = text(SMALL, GREY, HPos::Center, VPos::Center);
        body.draw_text("taken for", &axis, (names + side / 2, px(12)))?;
        body.draw_text("class", &upwards(axis), (px(18), names + side / 2))?;

        for (row, shares) in (0..).zip(&confusion.rows) {
            for (column, &share) in (0..).zip(shares) {
                let corner = (cell * column, cell * row);
                let corners = [corner, (corner.0 + cell, corner.1 + cell)];
                cells.draw(&Rectangle::new(corners, shade(share).filled()))?;
                // Where all of them can be read, and never as many as would hide the others.
                if cell >= px(34) && share >= 0.000_5 {
                    let color = if share > 0.3 { WHITE } else { INK };
                    let middle = (corner.0 + cell / 2, corner.1 + cell / 2);
                    let said = format!("{:.1}", 100.0 * share);
                    cells.draw_text(&said, &text(SMALL - 1, color, HPos::Center, VPos::Center), middle)?;
                }
            }
        }
        let frame = [(0, 0), (side, 0), (side, side), (0, side), (0, 0)];
        cells.draw(&PathElement::new(frame, GREY.stroke_width(px(1) as u32)))?;
        scale(&cells.margin(0, 0, side + px(24), 0))
    }
}

/// Pixels for names, at the left and above.
fn names(findings: &Findings) -> u32 {
    let names = findings.confusion.labels.iter().map(|&label| class(findings, label, NAME).chars().count());
    40 + room(names.max().unwrap_or(0))
}

/// Pixels of a cell's side.
fn cell(classes: usize) -> u32 {
    (760 / classes.max(1) as u32).clamp(12, 44)
}

/// Returns the meaning of the colours.
fn scale<B: DrawingBackend>(area: &Area<B>) -> Drawn<B> {
    const STEPS: i32 = 100;
    let height = px(200);
    let y = |share: f64| height - (f64::from(height) * share.sqrt()) as i32;
    for step in 0..STEPS {
        let share = |step: i32| (f64::from(step) / f64::from(STEPS)).powi(2);
        let corners = [(0, y(share(step + 1))), (px(14), y(share(step)))];
        area.draw(&Rectangle::new(corners, shade(share(step)).filled()))?;
    }
    let frame = [(0, 0), (px(14), 0), (px(14), height), (0, height), (0, 0)];
    area.draw(&PathElement::new(frame, GREY.stroke_width(px(1) as u32)))?;
    for share in [0.0, 0.01, 0.05, 0.2, 0.5, 1.0] {
        let style = text(SMALL, GREY, HPos::Left, VPos::Center);
        area.draw_text(&format!("{} %", 100.0 * share), &style, (px(20), y(share)))?;
    }
    Ok(())
}
