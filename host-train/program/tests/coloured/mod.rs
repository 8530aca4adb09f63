//! Pictures of things that differ by colour alone.

use image::{Rgb, RgbImage};
use std::{fs, path::Path};

/// Four colours of the same grey.
pub const COLOURS: [(&str, [u8; 3]); 4] =
    [("blue", [40, 85, 255]), ("green", [40, 105, 65]), ("purple", [150, 55, 229]), ("red", [230, 50, 56])];

/// Draws a disc of a colour, of a size and at a place that its number tells, on a grey that it tells, too.
pub fn disc(colour: [u8; 3], number: u32) -> RgbImage {
    let (x, y) = (12 + 7 * number % 23, 14 + 5 * number % 19);
    let (radius, behind) = (7 + number % 5, (3 * number % 40) as u8);
    RgbImage::from_fn(48, 44, |column, row| {
        let far = column.abs_diff(x).pow(2) + row.abs_diff(y).pow(2);
        Rgb(if far < radius * radius { colour } else { [behind; 3] })
    })
}

/// Writes so many discs of each colour, one folder for each.
pub fn folder(folder: &Path, per_class: u32) {
    for (name, colour) in COLOURS {
        fs::create_dir(folder.join(name)).unwrap();
        for number in 0..per_class {
            disc(colour, number).save(folder.join(name).join(format!("{number}.png"))).unwrap();
        }
    }
}
