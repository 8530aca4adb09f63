//! Small copies of images, side by side in one PNG file.

use anyhow::Result;
use image::{
    ImageBuffer, ImageEncoder, Luma, Pixel, PixelWithColorType, Rgb,
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
        if self.split.channels == 3 {
            self.scaled::<Rgb<u8>>(index).into_raw()
        } else {
            self.scaled::<Luma<u8>>(index).into_raw()
        }
    }

    fn scaled<P: Pixel<Subpixel = u8> + 'static>(&self, index: usize) -> ImageBuffer<P, Vec<u8>> {
        let Self { split, size } = self;
        let pixels = split.image(index).to_vec();
        let image = ImageBuffer::from_raw(split.width as u32, split.height as u32, pixels);
        let image = image.expect("as many pixels as the split says");
        if *size == [split.height, split.width] {
            return image;
        }
        thumbnail(&image, size[1] as u32, size[0] as u32)
    }

    /// Returns a PNG file of these images, row after row of `columns` tiles, with room for `rows` rows.
    ///
    /// # Errors
    /// Returns an error if it cannot be encoded.
    pub fn sprite(&self, images: &[usize], room: [usize; 2]) -> Result<Vec<u8>> {
        if self.split.channels == 3 {
            self.sprite_of::<Rgb<u8>>(images, room)
        } else {
            self.sprite_of::<Luma<u8>>(images, room)
        }
    }

    fn sprite_of<P: PixelWithColorType<Subpixel = u8> + 'static>(
        &self,
        images: &[usize],
        [rows, columns]: [usize; 2],
    ) -> Result<Vec<u8>> {
        let [height, width] = self.size.map(|side| side as u32);
        let mut sprite = ImageBuffer::<P, _>::new(columns as u32 * width, rows as u32 * height);
        for (place, &index) in images.iter().enumerate() {
            let [x, y] = [(place % columns) as u32 * width, (place / columns) as u32 * height];
            replace(&mut sprite, &self.scaled(index), x.into(), y.into());
        }
        let mut png = Vec::new();
        let (width, height) = sprite.dimensions();
        PngEncoder::new(&mut png).write_image(&sprite, width, height, P::COLOR_TYPE)?;
        Ok(png)
    }
}
