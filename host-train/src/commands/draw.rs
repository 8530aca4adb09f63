//! `draw`: the drawn digits as text.

use crate::data::drawn;
use anyhow::Result;

/// Ten shades from background to ink.
const SHADES: &[u8; 10] = b" .:-=+*#%@";

/// Prints `per_class` digits of each class: a line with the label, then a line for each row of pixels.
///
/// # Errors
/// None so far.
pub fn run(per_class: usize, seed: u64) -> Result<()> {
    let digits = drawn::dataset(seed, per_class.max(1), 1).train;
    for class in 0..10 {
        for index in (0..digits.len()).filter(|&index| digits.label(index) == class) {
            println!("{class}");
            for row in digits.image(index).chunks(digits.width) {
                let line: String = row.iter().map(|&p| char::from(SHADES[usize::from(p) * 10 / 256])).collect();
                println!("{}", line.trim_end());
            }
        }
    }
    Ok(())
}
