//! A PNG with a picture on the left, what a net is given of it on the right, and what is on the way
//! from one to the other between them.

use anyhow::Result;
use image::{
    DynamicImage, ExtendedColorType, ImageEncoder, Rgba, RgbaImage,
    codecs::png::PngEncoder,
    imageops::{self, FilterType},
};

/// The longest side of either image, in pixels: 16 times that of MNIST.
const SIDE: u32 = 448;
/// The room around and between them.
const MARGIN: u32 = 16;
/// Neither of them blends into this.
const BETWEEN: Rgba<u8> = Rgba([96, 112, 144, 255]);

/// Returns a picture at the size in which it is shown.
pub fn original(image: &DynamicImage) -> RgbaImage {
    let longest = image.width().max(image.height());
    if longest > SIDE {
        image.thumbnail(SIDE, SIDE).into_rgba8()
    } else {
        enlarged(&image.to_rgba8(), SIDE / longest.max(1))
    }
}

/// Repeats every pixel.
fn enlarged<P: image::Pixel + 'static>(
    image: &image::ImageBuffer<P, Vec<P::Subpixel>>,
    times: u32,
) -> image::ImageBuffer<P, Vec<P::Subpixel>> {
    imageops::resize(image, image.width() * times, image.height() * times, FilterType::Nearest)
}

/// Returns pixels of `[rows, columns, values per pixel]`, 1 or 3, at the size in which they are shown.
pub fn pixels(pixels: &[u8], [rows, columns, channels]: [usize; 3]) -> RgbaImage {
    let image = RgbaImage::from_fn(columns as u32, rows as u32, |x, y| {
        let pixel = &pixels[(y as usize * columns + x as usize) * channels..][..channels];
        Rgba([pixel[0], pixel[channels / 2], pixel[channels - 1], 255])
    });
    let times = (SIDE / image.width().max(image.height())).max(1);
    enlarged(&image, times)
}

/// Returns the PNG of images side by side.
pub fn beside(images: &[RgbaImage]) -> Result<Vec<u8>> {
    let height = images.iter().map(RgbaImage::height).max().unwrap_or(0);
    let width: u32 = images.iter().map(|image| image.width() + MARGIN).sum();
    let mut sheet = RgbaImage::from_pixel(width + MARGIN, height + 2 * MARGIN, BETWEEN);
    let mut left = MARGIN;
    for image in images {
        let top = MARGIN + (height - image.height()) / 2;
        imageops::overlay(&mut sheet, image, left.into(), top.into());
        left += image.width() + MARGIN;
    }
    let mut png = Vec::new();
    PngEncoder::new(&mut png).write_image(&sheet, sheet.width(), sheet.height(), ExtendedColorType::Rgba8)?;
    Ok(png)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayImage, Luma};

    #[test]
    fn both_images_stand_side_by_side_enlarged() {
        let picture = GrayImage::from_fn(2, 1, |x, _| Luma([if x == 0 { 10 } else { 20 }]));
        let png = beside(&[original(&picture.into()), pixels(&[1, 2, 3, 4, 5, 6], [3, 2, 1])]).unwrap();
        let sheet = image::load_from_memory(&png).unwrap().into_rgba8();
        // 2 × 1 pixels become 448 × 224; 2 × 3, times 149, become 298 × 447.
        assert_eq!(sheet.dimensions(), (448 + 298 + 3 * 16, 447 + 2 * 16));
        let grey = |x, y| {
            let Rgba([red, green, blue, 255]) = *sheet.get_pixel(x, y) else { panic!("transparent") };
            (red == green && green == blue).then_some(red)
        };
        // The shorter one is in the middle: 111 pixels above it.
        assert_eq!(
            [grey(16, 126), grey(16, 127), grey(16, 350), grey(16, 351)],
            [None, Some(10), Some(10), None]
        );
        assert_eq!(
            [grey(15, 200), grey(239, 200), grey(240, 200), grey(464, 200)],
            [None, Some(10), Some(20), None]
        );
        let [first, second] = [480, 480 + 149];
        assert_eq!(
            [grey(first, 16), grey(second, 16), grey(first, 462), grey(777, 462)],
            [1, 2, 5, 6].map(Some)
        );
        assert_eq!([grey(479, 16), grey(778, 16), grey(first, 15), grey(first, 463)], [None; 4]);
    }

    #[test]
    fn colours_are_shown_as_such() {
        let shown = pixels(&[1, 2, 3, 4, 5, 6], [1, 2, 3]);
        assert_eq!(shown.dimensions(), (448, 224));
        assert_eq!([0, 447].map(|x| shown.get_pixel(x, 9).0), [[1, 2, 3, 255], [4, 5, 6, 255]]);
    }

    #[test]
    fn large_pictures_become_smaller_and_keep_their_shape() {
        let picture = DynamicImage::from(GrayImage::new(4000, 1000));
        assert_eq!(original(&picture).dimensions(), (448, 112));
    }
}
