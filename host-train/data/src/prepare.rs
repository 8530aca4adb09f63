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
mod tests {
    use super::*;
    use crate::{Rng, drawn};
    use image::{GrayAlphaImage, GrayImage, Luma, LumaA, Rgb, RgbImage, imageops};
    use shared_model::model::format::Fit;

    const FITS: [Fit; 3] = [Fit::Stretch, Fit::Contain, Fit::Centre];
    const BACKGROUNDS: [Background; 3] = [Background::Dark, Background::Light, Background::Auto];

    const SHAPE: Shape = Shape::new(28, 28, 1);

    fn pixels(image: impl Into<DynamicImage>, fit: Fit, background: Background, [h, w]: [u16; 2]) -> Vec<u8> {
        values(image, fit, background, Shape::new(h, w, 1))
    }

    fn values(image: impl Into<DynamicImage>, fit: Fit, background: Background, shape: Shape) -> Vec<u8> {
        prepare(&image.into(), Preprocessing::new(fit, background), shape).unwrap().pixels
    }

    fn digit(digits: &crate::Split, index: usize) -> GrayImage {
        GrayImage::from_raw(28, 28, digits.image(index).to_vec()).unwrap()
    }

    fn negative(image: &GrayImage) -> GrayImage {
        let mut negative = image.clone();
        imageops::invert(&mut negative);
        negative
    }

    /// Mean difference of pixels.
    fn difference(a: &[u8], b: &[u8]) -> f64 {
        a.iter().zip(b).map(|(&a, &b)| f64::from(a.abs_diff(b))).sum::<f64>() / a.len() as f64
    }

    #[test]
    fn a_picture_in_colour_gives_the_pixels_of_its_greys() {
        let mut rng = Rng::new(5);
        for size in [[28, 28], [9, 40]] {
            for _ in 0..40 {
                let mut colours = RgbImage::new(28, 28);
                colours.pixels_mut().for_each(|pixel| *pixel = Rgb([(); 3].map(|()| rng.below(256) as u8)));
                let greys: Vec<u8> = colours
                    .pixels()
                    .map(|Rgb([r, g, b])| {
                        let [r, g, b] = [r, g, b].map(|&channel| u32::from(channel));
                        ((54 * r + 183 * g + 19 * b + 128) / 256) as u8
                    })
                    .collect();
                let grey = GrayImage::from_raw(28, 28, greys.clone()).unwrap();
                for fit in FITS {
                    let expected = pixels(grey.clone(), fit, Background::Dark, size);
                    assert_eq!(pixels(colours.clone(), fit, Background::Dark, size), expected);
                    let opaque = DynamicImage::from(colours.clone()).into_rgba8();
                    assert_eq!(pixels(opaque, fit, Background::Dark, size), expected);
                }
                if size == [28, 28] {
                    assert_eq!(pixels(colours, Fit::Contain, Background::Dark, size), greys);
                }
            }
        }
    }

    #[test]
    fn a_light_image_gives_the_pixels_of_its_negative() {
        let digits = drawn::dataset(4, 1, 0).train;
        for index in 0..digits.len() {
            let dark = digit(&digits, index);
            let light = negative(&dark);
            // With `centre`, ink on paper is a share of the light, and chalk on a board is not.
            for fit in [Fit::Stretch, Fit::Contain] {
                let expected = pixels(dark.clone(), fit, Background::Dark, [20, 24]);
                assert!(expected.iter().any(|&pixel| pixel > 100));
                assert_eq!(pixels(dark.clone(), fit, Background::Auto, [20, 24]), expected);
                let inverted = pixels(light.clone(), fit, Background::Auto, [20, 24]);
                assert_eq!(pixels(light.clone(), fit, Background::Light, [20, 24]), inverted);
                // A half is rounded up on either side.
                let farthest = inverted.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max();
                assert!(farthest <= Some(1), "{farthest:?}");
            }
        }
        let judged = |image: GrayImage| {
            let preprocessing = Preprocessing::new(Fit::Stretch, Background::Auto);
            prepare(&image.into(), preprocessing, SHAPE).unwrap().found.background
        };
        assert_eq!(judged(digit(&digits, 0)), Background::Dark);
        assert_eq!(judged(negative(&digit(&digits, 0))), Background::Light);
    }

    #[test]
    fn what_is_transparent_is_background() {
        let ink = |value: u8| {
            GrayAlphaImage::from_fn(30, 30, |x, y| {
                let inside = (10..20).contains(&x) && (5..25).contains(&y);
                if inside { LumaA([value, 255]) } else { LumaA([128, 0]) }
            })
        };
        let opaque = GrayImage::from_fn(30, 30, |x, y| {
            Luma([if (10..20).contains(&x) && (5..25).contains(&y) { 255 } else { 0 }])
        });
        let expected = pixels(opaque, Fit::Contain, Background::Dark, [28, 28]);
        for (value, background) in
            [(0, Background::Auto), (255, Background::Auto), (0, Background::Light), (255, Background::Dark)]
        {
            let pixels = pixels(ink(value), Fit::Contain, background, [28, 28]);
            let farthest = pixels.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max();
            assert!(farthest <= Some(1), "{value} {background:?}");
        }
        // (200 · 51 + 127) / 255 and (200 · 51 + 255 · 204 + 127) / 255, inverted.
        let half = GrayAlphaImage::from_pixel(1, 1, LumaA([200, 51]));
        assert_eq!(pixels(half.clone(), Fit::Stretch, Background::Dark, [1, 1]), [40]);
        assert_eq!(pixels(half, Fit::Stretch, Background::Light, [1, 1]), [255 - 244]);
    }

    #[test]
    fn any_size_becomes_any_size() {
        let mut rng = Rng::new(1);
        for (width, height) in [(1, 1), (1, 7), (300, 1), (2, 3), (31, 17), (1, 2000), (257, 255)] {
            let noise = GrayImage::from_fn(width, height, |_, _| Luma([rng.below(256) as u8]));
            let blank = GrayImage::from_pixel(width, height, Luma([255]));
            for fit in FITS {
                for background in BACKGROUNDS {
                    for size in [[1_u16, 1], [28, 28], [3, 40], [64, 2]] {
                        let len = usize::from(size[0]) * usize::from(size[1]);
                        assert_eq!(pixels(noise.clone(), fit, background, size).len(), len);
                        let blank = pixels(blank.clone(), fit, background, size);
                        if background != Background::Dark {
                            assert!(blank.iter().all(|&pixel| pixel == 0), "{fit:?} {background:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_picture_without_pixels_or_with_too_many_is_refused() {
        let preprocessing = Preprocessing::new(Fit::Stretch, Background::Dark);
        let error = |width, height| {
            let image = GrayImage::new(width, height).into();
            prepare(&image, preprocessing, SHAPE).unwrap_err().to_string()
        };
        assert_eq!(error(0, 3), "has no pixels: its width or height is 0. Copy it again");
        assert!(error(1, 65_536).starts_with("is too large"));
    }

    /// Five times as large, in a corner of a sheet of white paper.
    fn on_paper(digit: &GrayImage) -> GrayImage {
        let large = imageops::resize(digit, 140, 140, imageops::FilterType::Triangle);
        let mut paper = GrayImage::new(400, 300);
        imageops::replace(&mut paper, &large, 11, 150);
        negative(&paper)
    }

    /// The centre of mass of 28 × 28 pixels, from the left and the top edge.
    fn centre_of_mass(pixels: &[u8]) -> [f64; 2] {
        let (mut mass, mut moments) = (0.0, [0.0; 2]);
        for (at, &pixel) in pixels.iter().enumerate() {
            let weight = f64::from(pixel);
            mass += weight;
            moments[0] += weight * ((at % 28) as f64 + 0.5);
            moments[1] += weight * ((at / 28) as f64 + 0.5);
        }
        moments.map(|moment| moment / mass)
    }

    #[test]
    fn a_digit_on_paper_becomes_the_digit_again() {
        let digits = drawn::dataset(2, 20, 0).train;
        let mut total = 0.0;
        for index in 0..digits.len() {
            let again = pixels(on_paper(&digit(&digits, index)), Fit::Centre, Background::Auto, [28, 28]);
            let moved = pixels(digit(&digits, index), Fit::Centre, Background::Auto, [28, 28]);
            for middle in centre_of_mass(&again) {
                assert!((middle - 14.0).abs() <= 0.75, "image {index}: {middle}");
            }
            total += difference(&again, &moved).min(difference(&again, digits.image(index)));
        }
        let mean = total / digits.len() as f64;
        assert!(mean < 10.0, "{mean}");
    }

    /// Pictures of every kind in colour: grey ones have three values that are alike.
    #[test]
    fn colour_is_kept_where_a_net_takes_it() {
        let shape = Shape::new(2, 3, 3);
        let of = |image: DynamicImage, background| values(image, Fit::Stretch, background, shape);
        let colours = RgbImage::from_fn(3, 2, |x, y| Rgb([10 * x as u8, 100 * y as u8, 200]));
        let expected: Vec<u8> = colours.as_raw().clone();
        let dark = Background::Dark;
        assert_eq!(of(colours.clone().into(), dark), expected);
        let image = DynamicImage::from(colours);
        assert_eq!(of(image.to_rgba8().into(), dark), expected);
        assert_eq!(of(image.to_rgb16().into(), dark), expected);
        let inverted: Vec<u8> = expected.iter().map(|value| 255 - value).collect();
        assert_eq!(of(image.clone(), Background::Light), inverted);
        let greys: Vec<u8> = image.to_luma8().iter().flat_map(|&grey| [grey; 3]).collect();
        assert_eq!(of(image.to_luma8().into(), dark), greys);
        // Half of red on what is behind: black, white; on whichever it is farther from.
        let seen = |background| {
            let image = image::RgbaImage::from_pixel(1, 1, Rgba([255, 0, 0, 128]));
            values(image, Fit::Stretch, background, Shape::new(1, 1, 3))
        };
        assert_eq!(seen(Background::Dark), [128, 0, 0]);
        assert_eq!(seen(Background::Light), [0, 128, 128]);
        // Red is dark, 54 of 255, so it is seen on white, which is a light background.
        assert_eq!(seen(Background::Auto), [0, 128, 128]);
    }
}
