//! Images drawn as text, as in `firmware/demo/digits.txt`.
//!
//! A line `digit 7` begins a digit. Its rows follow, between bars, with one character per pixel, in
//! ten levels from space (0) to `@` (255). Other lines are comments.

use std::fmt::Write;

/// The levels, from background to ink.
const LEVELS: &[u8; 10] = b" .:-=+*#%@";

/// An image and its label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The digit that it shows.
    pub label: u8,
    /// Pixels per row.
    pub width: usize,
    /// The pixels, row by row, from 0 (background) to 255.
    pub pixels: Vec<u8>,
}

/// Reads the images in a text.
///
/// # Errors
/// Returns the number of the wrong line, counted from 1: a row before the first `digit`, or of
/// another length than the row before, or with a character that is not a level; or a `digit`
/// without a number.
pub fn parse(text: &str) -> Result<Vec<Image>, usize> {
    let mut images: Vec<Image> = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        if let Some(label) = line.strip_prefix("digit ") {
            let label = label.trim().parse().map_err(|_| number)?;
            images.push(Image { label, width: 0, pixels: Vec::new() });
        } else if let Some(row) = line.strip_prefix('|').and_then(|row| row.trim_end().strip_suffix('|')) {
            let image = images.last_mut().ok_or(number)?;
            if image.width != 0 && image.width != row.len() {
                return Err(number);
            }
            image.width = row.len();
            for character in row.bytes() {
                let level = LEVELS.iter().position(|&level| level == character).ok_or(number)?;
                image.pixels.push((level * 255 / (LEVELS.len() - 1)) as u8);
            }
        }
    }
    Ok(images)
}

impl Image {
    /// Returns the rows as text.
    pub fn rows(&self) -> impl Iterator<Item = String> {
        self.pixels.chunks(self.width.max(1)).map(text)
    }

    /// Returns two rows in one, because characters are twice as high as wide.
    fn half_rows(&self) -> impl Iterator<Item = String> {
        self.pixels.chunks(2 * self.width.max(1)).map(|rows| {
            let (upper, lower) = rows.split_at(self.width.min(rows.len()));
            let mean = |(&a, &b): (&u8, &u8)| a.midpoint(b);
            text(&upper.iter().zip(lower.iter().chain(std::iter::repeat(&0))).map(mean).collect::<Vec<_>>())
        })
    }
}

fn text(pixels: &[u8]) -> String {
    let level = |&pixel: &u8| char::from(LEVELS[(usize::from(pixel) * (LEVELS.len() - 1) + 127) / 255]);
    pixels.iter().map(level).collect()
}

/// Writes the form that [`parse`] reads.
impl std::fmt::Display for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "digit {}", self.label)?;
        self.rows().try_for_each(|row| writeln!(f, "|{row}|"))
    }
}

/// Draws two images of one size side by side for a terminal: `gap` columns apart, each line
/// indented by two. Lines without ink are left out.
pub fn side_by_side(a: &Image, b: &Image, gap: usize) -> String {
    let mut text = String::new();
    for (left, right) in a.half_rows().zip(b.half_rows()) {
        let line = format!("  {left:width$}{:gap$}{right}", "", width = a.width);
        if !line.trim().is_empty() {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_to_image_and_back() {
        let text = "digit 7\n| .:-=|\n|+*#%@|\n";
        let images = parse(text).unwrap();
        assert_eq!(images.len(), 1);
        assert_eq!(images[0].pixels, [0, 28, 56, 85, 113, 141, 170, 198, 226, 255]);
        assert_eq!(images[0].to_string(), text);
    }

    #[test]
    fn beside_each_other() {
        let images = parse("digit 1\n|@ |\n|@ |\n|  |\n|  |\ndigit 2\n| @|\n| @|\n|  |\n| @|\n").unwrap();
        assert_eq!(side_by_side(&images[0], &images[1], 3), "  @     @\n        =\n");
    }

    #[test]
    fn wrong_lines_are_named() {
        assert_eq!(parse("| |\n"), Err(1));
        assert_eq!(parse("a comment\ndigit x\n"), Err(2));
        assert_eq!(parse("digit 1\n|  |\n| |\n"), Err(3));
        assert_eq!(parse("digit 1\n|é|\n"), Err(2));
    }
}
