//! `draw`: the drawn digits as text.

use super::drawing::character;
use crate::cli::whole_number;
use crate::terminal::print;
use anyhow::Result;
use clap::{Args, value_parser};
use tinytriplet_data::{classes, drawn};

/// Arguments of `draw`.
#[derive(Clone, Debug, Args)]
pub struct DrawArgs {
    /// Number of images per class
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = value_parser!(u16).range(1..=10_000))]
    pub per_class: u16,
    /// Same seed, same digits
    #[arg(long, default_value_t = 1, value_parser = whole_number::<u64>)]
    pub seed: u64,
}

/// Prints `per_class` digits of each class, one character per pixel, in the form of
/// `firmware/demo/digits.txt`.
///
/// # Errors
/// Returns an error if standard output is closed.
pub fn run(&DrawArgs { per_class, seed }: &DrawArgs) -> Result<()> {
    let digits = drawn::dataset(seed, per_class.into(), 1).train;
    print("Digits drawn by `cargo run -p host-train -- draw`, one character a pixel.\n")?;
    for index in classes(digits.labels()).into_iter().flat_map(|class| class.images) {
        print(format_args!("\ndigit {}\n", digits.label(index)))?;
        for row in digits.image(index).chunks(digits.width) {
            print(format_args!("|{}|\n", row.iter().map(|&pixel| character(pixel)).collect::<String>()))?;
        }
    }
    Ok(())
}
