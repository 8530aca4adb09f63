//! Looks: the page's style sheet has them, and a file gets what concerns its figure.

use std::{collections::BTreeMap, fmt::Write};

/// The looks of figures, for the page and for files.
pub const FIGURES: &str = include_str!("../page/figures.css");
/// The page's looks; its colours are those of figures.
const PAGE: &str = include_str!("../page/report.css");

/// Colours that all of those tell apart who see fewer than others; beyond them, names have to do.
const NAMED: usize = 10;

/// Returns the colour of one of `count` classes or runs, as CSS.
///
/// Up to ten are those of M. A. Petroff, "Accessible color sequences for data visualization" (2021);
/// for a dark page, others near them. Beyond ten they go round the colour wheel.
pub fn colour(place: usize, count: usize) -> String {
    if count <= NAMED {
        return format!("var(--colour-{})", place % NAMED);
    }
    let hue = (place as f64 * 137.5) % 360.0;
    let level = (place % 3) as f64;
    let [light, dark] = [oklch(0.48 + 0.1 * level, 0.15, hue), oklch(0.62 + 0.1 * level, 0.14, hue)];
    format!("light-dark({light}, {dark})")
}

/// Returns a colour of equal lightness for every hue, as `#rrggbb`: B. Ottosson's Oklab (2020), which
/// CSS Color 4 defines as `oklch()`.
fn oklch(lightness: f64, chroma: f64, hue: f64) -> String {
    let (sin, cos) = hue.to_radians().sin_cos();
    let (a, b) = (chroma * cos, chroma * sin);
    let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548 * b).powi(3);
    let linear = [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701 * s,
    ];
    let [red, green, blue] = linear.map(|light| {
        let encoded =
            if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
        (255.0 * encoded.clamp(0.0, 1.0)).round() as u8
    });
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Returns a figure with the colours that it has on paper: those of a light page. Only a browser
/// knows variables.
pub fn on_paper(svg: &str) -> String {
    let colours = colours();
    let mut pieces = svg.split("style=\"");
    let mut resolved = pieces.next().unwrap_or_default().to_owned();
    // A name's quotation mark is escaped, so that each piece begins with a declaration of ours.
    for piece in pieces {
        let (style, rest) = piece.split_once('"').unwrap_or((piece, ""));
        let _ = write!(resolved, "style=\"{}\"{rest}", light(style, &colours));
    }
    resolved
}

/// Returns the style element of a figure's file.
pub fn element() -> String {
    format!("<style>{}</style>", light(FIGURES, &colours()))
}

/// Returns the page's variables.
fn colours() -> BTreeMap<&'static str, &'static str> {
    let variables = PAGE.lines().filter_map(|line| line.trim().strip_suffix(';')?.split_once(": "));
    variables.filter(|(name, _)| name.starts_with("--")).collect()
}

/// Returns CSS with a light page's values in place of variables.
fn light(css: &str, colours: &BTreeMap<&str, &str>) -> String {
    let mut css = css.to_owned();
    for (name, value) in colours {
        css = css.replace(&format!("var({name})"), value);
    }
    let mut pieces = css.split("light-dark(");
    let mut chosen = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (colours, rest) = piece.split_once(')').unwrap_or((piece, ""));
        chosen += colours.split(',').next().unwrap_or_default();
        chosen += rest;
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paper_knows_no_variables() {
        let svg = r#"<path style="fill: var(--same); stroke: light-dark(#010203, #ffffff)"/><text>var(--same)</text>"#;
        let same = r#"<path style="fill: #2b6cb8; stroke: #010203"/><text>var(--same)</text>"#;
        assert_eq!(on_paper(svg), same);
        let style = element();
        assert!(!style.contains("var(") && !style.contains("light-dark("), "{style}");
    }

    #[test]
    fn ten_named_colours_and_a_wheel() {
        assert_eq!(colour(3, 10), "var(--colour-3)");
        // As Chromium has CSS's oklch(0.48 0.15 0), oklch(0.62 0.14 0).
        assert_eq!(colour(0, 11), "light-dark(#9c2e5a, #c85e83)");
        let wheel: std::collections::BTreeSet<String> = (0..50).map(|place| colour(place, 50)).collect();
        assert_eq!(wheel.len(), 50);
    }
}
