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
