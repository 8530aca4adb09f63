//! A picture of the screen, after two digits were taught and one is written.

use embedded_graphics::pixelcolor::{Rgb888, RgbColor};
use pico_touch::{
    HEIGHT, Key, WIDTH,
    simulation::{Board, touch, write},
};
use shared_model::Model;
use std::{env, error::Error, fs::File, io::BufWriter};
use tinytriplet_device::pattern::DIGITS;

const MODEL: &[u8] = include_bytes!("../../../models/characters.model.postcard");

/// Writes the picture to the file that the first argument names, as a PNG of twice the size.
pub fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args_os().nth(1).ok_or("which file? for example: docs/touch.png")?;
    let mut board = Board::new(Model::decode(MODEL)?);
    // The pattern's digits begin with the 1.
    let [three, eight] = [&DIGITS[2], &DIGITS[7]];
    let looks = [
        write(three[0]),
        touch(Key::New),
        write(three[1]),
        touch(Key::Teach),
        write(eight[0]),
        touch(Key::New),
        write(three[2]),
    ];
    let (_, canvas) = board.run(looks.concat());
    let [width, height] = [WIDTH, HEIGHT].map(|side| 2 * usize::from(side));
    let pixel = |at: usize| {
        let colour = Rgb888::from(canvas.at([(at % width / 2) as u16, (at / width / 2) as u16]));
        [colour.r(), colour.g(), colour.b()]
    };
    let pixels: Vec<u8> = (0..width * height).flat_map(pixel).collect();
    let mut png = png::Encoder::new(BufWriter::new(File::create(path)?), width as u32, height as u32);
    png.set_color(png::ColorType::Rgb);
    png.set_compression(png::Compression::High);
    let mut png = png.write_header()?;
    png.write_image_data(&pixels)?;
    Ok(png.finish()?)
}
