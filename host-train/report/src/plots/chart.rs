//! Axes.

use super::{
    canvas::{Area, Drawn, px},
    palette::{GREY, GRID, INK},
    text::{SMALL, text},
};
use plotters::{
    chart::{ChartBuilder, ChartContext},
    coord::{
        cartesian::Cartesian2d,
        ranged1d::{AsRangedCoord, ValueFormatter},
        types::RangedCoordf64,
    },
    style::{Color, TRANSPARENT},
};
use plotters_backend::{
    DrawingBackend,
    text_anchor::{HPos, VPos},
};
use std::ops::Range;

/// Pixels above a plane.
pub const TOP: u32 = 18;

/// One axis.
pub struct Axis<'a, R> {
    /// The values at its two ends.
    pub range: R,
    /// Its name, with the unit.
    pub name: &'a str,
    /// The format of its numbers.
    pub format: fn(f64) -> String,
    /// At most this many numbers.
    pub labels: usize,
}

/// A plane with axes.
pub type Plane<'a, B, X = RangedCoordf64, Y = RangedCoordf64> = ChartContext<'a, B, Cartesian2d<X, Y>>;

/// Draws axes and a grid.
pub fn axes<'a, B: DrawingBackend, X, Y>(
    area: &'a Area<B>,
    x: Axis<'_, X>,
    y: Axis<'_, Y>,
) -> Drawn<B, Plane<'a, B, X::CoordDescType, Y::CoordDescType>>
where
    X: AsRangedCoord<Value = f64>,
    Y: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    let mut plane = ChartBuilder::on(area)
        .margin_right(px(26))
        .margin_top(px(TOP))
        .margin_bottom(px(8))
        .margin_left(px(8))
        .x_label_area_size(px(42))
        .y_label_area_size(px(74))
        .build_cartesian_2d(x.range, y.range)?;
    plane
        .configure_mesh()
        .bold_line_style(GRID.stroke_width(px(1) as u32))
        .light_line_style(TRANSPARENT)
        .axis_style(GREY.stroke_width(px(1) as u32))
        .set_all_tick_mark_size(px(4))
        .x_labels(x.labels)
        .y_labels(y.labels)
        .x_label_formatter(&|value| (x.format)(*value))
        .y_label_formatter(&|value| (y.format)(*value))
        .label_style(text(SMALL, GREY, HPos::Left, VPos::Top))
        .axis_desc_style(text(SMALL, INK, HPos::Left, VPos::Top))
        .x_desc(x.name)
        .y_desc(y.name)
        .draw()?;
    Ok(plane)
}

/// Returns the range from the smallest to the largest value, and a little more; 0 to 1 if there are no values.
pub fn around(values: impl IntoIterator<Item = f64>) -> Range<f64> {
    let finite = values.into_iter().filter(|value| value.is_finite());
    let bounds = finite
        .map(|value| (value, value))
        .reduce(|(low, high), (value, _)| (low.min(value), high.max(value)));
    let (low, high) = bounds.unwrap_or((0.0, 1.0));
    let more = match (high - low) * 0.05 {
        0.0 => low.abs().max(1.0) * 0.05,
        more => more,
    };
    low - more..high + more
}
