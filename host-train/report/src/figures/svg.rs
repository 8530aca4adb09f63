//! Pieces of SVG.

use std::fmt::{Display, Formatter, Result};

/// Text that is escaped, for an element or an attribute, in XML and in HTML. What XML cannot hold
/// becomes a space.
pub struct Escaped<'a>(pub &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.0.chars().try_for_each(|char| match char {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => f.write_str(" "),
            char if char.is_control() => f.write_str(" "),
            char => write!(f, "{char}"),
        })
    }
}

/// A length in pixels, to a tenth.
#[derive(Clone, Copy)]
pub struct Px(pub f64);

impl Display for Px {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(shortest(&format!("{:.1}", self.0)))
    }
}

/// A share of the plane's width or height.
#[derive(Clone, Copy)]
pub struct Share(pub f64);

impl Display for Share {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}%", shortest(&format!("{:.2}", 100.0 * self.0)))
    }
}

/// Returns decimals without zeros at their end.
fn shortest(decimals: &str) -> &str {
    let short = decimals.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" { "0" } else { short }
}

/// The side of a place at which a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The text starts at its place.
    Start,
    /// The place is in the text's middle.
    Middle,
    /// The text ends at its place.
    End,
}

/// A text. Its class says how it looks.
pub struct Text<'a, X, Y> {
    /// The class.
    pub class: &'a str,
    /// The place of the anchor on the base line.
    pub at: (X, Y),
    /// Pixels to the right of that place and below it.
    pub moved: (f64, f64),
    /// The side.
    pub anchor: Anchor,
    /// What it says.
    pub said: &'a str,
}

impl<X: Display, Y: Display> Display for Text<'_, X, Y> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { class, at: (x, y), moved, anchor, said } = self;
        write!(f, r#"<text class="{class}" x="{x}" y="{y}""#)?;
        for (name, by) in [("dx", moved.0), ("dy", moved.1)] {
            if by != 0.0 {
                write!(f, r#" {name}="{}""#, Px(by))?;
            }
        }
        match anchor {
            Anchor::Start => {}
            Anchor::Middle => f.write_str(r#" text-anchor="middle""#)?,
            Anchor::End => f.write_str(r#" text-anchor="end""#)?,
        }
        write!(f, ">{}</text>", Escaped(said))
    }
}

/// A straight line: its class, and its ends.
pub struct Line<'a, A, B, C, D>(pub &'a str, pub (A, B), pub (C, D));

impl<A: Display, B: Display, C: Display, D: Display> Display for Line<'_, A, B, C, D> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self(class, (x1, y1), (x2, y2)) = self;
        write!(f, r#"<line class="{class}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>"#)
    }
}

/// Returns paths, which have no shares, so that they follow the plane's size: they are in pixels of
/// a plane of this size.
pub fn stretched([width, height]: [f64; 2], paths: &str) -> String {
    let [width, height] = [width, height].map(Px);
    format!(
        r#"<svg class="stretched" viewBox="0 0 {width} {height}" preserveAspectRatio="none" width="100%" height="100%" overflow="visible">{paths}</svg>"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_text_whatever_it_says() {
        let hostile = "</text><b a=\"&'\u{0}\u{1b}\u{ffff}\n";
        assert_eq!(Escaped(hostile).to_string(), "&lt;/text&gt;&lt;b a=&quot;&amp;'    ");
        let text = Text {
            class: "a",
            at: (Share(0.5), Px(-0.01)),
            moved: (0.0, 4.25),
            anchor: Anchor::End,
            said: "<",
        };
        let expected = r#"<text class="a" x="50%" y="0" dy="4.2" text-anchor="end">&lt;</text>"#;
        assert_eq!(text.to_string(), expected);
    }

    #[test]
    fn lengths_are_short() {
        assert_eq!([0.0, 12.34, 100.0, -0.04].map(|px| Px(px).to_string()), ["0", "12.3", "100", "0"]);
        assert_eq!([0.0, 1.0, 0.123_456].map(|share| Share(share).to_string()), ["0%", "100%", "12.35%"]);
    }
}
