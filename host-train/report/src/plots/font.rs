//! Text in pixels, where an SVG file would have it.

use ab_glyph::{Font, FontRef, ScaleFont, point};
use epaint_default_fonts::UBUNTU_LIGHT;
use plotters_backend::{
    BackendCoord, BackendTextStyle, FontTransform,
    text_anchor::{HPos, VPos},
};

/// Plotters' sizes of text, in the em that its SVG files state.
pub const SIZE_OF_EM: f64 = 1.24;

/// Calls `draw` with each pixel that `text` covers, and with the share of it that is covered.
pub fn write_text(
    text: &str,
    style: &impl BackendTextStyle,
    (x, y): BackendCoord,
    mut draw: impl FnMut(BackendCoord, f64),
) {
    let font = FontRef::try_from_slice(UBUNTU_LIGHT).expect("the font that comes with the program is one");
    let em = (style.size() / SIZE_OF_EM) as f32;
    let units = font.units_per_em().unwrap_or(1000.0);
    let font = font.as_scaled(em * font.height_unscaled() / units);

    let mut glyphs = Vec::new();
    let mut width = 0.0;
    for char in text.chars() {
        let id = font.glyph_id(char);
        if let Some((before, _)) = glyphs.last() {
            width += font.kern(*before, id);
        }
        glyphs.push((id, width));
        width += font.h_advance(id);
    }
    // As plotters' SVG files place it.
    let left = match style.anchor().h_pos {
        HPos::Left => 0.0,
        HPos::Center => -width / 2.0,
        HPos::Right => -width,
    };
    let baseline = match style.anchor().v_pos {
        VPos::Top => 0.76 * em,
        VPos::Center => 0.25 * em,
        VPos::Bottom => -0.25 * em,
    };
    for (id, at) in glyphs {
        let glyph = id.with_scale_and_position(font.scale(), point(left + at, baseline));
        let Some(outline) = font.outline_glyph(glyph) else { continue };
        let corner = outline.px_bounds().min;
        outline.draw(|column, row, share| {
            let (right, down) = (corner.x as i32 + column as i32, corner.y as i32 + row as i32);
            let (right, down) = turn(style.transform(), right, down);
            draw((x + right, y + down), f64::from(share.min(1.0)));
        });
    }
}

/// Turns clockwise.
fn turn(by: FontTransform, right: i32, down: i32) -> (i32, i32) {
    match by {
        FontTransform::None => (right, down),
        FontTransform::Rotate90 => (-down, right),
        FontTransform::Rotate180 => (-right, -down),
        FontTransform::Rotate270 => (down, -right),
    }
}
