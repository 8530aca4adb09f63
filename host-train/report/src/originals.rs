//! Small copies of the pictures that images were made of.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use image::{DynamicImage, ImageFormat};
use std::{io::Cursor, path::Path};
use tinytriplet_data::picture::{self, PictureError};

/// Most pixels of a side: some kilobytes.
const SIDE: u32 = 96;

/// Returns a small copy of a picture as a data URI.
///
/// # Errors
/// Returns an error if the file cannot be read, or is no picture.
pub fn original(file: &Path) -> Result<String, PictureError> {
    picture::open(file, |image| {
        let is_large = image.width().max(image.height()) > SIDE;
        let small = if is_large { image.thumbnail(SIDE, SIDE) } else { image.clone() };
        // JPEG knows neither transparency nor 16 bits.
        let (small, format) = match small.color().has_alpha() {
            true => (DynamicImage::from(small.to_rgba8()), ImageFormat::Png),
            false => (DynamicImage::from(small.to_rgb8()), ImageFormat::Jpeg),
        };
        let mut bytes = Cursor::new(Vec::new());
        small.write_to(&mut bytes, format)?;
        let base64 = BASE64_STANDARD.encode(bytes.into_inner());
        Ok(format!("data:{};base64,{base64}", format.to_mime_type()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{Rgb, RgbImage, Rgba, RgbaImage};

    fn copy_of(image: impl Into<DynamicImage>) -> (String, DynamicImage) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("picture.png");
        image.into().save(&file).unwrap();
        let uri = original(&file).unwrap();
        let (kind, base64) = uri.strip_prefix("data:").unwrap().split_once(";base64,").unwrap();
        (kind.to_owned(), image::load_from_memory(&BASE64_STANDARD.decode(base64).unwrap()).unwrap())
    }

    #[test]
    fn a_copy_is_small_and_keeps_shape_and_colour() {
        let red_and_blue = |x, _| if x < 300 { Rgb([250, 0, 0]) } else { Rgb([0, 0, 250]) };
        let (kind, copy) = copy_of(RgbImage::from_fn(600, 300, red_and_blue));
        assert_eq!((kind.as_str(), copy.width(), copy.height()), ("image/jpeg", 96, 48));
        let [left, right] = [20, 76].map(|x| copy.to_rgb8().get_pixel(x, 24).0);
        assert!(left[0] > 200 && left[2] < 60 && right[0] < 60 && right[2] > 200, "{left:?} {right:?}");
        // A small one is not enlarged.
        let (_, copy) = copy_of(RgbImage::from_pixel(5, 9, Rgb([9; 3])));
        assert_eq!((copy.width(), copy.height()), (5, 9));
    }

    #[test]
    fn what_is_transparent_stays_so() {
        let (kind, copy) = copy_of(RgbaImage::from_pixel(200, 100, Rgba([1, 2, 3, 77])));
        assert_eq!((kind.as_str(), copy.to_rgba8().get_pixel(50, 20).0), ("image/png", [1, 2, 3, 77]));
    }

    #[test]
    fn what_is_no_picture_is_named() {
        let error = original(Path::new("no-such-file.png")).unwrap_err().to_string();
        assert!(error.starts_with("no-such-file.png: "), "{error}");
    }
}
