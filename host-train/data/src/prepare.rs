//! Turns a picture of any kind and size into the pixels of a net's input: grey, on a dark
//! background, of one size.
//!
//! Training and a board's client must agree about this, so a model file says which
//! [`Preprocessing`] its images had. `docs/FORMAT.md` tells every step to those who write a client
//! of their own. There is no arithmetic here but integers and `+ - × ÷` in floats: the same picture
//! gives the same bytes on every machine.

use image::{
    DynamicImage, GrayImage, Luma,
    imageops::{self, FilterType},
};
use shared_model::model::format::{Background, Fit, Preprocessing};

/// The ink of a centred image fills this share of its size: 20 of MNIST's 28 pixels.
const BOX: [u64; 2] = [20, 28];
/// Whatever stands out at least this share of the strongest ink belongs to the ink's box. What is
/// fainter is blur and paper.
const FAINTEST_INK: u8 = 4;

/// Returns the pixels of `image`, row by row, 0 for the background; `size` is rows and columns, each at
/// least 1.
#[must_use]
pub fn prepare(image: DynamicImage, preprocessing: Preprocessing, [rows, columns]: [usize; 2]) -> Vec<u8> {
    let size = [columns as u32, rows as u32];
    let grey = on_dark(grey(image, preprocessing.background), preprocessing.background);
    match preprocessing.fit {
        Fit::Stretch => resize(&grey, size),
        Fit::Contain => {
            let inner = fitted(&grey, size);
            place(&inner, size, [0, 1].map(|axis| (size[axis] - extent(&inner)[axis]) / 2))
        }
        Fit::Centre => centre(grey, size),
    }
    .into_raw()
}

/// Returns the picture in greys, by Rec. 709's weights. Transparent parts let the background
/// through; if that is unknown, black or white, whichever the opaque parts are farther from.
fn grey(image: DynamicImage, background: Background) -> GrayImage {
    if !image.color().has_alpha() {
        return image.into_luma8();
    }
    let image = image.into_luma_alpha8();
    let behind = match background {
        Background::Dark => 0,
        Background::Light => 255,
        Background::Auto => {
            let weighted =
                |weight: fn(&[u8; 2]) -> u64| image.pixels().map(|pixel| weight(&pixel.0)).sum::<u64>();
            let opaque = weighted(|pixel| pixel[1].into());
            let bright = weighted(|pixel| u64::from(pixel[0]) * u64::from(pixel[1]));
            if 2 * bright < 255 * opaque { 255 } else { 0 }
        }
    };
    let mut grey = GrayImage::new(image.width(), image.height());
    for (out, pixel) in grey.pixels_mut().zip(image.pixels()) {
        let [value, alpha] = pixel.0.map(u32::from);
        // Rounded to the nearest; 255 times 255 fits easily.
        *out = Luma([((value * alpha + behind * (255 - alpha) + 127) / 255) as u8]);
    }
    grey
}

/// Inverts the picture if the background is light.
fn on_dark(mut grey: GrayImage, background: Background) -> GrayImage {
    let is_light = match background {
        Background::Dark => false,
        Background::Light => true,
        Background::Auto => {
            let [low, high] = border_medians(&grey);
            u16::from(low) + u16::from(high) > 255
        }
    };
    if is_light {
        imageops::invert(&mut grey);
    }
    grey
}

/// Returns the two middle values of the outermost pixels, which are one where their number is odd.
fn border_medians(grey: &GrayImage) -> [u8; 2] {
    let [width, height] = extent(grey);
    let mut counts = [0u64; 256];
    let mut total = 0;
    for y in 0..height {
        // Of an inner row, the two ends.
        let is_inner = y > 0 && y + 1 < height && width > 1;
        for x in (0..width).step_by(if is_inner { width as usize - 1 } else { 1 }) {
            counts[usize::from(grey.get_pixel(x, y).0[0])] += 1;
            total += 1;
        }
    }
    // The value that stands at this place of the sorted border.
    let at = |place: u64| {
        let mut passed = 0;
        let reached = |count: &u64| {
            passed += count;
            passed > place
        };
        counts.iter().position(reached).unwrap_or(0) as u8
    };
    [at((total - 1) / 2), at(total / 2)]
}

/// Places the ink as MNIST was made: its box scaled to fit 20/28 of `size`, its centre of mass in
/// the middle, as far as nothing is lost at the edges.
fn centre(mut grey: GrayImage, size: [u32; 2]) -> GrayImage {
    let [paper, _] = border_medians(&grey);
    grey.pixels_mut().for_each(|pixel| pixel.0[0] = pixel.0[0].saturating_sub(paper));
    let Some([left, top, width, height]) = ink_box(&grey) else {
        return GrayImage::new(size[0], size[1]);
    };
    let ink = imageops::crop_imm(&grey, left, top, width, height).to_image();
    let ink = fitted(&ink, size.map(|side| ((u64::from(side) * BOX[0] + BOX[1] / 2) / BOX[1]).max(1) as u32));
    let mass = centre_of_mass(&ink);
    let corner = [0, 1].map(|axis| {
        let room = f64::from(size[axis] - extent(&ink)[axis]);
        (f64::from(size[axis]) / 2.0 - mass[axis]).round().clamp(0.0, room) as u32
    });
    place(&ink, size, corner)
}

/// Returns left, top, width and height of the ink; `None` for a picture without ink.
fn ink_box(grey: &GrayImage) -> Option<[u32; 4]> {
    let strongest = grey.pixels().map(|pixel| pixel.0[0]).max().filter(|&strongest| strongest > 0)?;
    let faintest = strongest.div_ceil(FAINTEST_INK);
    let (mut low, mut high) = ([u32::MAX; 2], [0; 2]);
    for (x, y, _) in grey.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[0] >= faintest) {
        low = [low[0].min(x), low[1].min(y)];
        high = [high[0].max(x), high[1].max(y)];
    }
    Some([low[0], low[1], high[0] - low[0] + 1, high[1] - low[1] + 1])
}

/// Returns the centre of mass from the left and the top edge, in pixels; the middle if there is no mass.
fn centre_of_mass(grey: &GrayImage) -> [f64; 2] {
    let (mut mass, mut moments) = (0.0, [0.0; 2]);
    for (x, y, pixel) in grey.enumerate_pixels() {
        let weight = f64::from(pixel.0[0]);
        mass += weight;
        moments[0] += weight * (f64::from(x) + 0.5);
        moments[1] += weight * (f64::from(y) + 0.5);
    }
    if mass > 0.0 {
        moments.map(|moment| moment / mass)
    } else {
        extent(grey).map(|side| f64::from(side) / 2.0)
    }
}

/// Scales the picture, its shape kept, to the largest that fits into `room`; no side becomes 0.
fn fitted(grey: &GrayImage, room: [u32; 2]) -> GrayImage {
    let [width, height] = extent(grey).map(u64::from);
    let [columns, rows] = room.map(u64::from);
    // Rounded to the nearest.
    let scaled = |side: u64, by: u64, of: u64| ((side * by + of / 2) / of).max(1) as u32;
    if columns * height <= rows * width {
        resize(grey, [room[0], scaled(height, columns, width).min(room[1])])
    } else {
        resize(grey, [scaled(width, rows, height).min(room[0]), room[1]])
    }
}

/// Resizes by the Catmull-Rom spline. What is many times too large first becomes smaller by the mean of
/// whole pixels, which is as good and many times as fast.
fn resize(grey: &GrayImage, [width, height]: [u32; 2]) -> GrayImage {
    let nearer = |side: u32, wanted: u32| if side > 8 * wanted { 4 * wanted } else { side };
    let [columns, rows] = [nearer(grey.width(), width), nearer(grey.height(), height)];
    if [columns, rows] == extent(grey) {
        imageops::resize(grey, width, height, FilterType::CatmullRom)
    } else {
        let smaller = imageops::thumbnail(grey, columns, rows);
        imageops::resize(&smaller, width, height, FilterType::CatmullRom)
    }
}

/// Returns `inner` on an empty image of `size`, its left upper corner at `corner`.
fn place(inner: &GrayImage, size: [u32; 2], corner: [u32; 2]) -> GrayImage {
    let mut image = GrayImage::new(size[0], size[1]);
    imageops::replace(&mut image, inner, corner[0].into(), corner[1].into());
    image
}

/// Width and height.
fn extent(grey: &GrayImage) -> [u32; 2] {
    [grey.width(), grey.height()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Rng, drawn};
    use image::{GrayAlphaImage, LumaA, Rgb, RgbImage};

    const FITS: [Fit; 3] = [Fit::Stretch, Fit::Contain, Fit::Centre];
    const BACKGROUNDS: [Background; 3] = [Background::Dark, Background::Light, Background::Auto];

    fn prepared(image: &GrayImage, fit: Fit, background: Background, size: [usize; 2]) -> Vec<u8> {
        prepare(image.clone().into(), Preprocessing { fit, background }, size)
    }

    /// Returns a dark image with a rectangle of ink, whose left third has the first value and whose rest
    /// has the second.
    fn rectangle([width, height]: [u32; 2], [left, top, w, h]: [u32; 4], ink: [u8; 2]) -> GrayImage {
        GrayImage::from_fn(width, height, |x, y| {
            let inside = (left..left + w).contains(&x) && (top..top + h).contains(&y);
            Luma([if inside { ink[usize::from(x >= left + w / 3)] } else { 0 }])
        })
    }

    /// Left, top, right and bottom (excluded) of what is bright.
    fn bright_box(pixels: &[u8], width: usize) -> [usize; 4] {
        let bright = || pixels.iter().enumerate().filter(|(_, pixel)| **pixel >= 64).map(|(at, _)| at);
        let (columns, rows) = (|| bright().map(|at| at % width), || bright().map(|at| at / width));
        let ends = [columns().min(), rows().min(), columns().max(), rows().max()].map(Option::unwrap);
        [ends[0], ends[1], ends[2] + 1, ends[3] + 1]
    }

    /// Mean difference of pixels.
    fn difference(a: &[u8], b: &[u8]) -> f64 {
        a.iter().zip(b).map(|(&a, &b)| f64::from(a.abs_diff(b))).sum::<f64>() / a.len() as f64
    }

    #[test]
    fn contain_keeps_the_shape_and_pads_with_background() {
        let ink = GrayImage::from_pixel(8, 4, Luma([200]));
        let pixels = prepared(&ink, Fit::Contain, Background::Dark, [4, 4]);
        assert_eq!(pixels, [[0; 4], [200; 4], [200; 4], [0; 4]].concat());
        let pixels = prepared(&ink, Fit::Contain, Background::Dark, [2, 6]);
        assert_eq!(pixels, [0, 200, 200, 200, 200, 0, 0, 200, 200, 200, 200, 0]);
        let tall = GrayImage::from_pixel(3, 900, Luma([9]));
        let pixels = prepared(&tall, Fit::Contain, Background::Dark, [3, 3]);
        assert_eq!(pixels, [[0, 9, 0]; 3].concat(), "no side becomes 0");
    }

    #[test]
    fn stretch_fills_the_size() {
        let halves = GrayImage::from_fn(40, 4, |x, _| Luma([if x < 20 { 10 } else { 250 }]));
        let pixels = prepared(&halves, Fit::Stretch, Background::Dark, [2, 4]);
        let [left, middle] = [0, 1].map(|column| (pixels[column], pixels[3 - column], pixels[column + 4]));
        assert!(left.0 < 30 && left.1 > 230 && left.0 == left.2, "{pixels:?}");
        assert!(middle.0 < 60 && middle.1 > 200, "{pixels:?}");
    }

    #[test]
    fn centre_scales_the_ink_and_puts_its_mass_in_the_middle() {
        // 30 × 15 pixels of ink become 20 × 10.
        let even = rectangle([200, 100], [7, 70, 30, 15], [255, 255]);
        assert_eq!(bright_box(&prepared(&even, Fit::Centre, Background::Dark, [28, 28]), 28), [4, 9, 24, 19]);
        // A third weighs 240, two thirds weigh 150: their centre is at (240 · 1/6 + 300 · 2/3) /
        // 540 = 4/9 of 20 pixels, 8.9, so the box begins at 14 − 8.9 = 5.1.
        let uneven = rectangle([200, 100], [7, 70, 30, 15], [240, 150]);
        let pixels = prepared(&uneven, Fit::Centre, Background::Dark, [28, 28]);
        assert_eq!(bright_box(&pixels, 28), [5, 9, 25, 19]);
        // (255 · 1/6 + 170 · 2/3) / 425 = 11/30 of 20 pixels, 7.3, so the box begins at 6.7.
        let steep = rectangle([200, 100], [7, 70, 30, 15], [255, 85]);
        let pixels = prepared(&steep, Fit::Centre, Background::Dark, [28, 28]);
        assert_eq!(bright_box(&pixels, 28), [7, 9, 27, 19]);
        // At the first third alone it would begin at 14 − 20 / 6 = 10.7, but ends at the edge
        // instead.
        let edge = rectangle([200, 100], [7, 70, 30, 30], [255, 70]);
        let pixels = prepared(&edge, Fit::Centre, Background::Dark, [28, 28]);
        assert!(pixels.chunks(28).skip(5).take(18).all(|row| row[27] == 0 && row[7] > 240), "{pixels:?}");
        // Of another size, 20/28 of it: 20 × 10 in 56 × 14 has room for 20 × 10.
        let wide = prepared(&even, Fit::Centre, Background::Dark, [14, 56]);
        assert_eq!(bright_box(&wide, 56), [18, 2, 38, 12]);
    }

    #[test]
    fn paper_and_blur_are_no_ink() {
        let mut rng = Rng::new(3);
        let clean = rectangle([90, 90], [40, 30, 20, 20], [200, 200]);
        let mut paper = clean.clone();
        paper.pixels_mut().for_each(|pixel| pixel.0[0] = pixel.0[0].saturating_add(20 + rng.below(8) as u8));
        let [clean, paper] =
            [clean, paper].map(|image| prepared(&image, Fit::Centre, Background::Auto, [28, 28]));
        assert_eq!(bright_box(&paper, 28), bright_box(&clean, 28));
    }

    #[test]
    fn a_light_image_gives_the_bytes_of_its_negative() {
        let digits = drawn::dataset(4, 1, 0).train;
        for index in 0..digits.len() {
            let dark = GrayImage::from_raw(28, 28, digits.image(index).to_vec()).unwrap();
            let mut light = dark.clone();
            imageops::invert(&mut light);
            for fit in FITS {
                let expected = prepared(&dark, fit, Background::Dark, [20, 24]);
                assert!(expected.iter().any(|&pixel| pixel > 100));
                assert_eq!(prepared(&dark, fit, Background::Auto, [20, 24]), expected);
                assert_eq!(prepared(&light, fit, Background::Auto, [20, 24]), expected);
                assert_eq!(prepared(&light, fit, Background::Light, [20, 24]), expected);
            }
        }
    }

    #[test]
    fn the_border_alone_tells_the_background() {
        // 17 of the 32 pixels of the border are black, and then 16, and 15; all others are white.
        let mut image = GrayImage::from_pixel(9, 9, Luma([255]));
        for at in 0..9 {
            image.put_pixel(at, 0, Luma([0]));
            image.put_pixel(0, at, Luma([0]));
        }
        for (black, corner) in [(17, 0), (16, 0), (15, 255)] {
            let pixels = prepared(&image, Fit::Stretch, Background::Auto, [9, 9]);
            assert_eq!(pixels[0], corner, "{black} of 32 are black");
            image.put_pixel(black - 9, 0, Luma([255]));
        }
    }

    #[test]
    fn what_is_transparent_is_background() {
        let ink = |value: u8| {
            GrayAlphaImage::from_fn(30, 30, |x, y| {
                let inside = (10..20).contains(&x) && (5..25).contains(&y);
                if inside { LumaA([value, 255]) } else { LumaA([128, 0]) }
            })
        };
        let expected = prepared(
            &rectangle([30, 30], [10, 5, 10, 20], [255, 255]),
            Fit::Contain,
            Background::Dark,
            [28, 28],
        );
        for (value, background) in
            [(0, Background::Auto), (255, Background::Auto), (0, Background::Light), (255, Background::Dark)]
        {
            let preprocessing = Preprocessing { fit: Fit::Contain, background };
            assert_eq!(
                prepare(ink(value).into(), preprocessing, [28, 28]),
                expected,
                "{value} {background:?}"
            );
        }
        let half = GrayAlphaImage::from_pixel(1, 1, LumaA([200, 51]));
        let preprocessing = Preprocessing { fit: Fit::Stretch, background: Background::Dark };
        assert_eq!(prepare(half.into(), preprocessing, [1, 1]), [40]);
    }

    #[test]
    fn colours_are_weighed() {
        for (colour, grey) in [([255, 0, 0], 54), ([0, 255, 0], 182), ([0, 0, 255], 18)] {
            let image = RgbImage::from_pixel(2, 2, Rgb(colour));
            let preprocessing = Preprocessing { fit: Fit::Stretch, background: Background::Dark };
            assert_eq!(prepare(image.into(), preprocessing, [1, 1]), [grey]);
        }
    }

    #[test]
    fn a_photograph_becomes_what_the_spline_alone_makes_of_it() {
        let smooth = GrayImage::from_fn(900, 700, |x, y| {
            let wave = (f64::from(x) / 71.0).sin() * (f64::from(y) / 53.0).cos();
            Luma([(127.5 + 120.0 * wave) as u8])
        });
        let spline = imageops::resize(&smooth, 28, 20, FilterType::CatmullRom);
        let farthest = resize(&smooth, [28, 20]).iter().zip(spline.iter()).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(farthest <= Some(6), "{farthest:?}");
    }

    #[test]
    fn any_size_becomes_any_size() {
        let mut rng = Rng::new(1);
        for (width, height) in [(1, 1), (1, 7), (300, 1), (2, 3), (31, 17), (1, 2000), (257, 255)] {
            let noise = GrayImage::from_fn(width, height, |_, _| Luma([rng.below(256) as u8]));
            let blank = GrayImage::from_pixel(width, height, Luma([255]));
            for fit in FITS {
                for background in BACKGROUNDS {
                    for size in [[1, 1], [28, 28], [3, 40], [64, 2]] {
                        let pixels = prepared(&noise, fit, background, size);
                        assert_eq!(pixels.len(), size[0] * size[1]);
                        let blank = prepared(&blank, fit, background, size);
                        if background != Background::Dark {
                            assert!(blank.iter().all(|&pixel| pixel == 0), "{fit:?} {background:?}");
                        }
                    }
                }
            }
        }
    }

    /// Five times as large, in a corner of a sheet of white paper.
    fn on_paper(digit: &GrayImage) -> GrayImage {
        let large = imageops::resize(digit, 140, 140, FilterType::Triangle);
        let mut paper = GrayImage::new(400, 300);
        imageops::replace(&mut paper, &large, 11, 150);
        imageops::invert(&mut paper);
        paper
    }

    #[test]
    fn a_digit_on_paper_becomes_the_digit_again() {
        let digits = drawn::dataset(2, 20, 0).train;
        let mut total = 0.0;
        for index in 0..digits.len() {
            let digit = GrayImage::from_raw(28, 28, digits.image(index).to_vec()).unwrap();
            let again = prepared(&on_paper(&digit), Fit::Centre, Background::Auto, [28, 28]);
            let moved = prepared(&digit, Fit::Centre, Background::Auto, [28, 28]);
            let centre = |pixels: Vec<u8>| centre_of_mass(&GrayImage::from_raw(28, 28, pixels).unwrap());
            for middle in centre(again.clone()) {
                assert!((middle - 14.0).abs() <= 0.75, "image {index}: {middle}");
            }
            total += difference(&again, &moved).min(difference(&again, digits.image(index)));
        }
        let mean = total / digits.len() as f64;
        assert!(mean < 8.0, "{mean}");
    }
}
