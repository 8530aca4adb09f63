//! Images in a terminal, or in a pipe, where they are grey.

use shared_model::prepare::grey;
use std::{
    env,
    io::{IsTerminal, stdout},
};

/// Ten levels from background to ink, as in the firmware's `image.rs`.
const LEVELS: &[u8; 10] = b" .:-=+*#%@";
/// The widest drawing, in columns.
const WIDEST: usize = 80;

/// A way to draw pixels, depending on what the output can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Characters that are more or less black, two for each pixel.
    Plain,
    /// Half blocks in 24 greys, black and white, one character for two pixels.
    Colours256,
    /// Half blocks in all greys.
    TrueColour,
}

impl Style {
    /// Returns the style of standard output: plain, unless it is a terminal that may have colours.
    pub fn of_output() -> Self {
        Self::of(stdout().is_terminal(), |name| env::var(name).ok())
    }

    fn of(is_terminal: bool, variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_refused = variable("NO_COLOR").is_some_and(|value| !value.is_empty())
            || variable("TERM").is_some_and(|value| value == "dumb");
        let colours = variable("COLORTERM").unwrap_or_default();
        match colours.as_str() {
            _ if !is_terminal || is_refused => Self::Plain,
            "truecolor" | "24bit" => Self::TrueColour,
            _ => Self::Colours256,
        }
    }
}

/// Returns the character that is about as black on white paper as a pixel is bright.
pub fn character(pixel: u8) -> char {
    char::from(LEVELS[(usize::from(pixel) * (LEVELS.len() - 1) + 127) / 255])
}

/// Draws an image of so many columns and values per pixel, 1 or 3, in at most 80 columns; blocks of
/// pixels become one if it is wider.
pub fn drawn(pixels: &[u8], [width, channels]: [usize; 2], style: Style) -> String {
    let most = if style == Style::Plain { (WIDEST - 2) / 2 } else { WIDEST };
    let pixels: Vec<[u8; 3]> = pixels
        .chunks_exact(channels)
        .map(|pixel| [pixel[0], pixel[channels / 2], pixel[channels - 1]])
        .collect();
    let rows = reduced(&pixels, width, width.div_ceil(most));
    let mut text = String::new();
    match style {
        Style::Plain => {
            for row in rows {
                let line: String = row.iter().flat_map(|&pixel| [character(grey(pixel)); 2]).collect();
                text += &format!("|{line}|\n");
            }
        }
        Style::Colours256 | Style::TrueColour => {
            for pair in rows.chunks(2) {
                for (column, &above) in pair[0].iter().enumerate() {
                    let below = pair.get(1).map(|row| row[column]);
                    let below = below.map_or("49".into(), |pixel| format!("48;{}", colour(pixel, style)));
                    text += &format!("\x1b[38;{};{below}m▀", colour(above, style));
                }
                text += "\x1b[0m\n";
            }
        }
    }
    text
}

/// Returns the rows of an image, of which each square of `side` by `side` pixels has become one, its
/// mean.
fn reduced(pixels: &[[u8; 3]], width: usize, side: usize) -> Vec<Vec<[u8; 3]>> {
    let rows: Vec<&[[u8; 3]]> = pixels.chunks(width).collect();
    let mean = |band: &[&[[u8; 3]]], left: usize| {
        let square = || band.iter().flat_map(|row| row[left..].iter().take(side));
        let count = square().count() as u32;
        [0, 1, 2].map(|channel| {
            let sum: u32 = square().map(|pixel| u32::from(pixel[channel])).sum();
            ((sum + count / 2) / count) as u8
        })
    };
    rows.chunks(side).map(|band| (0..width).step_by(side).map(|left| mean(band, left)).collect()).collect()
}

/// Returns a colour as a terminal is told it, behind `38;` or `48;`.
fn colour(pixel: [u8; 3], style: Style) -> String {
    let [red, green, blue] = pixel;
    if style == Style::TrueColour {
        return format!("2;{red};{green};{blue}");
    }
    if red != green || green != blue {
        // A cube of 6 × 6 × 6: 0, 95, 135, … 255.
        let [red, green, blue] = pixel.map(|value| match u16::from(value) {
            0..48 => 0,
            48..115 => 1,
            value => (value - 35) / 40,
        });
        return format!("5;{}", 16 + 36 * red + 6 * green + blue);
    }
    match red {
        // Black, white, and between them 24 greys: 8, 18, … 238.
        ..=3 => "5;16".into(),
        247.. => "5;231".into(),
        grey => format!("5;{}", (232 + (u16::from(grey.max(8)) - 3) / 10).min(255)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_that_may_have_them() {
        let of = |is_terminal, variables: &[(&str, &str)]| {
            Style::of(is_terminal, |name| {
                variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).into())
            })
        };
        let colour = ("COLORTERM", "truecolor");
        assert_eq!(of(true, &[]), Style::Colours256);
        assert_eq!(of(true, &[colour]), Style::TrueColour);
        assert_eq!(of(true, &[("COLORTERM", "24bit"), ("NO_COLOR", "")]), Style::TrueColour);
        assert_eq!(of(false, &[colour]), Style::Plain);
        assert_eq!(of(true, &[colour, ("NO_COLOR", "1")]), Style::Plain);
        assert_eq!(of(true, &[colour, ("TERM", "dumb")]), Style::Plain);
    }

    #[test]
    fn an_image_is_drawn_row_by_row() {
        let pixels = [0, 255, 128, 30, 240, 8];
        assert_eq!(drawn(&pixels, [2, 1], Style::Plain), "|  @@|\n|++..|\n|%%  |\n");
        assert_eq!(
            drawn(&pixels, [2, 1], Style::TrueColour),
            "\x1b[38;2;0;0;0;48;2;128;128;128m▀\x1b[38;2;255;255;255;48;2;30;30;30m▀\x1b[0m\n\
             \x1b[38;2;240;240;240;49m▀\x1b[38;2;8;8;8;49m▀\x1b[0m\n"
        );
        assert_eq!(
            drawn(&pixels, [2, 1], Style::Colours256),
            "\x1b[38;5;16;48;5;244m▀\x1b[38;5;231;48;5;234m▀\x1b[0m\n\x1b[38;5;255;49m▀\x1b[38;5;232;49m▀\x1b[0m\n"
        );
    }

    #[test]
    fn greys_are_the_nearest_of_256_colours() {
        for pixel in 0..=255_u8 {
            let index: u16 = colour([pixel; 3], Style::Colours256)[2..].parse().unwrap();
            let shown = |index: u16| match index {
                16 => 0_u16,
                231 => 255,
                grey => 8 + 10 * (grey - 232),
            };
            let all = [16, 231].into_iter().chain(232..=255);
            let nearest = all.map(|index| shown(index).abs_diff(pixel.into())).min().unwrap();
            assert!(shown(index).abs_diff(pixel.into()) <= nearest + 1, "{pixel}: {index}");
        }
    }

    #[test]
    fn colours_are_drawn_as_such_or_as_their_grey() {
        let pixels = [255, 0, 0, 0, 255, 255];
        assert_eq!(
            drawn(&pixels, [2, 3], Style::TrueColour),
            "\x1b[38;2;255;0;0;49m▀\x1b[38;2;0;255;255;49m▀\x1b[0m\n"
        );
        let cube = |pixel| colour(pixel, Style::Colours256);
        assert_eq!(cube([255, 0, 0]), "5;196");
        assert_eq!(cube([95, 135, 175]), format!("5;{}", 16 + 36 + 12 + 3));
        assert_eq!(cube([47, 48, 114]), format!("5;{}", 16 + 6 + 1));
        assert_eq!(cube([115, 154, 155]), format!("5;{}", 16 + 72 + 12 + 3));
        // 54 and 201 of 255.
        assert_eq!(drawn(&pixels, [2, 3], Style::Plain), drawn(&[54, 201], [2, 1], Style::Plain));
    }

    #[test]
    fn no_drawing_is_wider_than_80_columns() {
        for width in [1, 28, 39, 40, 41, 80, 81, 1024] {
            let pixels = vec![200; width * 3];
            let plain = drawn(&pixels, [width, 1], Style::Plain);
            assert!(plain.lines().all(|line| line.chars().count() <= 80 && line.contains('#')), "{plain}");
            let blocks = drawn(&pixels, [width, 1], Style::TrueColour);
            assert!(blocks.lines().all(|line| (1..=80).contains(&line.matches('▀').count())));
        }
        let pixels = [1, 3, 9, 5, 7, 20].map(|value| [value, 2 * value, 7]);
        assert_eq!(reduced(&pixels, 3, 2), [[[4, 8, 7], [15, 29, 7]]]);
    }
}
