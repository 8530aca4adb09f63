//! `characters`: a picture of made-up characters.

use crate::cli::whole_number;
use crate::terminal::print;
use anyhow::Result;
use clap::{Args, value_parser};
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use std::path::PathBuf;
use tinytriplet_data::characters::{Characters, SIZE};
use tinytriplet_recipe::Config;
use tinytriplet_report::{run_folder::write_whole, text::count};

/// From one character of the picture to the next: each is of another alphabet.
const STEP: u64 = 25;

/// Arguments of `characters`.
#[derive(Clone, Debug, Args)]
pub struct CharactersArgs {
    /// PNG file to write
    pub picture: PathBuf,
    /// Number of characters, one per row
    #[arg(long, default_value_t = 12, value_name = "N", value_parser = value_parser!(u16).range(1..=256))]
    pub classes: u16,
    /// Number of drawings of each
    #[arg(long, default_value_t = 16, value_name = "N", value_parser = value_parser!(u16).range(1..=256))]
    pub per_class: u16,
    /// Same seed, same characters
    #[arg(long, default_value_t = 1, value_parser = whole_number::<u64>)]
    pub seed: u64,
    /// Change the way that they are made up, such as data.characters.jitter=0; may be given several
    /// times
    #[arg(long, value_name = "FIELD=VALUE")]
    pub set: Vec<String>,
}

/// Draws made-up characters, a row per character, and writes them as one picture.
///
/// # Errors
/// Returns an error if a change is not valid, or the file cannot be written.
pub fn run(args: &CharactersArgs) -> Result<()> {
    let config = Config::preset("default")?.with(&args.set)?.validate("the command line")?;
    let characters = Characters::new(&config.data.characters, args.seed);
    let [height, width] = SIZE;
    let [rows, columns] = [args.classes, args.per_class].map(usize::from);
    let mut sheet = vec![0; rows * height * columns * width];
    for row in 0..rows {
        for column in 0..columns {
            let drawing = characters.draw(STEP * row as u64, column as u64);
            for (y, line) in drawing.chunks_exact(width).enumerate() {
                let at = (row * height + y) * columns * width + column * width;
                sheet[at..at + width].copy_from_slice(line);
            }
        }
    }
    let mut png = Vec::new();
    let [width, height] = [columns * width, rows * height].map(|side| side as u32);
    PngEncoder::new(&mut png).write_image(&sheet, width, height, ExtendedColorType::L8)?;
    write_whole(&args.picture, &png)?;
    let characters = count(u64::from(args.classes), "character");
    let picture = args.picture.display();
    Ok(print(format_args!(
        "{picture}: {characters}, {} of each, {width}x{height}\n",
        count(u64::from(args.per_class), "drawing")
    ))?)
}
