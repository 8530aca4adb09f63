//! Words and numbers in figures.

use super::{
    canvas::{Area, Drawn, px},
    font::SIZE_OF_EM,
    palette::{GREY, INK},
};
use crate::{
    Findings,
    text::{cut, thousands},
};
use plotters::style::{Color, FontTransform, IntoFont, RGBColor, TextStyle};
use plotters_backend::{
    DrawingBackend,
    text_anchor::{HPos, Pos, VPos},
};
use tinytriplet_data::Label;

/// Size of most text, in pixels.
pub const SMALL: u32 = 12;
/// Size of a figure's title.
const TITLE: u32 = 15;
/// The height of a line of small text.
pub const LINE: u32 = 18;
/// Pixels in which a title has room, whatever the names in it.
pub const WIDTH: u32 = 720;
/// Columns of a run's or a data set's name in a title.
const NAME: usize = 24;

/// Returns the text of some pixels, anchored at a point.
pub fn text<'a>(pixels: u32, color: RGBColor, h_pos: HPos, v_pos: VPos) -> TextStyle<'a> {
    let font = ("sans-serif", f64::from(px(pixels)) * SIZE_OF_EM).into_font();
    TextStyle { font, color: color.to_backend_color(), pos: Pos::new(h_pos, v_pos) }
}

/// Returns the same, to be read from below.
pub fn upwards(style: TextStyle<'_>) -> TextStyle<'_> {
    style.transform(FontTransform::Rotate270)
}

/// Writes a figure's title, and what it is of; returns the area below.
pub fn titled<B: DrawingBackend>(area: &Area<B>, title: &str, findings: &Findings) -> Drawn<B, Area<B>> {
    let (head, body) = area.split_vertically(px(46));
    let bottom = VPos::Bottom;
    head.draw_text(title, &text(TITLE, INK, HPos::Left, bottom), (px(14), px(27)))?;
    let data = &findings.data;
    let drawn = if data.drawn { ", DRAWN digits, not MNIST" } else { "" };
    let of = format!(
        "run “{}”, trained on {}{drawn}; {} test images",
        name(&findings.name, NAME),
        name(&data.name, NAME),
        thousands(data.test_images as u64)
    );
    head.draw_text(&of, &text(SMALL, GREY, HPos::Left, bottom), (px(14), px(44)))?;
    Ok(body)
}

/// Returns a name of somebody else's choice, on one line and of at most some columns, without what XML
/// cannot hold.
pub fn name(name: &str, columns: usize) -> String {
    let visible = |char: char| !char.is_control() && !matches!(char, '\u{fffe}' | '\u{ffff}');
    cut(&name.replace(|char| !visible(char), " "), columns)
}

/// Returns the name of a class, of at most some columns.
pub fn class(findings: &Findings, label: Label, columns: usize) -> String {
    match findings.data.classes.get(usize::from(label)) {
        Some(class) => name(class, columns),
        None => label.to_string(),
    }
}

/// Pixels in which a name of this many columns has room.
pub fn room(columns: usize) -> u32 {
    8 * columns as u32
}

/// Returns a number with as many digits as an axis needs: `12,000`, `0.25`, `0.0003`.
pub fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    if value.abs() >= 1_000.0 {
        let sign = if value < 0.0 { "-" } else { "" };
        return format!("{sign}{}", thousands(value.abs().round() as u64));
    }
    let decimals = (3.0 - value.abs().log10().floor()).clamp(0.0, 12.0) as usize;
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').into(),
        false => text,
    }
}

/// Returns a share as percent.
pub fn percent(share: f64) -> String {
    number(100.0 * share) + " %"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let values = [0.0, 0.25, -3.0, 1_234.0, 12_000.0, -12_000.4, 0.000_3, 0.1 + 0.2, f64::NAN];
        let expected = ["0", "0.25", "-3", "1,234", "12,000", "-12,000", "0.0003", "0.3", "NaN"];
        assert_eq!(values.map(number), expected);
        assert_eq!(percent(0.000_01), "0.001 %");
    }

    #[test]
    fn a_name_is_one_line_of_xml() {
        assert_eq!(name("a\tb\n\u{1b}[2J\u{ffff}", 20), "a b  [2J ");
        assert_eq!(name("0123456789", 5), "0123…");
    }
}
