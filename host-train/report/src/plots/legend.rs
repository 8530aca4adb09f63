//! The meaning of colours and marks.

use super::{
    canvas::{Area, Drawn, px},
    palette::{COLORS, INK},
    text::{LINE, SMALL, text},
};
use plotters::{
    element::{Circle, PathElement, Polygon, Rectangle},
    style::{Color, RGBColor, ShapeStyle},
};
use plotters_backend::{
    BackendCoord, DrawingBackend,
    text_anchor::{HPos, VPos},
};

/// Radius of a point on a curve, in units.
pub const DOT: i32 = px(4);

/// A mark.
#[derive(Clone, Copy)]
pub enum Mark {
    /// The area below a curve.
    Fill(RGBColor),
    /// A line.
    Line(RGBColor),
    /// A point on a curve.
    Dot(RGBColor),
    /// A point of the class of this number among those that are shown.
    Class(usize),
}

/// Draws marks and their meaning, one below the other, from the area's upper left corner.
pub fn legend<B: DrawingBackend>(area: &Area<B>, entries: &[(Mark, String)]) -> Drawn<B> {
    for (row, (mark, meaning)) in (0..).zip(entries) {
        let y = px(LINE) * row + px(LINE) / 2;
        match *mark {
            Mark::Fill(color) => {
                let corners = [(0, y - px(5)), (px(18), y + px(5))];
                area.draw(&Rectangle::new(corners, color.mix(0.35).filled()))?;
                area.draw(&PathElement::new([(0, y - px(5)), (px(18), y - px(5))], stroke(color)))?;
            }
            Mark::Line(color) => area.draw(&PathElement::new([(0, y), (px(18), y)], stroke(color)))?,
            Mark::Dot(color) => area.draw(&Circle::new((px(9), y), DOT, color.filled()))?,
            Mark::Class(class) => point(area, (px(9), y), class, px(4))?,
        }
        let at = (px(25), y);
        area.draw_text(meaning, &text(SMALL, INK, HPos::Left, VPos::Center), at)?;
    }
    Ok(())
}

/// Returns a curve's line.
pub fn stroke(color: RGBColor) -> ShapeStyle {
    color.stroke_width(px(2) as u32)
}

/// Draws a point of the class of this number: ten colours and five shapes make fifty, neighbours
/// differing in both.
pub fn point<B: DrawingBackend>(area: &Area<B>, at: BackendCoord, class: usize, radius: i32) -> Drawn<B> {
    let style = COLORS[class % COLORS.len()].mix(0.8).filled();
    let polygon = |corners: &[(f64, f64)]| {
        let corner = |&(right, down): &(f64, f64)| {
            let reach = f64::from(radius);
            (at.0 + (right * reach) as i32, at.1 + (down * reach) as i32)
        };
        Polygon::new(corners.iter().map(corner).collect::<Vec<_>>(), style)
    };
    match (class + class / 5) % 5 {
        0 => area.draw(&Circle::new(at, radius, style)),
        1 => area.draw(&polygon(&[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)])),
        2 => area.draw(&polygon(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)])),
        3 => area.draw(&polygon(&[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)])),
        _ => area.draw(&polygon(&[(0.0, 1.2), (1.1, -0.8), (-1.1, -0.8)])),
    }
}
