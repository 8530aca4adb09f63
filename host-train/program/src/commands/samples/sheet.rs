//! All samples as one picture: a row per class, an image per cell.

use anyhow::{Result, ensure};
use image::{
    DynamicImage, ExtendedColorType, GrayImage, ImageEncoder, Luma, codecs::png::PngEncoder,
    imageops::FilterType,
};

/// Width and height of a cell, and the space between two.
const CELL: [u32; 2] = [96, 72];
const SPACE: u32 = 4;
/// The largest number of pixels of a sheet, each of which takes a byte of memory.
const MOST_PIXELS: usize = 1 << 28;
/// The space's grey.
const PAPER: Luma<u8> = Luma([255]);

/// Cells in rows.
#[derive(Default)]
pub struct Sheet {
    rows: Vec<Vec<GrayImage>>,
}

impl Sheet {
    /// Begins a row.
    pub fn begin_row(&mut self) {
        self.rows.push(Vec::new());
    }

    /// Adds an image to the last row, scaled to fit its cell.
    pub fn add(&mut self, image: GrayImage) {
        let [width, height] = CELL;
        let fitted = DynamicImage::from(image).resize(width, height, FilterType::Triangle).into_luma8();
        self.rows.last_mut().expect("a row was begun").push(fitted);
    }

    /// Returns the picture as a PNG.
    ///
    /// # Errors
    /// Returns an error if there are no images, or too many for one picture.
    pub fn png(&self) -> Result<Vec<u8>> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let side = |count: usize, cell: u32| (count * (cell + SPACE) as usize).saturating_sub(SPACE as usize);
        let [width, height] = [side(columns, CELL[0]), side(self.rows.len(), CELL[1])];
        ensure!(
            width.saturating_mul(height) <= MOST_PIXELS,
            "the sheet would have {width}x{height} pixels, which is too many: choose a smaller --per-class, or do \
             without --sheet"
        );
        let mut picture = GrayImage::from_pixel(width as u32, height as u32, PAPER);
        for (row, images) in (0..).zip(&self.rows) {
            for (column, image) in (0..).zip(images) {
                let at = |index: i64, cell: u32, own: u32| {
                    index * i64::from(cell + SPACE) + i64::from((cell - own) / 2)
                };
                let [x, y] = [at(column, CELL[0], image.width()), at(row, CELL[1], image.height())];
                image::imageops::replace(&mut picture, image, x, y);
            }
        }
        let mut png = Vec::new();
        let (width, height) = picture.dimensions();
        PngEncoder::new(&mut png).write_image(&picture, width, height, ExtendedColorType::L8)?;
        Ok(png)
    }
}
