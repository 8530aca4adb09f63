//! `see`: the pixels that a board makes of a picture.

use super::board::{Board, RAW_SIZE, with_advice};
use crate::{
    commands::{
        drawing::{Style, drawn},
        images::size,
    },
    terminal::print,
};
use anyhow::{Context, Result};
use clap::{Args, value_parser};
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use std::path::PathBuf;
use tinytriplet_data::{names::shown, raw::Raw};
use tinytriplet_report::run_folder::write_whole;

/// Arguments of `see`.
#[derive(Clone, Debug, Args)]
pub struct SeeArgs {
    /// Picture to send (PNG, JPEG, BMP) [default: none; what the board was shown last]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// PNG file to write: one pixel for each that the net is given
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Longer side of the picture, in pixels, at most: a larger one is reduced first, by the means
    /// of squares
    #[arg(long, value_name = "N", default_value_t = RAW_SIZE, value_parser = value_parser!(u16).range(1..))]
    raw_size: u16,
}

/// Sends a picture if there is one, fetches the pixels that the board has made, and draws them.
pub fn run(mut board: Board, SeeArgs { file, out, raw_size }: &SeeArgs) -> Result<()> {
    let sent = match file {
        None => "what it was shown last".to_owned(),
        Some(file) => {
            let Raw { frame, bytes, .. } = board.read_raw(file, *raw_size)?;
            board.client.show_frame(frame, &bytes).map_err(with_advice).with_context(|| shown(file))?;
            format!("{}, sent as {}x{} pixels", shown(file), frame.width(), frame.height())
        }
    };
    let pixels = board.client.pixels()?;
    let [height, width] = size(board.model.input.shape)?;
    print(format_args!("{}: {sent}\n", board.name))?;
    print(drawn(&pixels, width, Style::of_output()))?;
    if let Some(out) = out {
        let mut png = Vec::new();
        PngEncoder::new(&mut png).write_image(&pixels, width as u32, height as u32, ExtendedColorType::L8)?;
        write_whole(out, &png)?;
        print(format_args!("wrote {}\n", shown(out)))?;
    }
    Ok(())
}
