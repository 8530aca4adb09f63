//! Turns a picture of any kind and size into the pixels of a net's input: grey or in colour, on a
//! dark background, of one size.
//!
//! [`shared_model::prepare`] does this on the PC and on a board alike. Here is what only files need:
//! the kinds of pixels that a decoder returns, and transparency. `docs/FORMAT.md` defines every
//! step.

use crate::picture::fault::PictureFault;
use image::{DynamicImage, GenericImageView, Rgba};
use shared_model::{
    inspect::Shape,
    model::format::{Background, Preprocessing},
    prepare::{Format, Found, Frame, Preparer, Stage, grey, scratch_len},
};

/// A picture as the net is given it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// Row by row, 0 for the background; red, green and blue where the net takes colour.
    pub pixels: Vec<u8>,
    /// The background of the picture, and what was found on it.
    pub found: Found,
}

/// Returns the pixels of `image` for a net whose input is `shape`.
///
/// # Errors
/// Returns an error if the picture has no pixels, or more than 65,535 on a side; the pictures that
/// [`picture::decode`](crate::picture::decode) returns have neither.
///
/// # Panics
/// Panics if a side is 0, or such pixels [cannot be made](shared_model::prepare::can_prepare).
pub fn prepare(
    image: &DynamicImage,
    preprocessing: Preprocessing,
    shape: Shape,
) -> Result<Prepared, PictureFault> {
    prepare_observed(image, preprocessing, shape, |_| {})
}

/// Does the same as [`prepare`], and gives the images on the way to `observe`.
///
/// # Errors
/// Returns the errors of [`prepare`].
///
/// # Panics
/// Panics where [`prepare`] does.
pub fn prepare_observed(
    image: &DynamicImage,
    preprocessing: Preprocessing,
    shape: Shape,
    observe: impl FnMut(Stage<'_>),
) -> Result<Prepared, PictureFault> {
    let frame = frame(image, shape.channels)?;
    let len = [shape.height, shape.width, shape.channels].map(usize::from).iter().product();
    let mut pixels = vec![0; len];
    let mut scratch = vec![0; scratch_len(preprocessing, shape)];
    let mut preparer = Preparer::new(frame, preprocessing, shape, &mut scratch, &mut pixels)
        .expect("the lengths are those that are wanted, no side is 0, and the pixels can be made");
    rows(image, preprocessing.background, frame.format(), |row| {
        preparer.push(row).expect("a row is as long as the frame says");
    });
    let found = preparer.finish_observed(observe).expect("all rows have come");
    Ok(Prepared { pixels, found })
}

/// Returns the frame that a picture is, as a camera would take it: in grey or in colour, as it is; of
/// any other kind, in what a net takes that has so many values per pixel.
///
/// # Errors
/// Returns an error if the picture has no pixels, or more than 65,535 on a side.
pub(crate) fn frame(image: &DynamicImage, channels: u16) -> Result<Frame, PictureFault> {
    let side = |side| u16::try_from(side).map_err(|_| PictureFault::TooLarge { is_kept: false });
    let (width, height) = (side(image.width())?, side(image.height())?);
    let format = match image {
        DynamicImage::ImageLuma8(_) => Format::Grey8,
        DynamicImage::ImageRgb8(_) => Format::Rgb888,
        _ if channels == 1 => Format::Grey8,
        _ => Format::Rgb888,
    };
    Frame::new(format, width, height).map_err(|_| PictureFault::NoPixels)
}

/// Gives the rows of the [`frame`] of a picture, which is in `format`, to `push`. What is transparent
/// becomes background.
pub(crate) fn rows(
    image: &DynamicImage,
    background: Background,
    format: Format,
    mut push: impl FnMut(&[u8]),
) {
    let width = image.width() as usize;
    match image {
        DynamicImage::ImageLuma8(image) => image.chunks_exact(width).for_each(push),
        DynamicImage::ImageRgb8(image) => image.chunks_exact(3 * width).for_each(push),
        image => {
            let behind = if image.color().has_alpha() { behind(image, background) } else { 0 };
            // Rounded to the nearest; 255 times 255 fits easily.
            let seen = |value: u8, alpha: u8| {
                let (value, alpha) = (u32::from(value), u32::from(alpha));
                ((value * alpha + behind * (255 - alpha) + 127) / 255) as u8
            };
            let mut row = Vec::with_capacity(width * format.bytes_per_pixel());
            for y in 0..image.height() {
                row.clear();
                for x in 0..image.width() {
                    let Rgba([red, green, blue, alpha]) = image.get_pixel(x, y);
                    match format {
                        Format::Rgb888 => row.extend([red, green, blue].map(|value| seen(value, alpha))),
                        _ => row.push(seen(grey([red, green, blue]), alpha)),
                    }
                }
                push(&row);
            }
        }
    }
}

/// Returns grey and opacity of a pixel of any kind, in 8 bits.
fn grey_and_alpha(image: &DynamicImage, x: u32, y: u32) -> [u8; 2] {
    let Rgba([red, green, blue, alpha]) = image.get_pixel(x, y);
    [grey([red, green, blue]), alpha]
}

/// Returns the grey that is seen through transparent parts: the background; if that is unknown, black
/// or white, whichever the opaque parts are farther from.
fn behind(image: &DynamicImage, background: Background) -> u32 {
    match background {
        Background::Dark => 0,
        Background::Light => 255,
        Background::Auto => {
            let (mut bright, mut opaque) = (0, 0);
            for y in 0..image.height() {
                for x in 0..image.width() {
                    let [grey, alpha] = grey_and_alpha(image, x, y).map(u64::from);
                    bright += grey * alpha;
                    opaque += alpha;
                }
            }
            if 2 * bright < 255 * opaque { 255 } else { 0 }
        }
    }
}

#[cfg(test)]
mod tests;
