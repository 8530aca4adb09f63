//! `see`: the pixels that a board makes of a picture, beside it.

use super::board::{Board, RAW_SIZE, with_advice};
use crate::{
    commands::{
        drawing::{Style, drawn},
        images::ensure_pictures,
        see::sheet,
    },
    terminal::print,
};
use anyhow::{Context, Result};
use clap::{Args, value_parser};
use image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};
use std::path::PathBuf;
use tinytriplet_data::{names::shown, picture, raw::Raw};
use tinytriplet_report::run_folder::write_whole;

/// Arguments of `see`.
#[derive(Clone, Debug, Args)]
pub struct SeeArgs {
    /// Picture to send (PNG, JPEG, BMP) [default: none; what the board was shown last]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// PNG file to write: the picture, and beside it the pixels that the net is given; of no
    /// picture, one pixel for each of them
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Longer side of the picture, in pixels, at most: a larger one is reduced first, by the means
    /// of squares
    #[arg(long, value_name = "N", default_value_t = RAW_SIZE, value_parser = value_parser!(u16).range(1..))]
    raw_size: u16,
}

/// Sends a picture if there is one, fetches the pixels that the board has made, and draws them.
pub fn run(mut board: Board, SeeArgs { file, out, raw_size }: &SeeArgs) -> Result<()> {
    ensure_pictures(board.model.input.shape, board.model.preprocessing)?;
    let style = Style::of_output();
    let sent = match file {
        None => "what it was shown last\n".to_owned(),
        Some(file) => {
            let Raw { frame, bytes, .. } = board.read_raw(file, *raw_size)?;
            board.client.show_frame(frame, &bytes).map_err(with_advice).with_context(|| shown(file))?;
            let [width, height] = [frame.width(), frame.height()];
            let channels = frame.format().bytes_per_pixel();
            let picture = drawn(&bytes, [width.into(), channels], style);
            format!("{}, sent as {width}x{height} pixels\n{picture}of which it made\n", shown(file))
        }
    };
    let pixels = board.client.pixels()?;
    let shape = board.model.input.shape;
    let channels = usize::from(shape.channels);
    print(format_args!("{}: {sent}", board.name))?;
    print(drawn(&pixels, [shape.width.into(), channels], style))?;
    if let Some(out) = out {
        let png = match file {
            Some(file) => {
                let original = picture::open(file, |image| Ok(sheet::original(image)))?;
                sheet::beside(&[
                    original,
                    sheet::pixels(&pixels, [shape.height, shape.width, shape.channels].map(usize::from)),
                ])?
            }
            None => {
                let (mut png, [height, width]) = (Vec::new(), [shape.height, shape.width].map(u32::from));
                let kind = if channels == 1 { ExtendedColorType::L8 } else { ExtendedColorType::Rgb8 };
                PngEncoder::new(&mut png).write_image(&pixels, width, height, kind)?;
                png
            }
        };
        write_whole(out, &png)?;
        print(format_args!("wrote {}\n", shown(out)))?;
    }
    Ok(())
}
