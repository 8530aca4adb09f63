//! Small copies of images, side by side in one PNG file.

use anyhow::Result;
use image::{
    ExtendedColorType, GrayImage, ImageEncoder,
    codecs::png::PngEncoder,
    imageops::{replace, thumbnail},
};
use tinytriplet_data::Split;

/// The images of a split, scaled down where they are larger than a tile may be.
#[derive(Clone, Copy)]
pub struct Tiles<'a> {
    split: &'a Split,
    size: [usize; 2],
}

impl<'a> Tiles<'a> {
    /// Tiles of at most `most` rows and columns, in the images' proportion.
    pub fn new(split: &'a Split, most: usize) -> Self {
        let longest = split.height.max(split.width);
        let side = |side: usize| ((2 * side * longest.min(most) + longest) / (2 * longest)).max(1);
        Self { split, size: [split.height, split.width].map(side) }
    }

    /// Returns rows and columns of a tile.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// Returns an image as a tile, each pixel the mean of those that it stands for.
    pub fn tile(&self, index: usize) -> Vec<u8> {
        let Self { split, size } = self;
        let pixels = split.image(index).to_vec();
        if *size == [split.height, split.width] {
            return pixels;
        }
        let image = GrayImage::from_raw(split.width as u32, split.height as u32, pixels);
        let image = image.expect("as many pixels as the split says");
        thumbnail(&image, size[1] as u32, size[0] as u32).into_raw()
    }

    /// Returns a PNG file of these images, row after row of `columns` tiles, with room for `rows` rows.
    ///
    /// # Errors
    /// Returns an error if it cannot be encoded.
    pub fn sprite(&self, images: &[usize], [rows, columns]: [usize; 2]) -> Result<Vec<u8>> {
        let [height, width] = self.size.map(|side| side as u32);
        let mut sprite = GrayImage::new(columns as u32 * width, rows as u32 * height);
        for (place, &index) in images.iter().enumerate() {
            let tile = GrayImage::from_raw(width, height, self.tile(index)).expect("a tile's pixels");
            let [x, y] = [(place % columns) as u32 * width, (place / columns) as u32 * height];
            replace(&mut sprite, &tile, x.into(), y.into());
        }
        let mut png = Vec::new();
        let (width, height) = sprite.dimensions();
        PngEncoder::new(&mut png).write_image(&sprite, width, height, ExtendedColorType::L8)?;
        Ok(png)
    }
}
