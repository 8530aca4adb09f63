//! `draw`: the drawn digits as text.

use crate::{data::drawn, sampler::classes};
use anyhow::Result;

/// Ten levels from background to ink, as in the firmware's `image.rs`.
const LEVELS: &[u8; 10] = b" .:-=+*#%@";

/// Prints `per_class` digits of each class, one character a pixel, in the form of `firmware/demo/digits.txt`.
///
/// # Errors
/// None so far.
pub fn run(per_class: usize, seed: u64) -> Result<()> {
    let digits = drawn::dataset(seed, per_class.max(1), 1).train;
    let character = |&pixel: &u8| char::from(LEVELS[(usize::from(pixel) * (LEVELS.len() - 1) + 127) / 255]);
    println!("Digits drawn by `cargo run -p host-train -- draw`, one character a pixel.");
    for index in classes(digits.labels()).into_iter().flat_map(|class| class.images) {
        println!("\ndigit {}", digits.label(index));
        for row in digits.image(index).chunks(digits.width) {
            println!("|{}|", row.iter().map(character).collect::<String>());
        }
    }
    Ok(())
}
