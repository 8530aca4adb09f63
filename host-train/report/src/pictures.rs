use super::{Images, sprite::Tiles};
use anyhow::Result;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use std::collections::HashMap;
use tinytriplet_data::Split;

/// Most rows and columns of a tile.
const TILE: usize = 32;
/// Tiles in a row of the sprite.
const COLUMNS: usize = 50;

/// Returns the small copies of a split's images that a report shows.
pub fn tiles(split: &Split) -> Tiles<'_> {
    Tiles::new(split, TILE)
}

/// The test images that a report shows, in order; each is shown once.
pub struct Shown<'a> {
    split: &'a Split,
    test_index: Vec<usize>,
    places: HashMap<usize, usize>,
}

impl<'a> Shown<'a> {
    /// Shows images of a split, these first.
    pub fn new(split: &'a Split, first: &[usize]) -> Self {
        let mut shown = Self { split, test_index: Vec::new(), places: HashMap::new() };
        for &index in first {
            shown.place(index);
        }
        shown
    }

    /// Returns the place of image `index` of the split, which is shown from now on.
    pub fn place(&mut self, index: usize) -> usize {
        *self.places.entry(index).or_insert_with(|| {
            self.test_index.push(index);
            self.test_index.len() - 1
        })
    }

    /// Returns all of them.
    ///
    /// # Errors
    /// Returns an error if they cannot be written as a PNG file.
    pub fn images(self) -> Result<Images> {
        let tiles = tiles(self.split);
        let in_all = self.test_index.len();
        let across = COLUMNS.min(in_all.max(1));
        let png = tiles.sprite(&self.test_index, [in_all.div_ceil(across).max(1), across])?;
        Ok(Images {
            sprite: format!("data:image/png;base64,{}", BASE64_STANDARD.encode(png)),
            tile: tiles.size(),
            columns: across,
            labels: self.test_index.iter().map(|&index| self.split.label(index)).collect(),
            test_index: self.test_index,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::GrayImage;

    fn sprite(images: &Images) -> GrayImage {
        let base64 = images.sprite.strip_prefix("data:image/png;base64,").unwrap();
        image::load_from_memory(&BASE64_STANDARD.decode(base64).unwrap()).unwrap().into_luma8()
    }

    #[test]
    fn each_image_is_shown_once_in_a_grid() {
        let pixels: Vec<u8> =
            (0..60).flat_map(|image| [image, image, image, image, image, image + 100]).collect();
        let split = Split::new(2, 3, pixels, (0..60).map(|image| image % 7).collect()).unwrap();
        let mut shown = Shown::new(&split, &(2..54).collect::<Vec<_>>());
        assert_eq!([shown.place(2), shown.place(59), shown.place(0), shown.place(59)], [0, 52, 53, 52]);
        let images = shown.images().unwrap();
        assert_eq!((images.tile, images.columns, images.test_index.len()), ([2, 3], 50, 54));
        assert_eq!((images.test_index[52], images.labels[52]), (59, 3));
        let sprite = sprite(&images);
        assert_eq!(sprite.dimensions(), (150, 4));
        // Place 52 is the third tile of the second row.
        assert_eq!([6, 7, 8, 9].map(|x| sprite.get_pixel(x, 2).0[0]), [59, 59, 59, 0]);
        assert_eq!([6, 7, 8, 9].map(|x| sprite.get_pixel(x, 3).0[0]), [59, 59, 159, 0]);
    }

    #[test]
    fn large_images_are_scaled_down() {
        let light_above = |row: usize| if row < 30 { 200 } else { 40 };
        let pixels = (0..60 * 256).map(|at| light_above(at / 256)).collect();
        let split = Split::new(60, 256, pixels, vec![0]).unwrap();
        let images = Shown::new(&split, &[0]).images().unwrap();
        assert_eq!((images.tile, images.columns), ([8, 32], 1));
        let sprite = sprite(&images);
        assert_eq!(
            (sprite.dimensions(), sprite.get_pixel(5, 0).0[0], sprite.get_pixel(5, 7).0[0]),
            ((32, 8), 200, 40)
        );
    }

    #[test]
    fn no_images_make_no_picture() {
        let split = Split::new(5, 5, Vec::new(), Vec::new()).unwrap();
        let images = Shown::new(&split, &[]).images().unwrap();
        assert_eq!((images.test_index.len(), sprite(&images).dimensions()), (0, (5, 5)));
    }
}
