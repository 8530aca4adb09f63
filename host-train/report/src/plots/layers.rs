//! The effect of int8 on each layer, and the layer's cost, in the order in which they run.

use super::{
    Figure,
    canvas::{Area, Drawn, px},
    palette::{BLUE, GREY, INK},
    text::{SMALL, name, text, titled},
};
use crate::{Findings, LayerFacts, text::thousands};
use plotters::{
    element::{PathElement, Rectangle},
    style::Color,
};
use plotters_backend::{
    DrawingBackend,
    text_anchor::{HPos, VPos},
};

/// Pixels for the operations at the left.
const OPERATIONS: u32 = 210;
/// Columns of an operation.
const OPERATION: usize = 32;
/// Pixels of a panel's width, and of the room for numbers at its right.
const PANEL: [u32; 2] = [120, 80];
/// Pixels of a layer's height.
const ROW: u32 = 26;

/// The figure.
pub struct Layers;

/// A number of each layer.
struct Panel {
    name: &'static str,
    value: fn(&LayerFacts) -> f64,
    format: fn(f64) -> String,
}

const PANELS: [Panel; 3] = [
    Panel {
        name: "signal to noise of int8, in dB",
        value: |layer| layer.signal_to_noise_db,
        format: |value| format!("{value:.1}"),
    },
    Panel {
        name: "RAM in use, in bytes",
        value: |layer| layer.ram as f64,
        format: |value| thousands(value as u64),
    },
    Panel {
        name: "multiply-accumulates",
        value: |layer| layer.macs as f64,
        format: |value| thousands(value as u64),
    },
];

impl Figure for Layers {
    const NAME: &'static str = "layers";

    fn size(findings: &Findings) -> Option<[u32; 2]> {
        let rows = findings.net.layers.len() as u32;
        let width = OPERATIONS + PANELS.len() as u32 * PANEL.iter().sum::<u32>();
        (rows > 0).then_some([width, 46 + 34 + ROW * rows + 14])
    }

    fn draw<B: DrawingBackend>(findings: &Findings, area: &Area<B>) -> Drawn<B> {
        let layers = &findings.net.layers;
        let body = titled(area, "Layers, in the order in which they run on a board", findings)?;
        let middle = |row: i32| px(34) + px(ROW) * row + px(ROW) / 2;
        for (row, layer) in (0..).zip(layers) {
            let said = format!("{}  {}", row + 1, name(&layer.operation, OPERATION));
            body.draw_text(&said, &text(SMALL, INK, HPos::Left, VPos::Center), (px(14), middle(row)))?;
        }
        for (at, Panel { name, value, format }) in (0..).zip(PANELS) {
            let left = px(OPERATIONS + at * PANEL.iter().sum::<u32>());
            let values = layers.iter().map(value).filter(|value| value.is_finite());
            let highest = values.fold(0.0, f64::max);
            body.draw_text(name, &text(SMALL, INK, HPos::Left, VPos::Center), (left, px(18)))?;
            let bottom = px(34) + px(ROW) * layers.len() as i32;
            let line = [(left, px(34)), (left, bottom)];
            body.draw(&PathElement::new(line, GREY.stroke_width(px(1) as u32)))?;
            for (row, layer) in (0..).zip(layers) {
                let value = value(layer);
                // Equal to the float net: no noise at all.
                let (share, said) = match value.is_finite() {
                    true if highest > 0.0 => ((value / highest).clamp(0.0, 1.0), format(value)),
                    true => (0.0, format(value)),
                    false => (0.0, "exact".into()),
                };
                let right = left + (share * f64::from(px(PANEL[0]))) as i32;
                let corners = [(left, middle(row) - px(8)), (right, middle(row) + px(8))];
                body.draw(&Rectangle::new(corners, BLUE.filled()))?;
                let style = text(SMALL, GREY, HPos::Left, VPos::Center);
                body.draw_text(&said, &style, (right + px(5), middle(row)))?;
            }
        }
        Ok(())
    }
}
