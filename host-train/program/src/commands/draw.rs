//! `draw`: the drawn digits as text.

use crate::terminal::print;
use anyhow::Result;
use tinytriplet_data::{classes, drawn};

/// Ten levels from background to ink, as in the firmware's `image.rs`.
const LEVELS: &[u8; 10] = b" .:-=+*#%@";

/// Prints `per_class` digits of each class, one character a pixel, in the form of `firmware/demo/digits.txt`.
///
/// # Errors
/// Nobody reads them.
pub fn run(per_class: usize, seed: u64) -> Result<()> {
    let digits = drawn::dataset(seed, per_class.max(1), 1).train;
    let character = |&pixel: &u8| char::from(LEVELS[(usize::from(pixel) * (LEVELS.len() - 1) + 127) / 255]);
    print("Digits drawn by `cargo run -p host-train -- draw`, one character a pixel.\n")?;
    for index in classes(digits.labels()).into_iter().flat_map(|class| class.images) {
        print(format_args!("\ndigit {}\n", digits.label(index)))?;
        for row in digits.image(index).chunks(digits.width) {
            print(format_args!("|{}|\n", row.iter().map(character).collect::<String>()))?;
        }
    }
    Ok(())
}
