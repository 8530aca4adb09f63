//! The size of the gallery.

use std::{env, ops::RangeInclusive};

/// The size of the gallery.
#[derive(Clone, Copy)]
pub struct GallerySize {
    /// The most entries.
    pub capacity: usize,
    /// Embeddings that are kept of each entry.
    pub exemplars: usize,
}

impl GallerySize {
    /// Reads `TINYTRIPLET_CAPACITY` and `TINYTRIPLET_EXEMPLARS`.
    pub fn chosen() -> Result<Self, String> {
        Ok(Self {
            capacity: number("TINYTRIPLET_CAPACITY", 16, 1..=1_000)?,
            exemplars: number("TINYTRIPLET_EXEMPLARS", 0, 0..=255)?,
        })
    }
}

fn number(variable: &str, default: usize, range: RangeInclusive<usize>) -> Result<usize, String> {
    let Some(text) = env::var_os(variable).filter(|text| !text.is_empty()) else { return Ok(default) };
    let number = text.to_str().and_then(|text| text.parse().ok()).filter(|number| range.contains(number));
    number.ok_or(format!(
        "{variable} is a number from {} to {}, not {}",
        range.start(),
        range.end(),
        text.display()
    ))
}
