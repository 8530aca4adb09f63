//! A picture as a camera of few pixels would deliver it, for a board that prepares it itself.

use crate::{
    picture::PictureFault,
    prepare::{frame, rows},
};
use image::DynamicImage;
use shared_model::{model::format::Background, prepare::Frame};

/// A frame with its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raw {
    /// The meaning of the bytes.
    pub frame: Frame,
    /// The rows, one after the other without gaps.
    pub bytes: Vec<u8>,
    /// The side of the square of pixels of which one was made: 1 if the picture is as it was.
    pub block: u32,
}

/// Returns a picture as a frame whose longer side has at most `longest` pixels, at least 1, for a net
/// of so many values per pixel.
///
/// A larger picture is cut into squares of the fewest pixels with which that is so, from the left
/// upper corner on; those at the right and lower edges have what is left. Each becomes one pixel,
/// its mean, each colour for itself, rounded to the nearest, halves up.
///
/// # Errors
/// Returns an error if the picture has no pixels, or more than 65,535 on a side.
pub fn raw(
    image: &DynamicImage,
    background: Background,
    channels: u16,
    longest: u16,
) -> Result<Raw, PictureFault> {
    let whole = frame(image, channels)?;
    let block = u32::from(whole.width().max(whole.height())).div_ceil(longest.max(1).into());
    let side = |side: u16| u32::from(side).div_ceil(block) as u16;
    let frame = Frame::new(whole.format(), side(whole.width()), side(whole.height()))
        .map_err(|_| PictureFault::NoPixels)?;
    let mut bytes = Vec::with_capacity(frame.row_len() * usize::from(frame.height()));
    let mut means = Means::new(block, whole.width().into(), frame.format().bytes_per_pixel());
    rows(image, background, frame.format(), |row| means.push(row, &mut bytes));
    means.end(&mut bytes);
    Ok(Raw { frame, bytes, block })
}

/// Means of squares of pixels.
struct Means {
    /// Pixels on each side of a square.
    block: usize,
    /// Pixels of a row.
    width: usize,
    /// Values of a pixel.
    channels: usize,
    /// Rows that are summed up.
    rows: usize,
    /// A sum for each value of each square.
    sums: Vec<u64>,
}

impl Means {
    fn new(block: u32, width: usize, channels: usize) -> Self {
        let block = block as usize;
        Self { block, width, channels, rows: 0, sums: vec![0; width.div_ceil(block) * channels] }
    }

    fn push(&mut self, row: &[u8], bytes: &mut Vec<u8>) {
        for (sums, pixels) in self.sums.chunks_mut(self.channels).zip(row.chunks(self.block * self.channels))
        {
            for pixel in pixels.chunks(self.channels) {
                sums.iter_mut().zip(pixel).for_each(|(sum, &value)| *sum += u64::from(value));
            }
        }
        self.rows += 1;
        if self.rows == self.block {
            self.end(bytes);
        }
    }

    /// Completes the squares whose rows have come.
    fn end(&mut self, bytes: &mut Vec<u8>) {
        if self.rows == 0 {
            return;
        }
        for (square, sums) in self.sums.chunks_mut(self.channels).enumerate() {
            let columns = self.block.min(self.width - square * self.block);
            let area = (columns * self.rows) as u64;
            bytes.extend(sums.iter().map(|sum| ((sum + area / 2) / area) as u8));
            sums.fill(0);
        }
        self.rows = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{GrayAlphaImage, GrayImage, RgbImage, RgbaImage};
    use shared_model::prepare::Format;

    fn grey(width: u32, height: u32, pixels: &[u8]) -> DynamicImage {
        GrayImage::from_raw(width, height, pixels.to_vec()).unwrap().into()
    }

    #[test]
    fn a_picture_that_is_small_enough_stays_as_it_is() {
        let image = grey(3, 2, &[1, 2, 3, 4, 5, 6]);
        let Raw { frame, bytes, block } = raw(&image, Background::Auto, 1, 3).unwrap();
        assert_eq!((frame, block), (Frame::new(Format::Grey8, 3, 2).unwrap(), 1));
        assert_eq!(bytes, [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn a_larger_one_becomes_the_means_of_squares() {
        #[rustfmt::skip]
        let image = grey(5, 3, &[
            10, 20, 0, 1, 100,
            30, 41, 2, 2, 201,
            50, 51, 9, 9, 7,
        ]);
        let Raw { frame, bytes, block } = raw(&image, Background::Auto, 1, 4).unwrap();
        assert_eq!((frame.width(), frame.height(), block), (3, 2, 2));
        // 101 / 4 = 25.25, 5 / 4 = 1.25, 301 / 2 = 150.5; then 101 / 2 = 50.5, 9, 7.
        assert_eq!(bytes, [25, 1, 151, 51, 9, 7]);
    }

    #[test]
    fn colours_are_kept_and_averaged_each_for_itself() {
        let pixels = vec![255, 0, 10, 253, 2, 11, 0, 0, 0, 0, 0, 1];
        let image = RgbImage::from_raw(4, 1, pixels).unwrap().into();
        let Raw { frame, bytes, block } = raw(&image, Background::Auto, 1, 2).unwrap();
        assert_eq!((frame, block), (Frame::new(Format::Rgb888, 2, 1).unwrap(), 2));
        assert_eq!(bytes, [254, 1, 11, 0, 0, 1]);
    }

    #[test]
    fn other_kinds_become_grey_and_what_is_transparent_background() {
        let image: DynamicImage = GrayAlphaImage::from_raw(2, 1, vec![9, 255, 9, 0]).unwrap().into();
        assert_eq!(raw(&image, Background::Light, 1, 9).unwrap().bytes, [9, 255]);
        assert_eq!(raw(&image, Background::Dark, 1, 9).unwrap().bytes, [9, 0]);
        // In colour, where the net takes that.
        let image: DynamicImage = RgbaImage::from_raw(2, 1, vec![255, 0, 9, 255, 0, 0, 0, 0]).unwrap().into();
        assert_eq!(raw(&image, Background::Light, 1, 9).unwrap().bytes, [54, 255]);
        let Raw { frame, bytes, .. } = raw(&image, Background::Light, 3, 9).unwrap();
        assert_eq!((frame.format(), &bytes[..]), (Format::Rgb888, &[255, 0, 9, 255, 255, 255][..]));
    }
}
