//! From a picture of any kind and size to the pixels of a net's input: grey, dark behind, of one size.
//!
//! Training and a board's client must agree about this, so a model file says which [`Preparation`] its images had.
//! `docs/FORMAT.md` tells every step to those who write a client of their own. There is no arithmetic here but
//! integers and `+ - × ÷` in floats: the same picture gives the same bytes on every machine.

use image::{
    DynamicImage, GrayImage, Luma,
    imageops::{self, FilterType},
};
use shared_model::format::{Background, Fit, Preparation};

/// The ink of a centred image fills this share of its size: 20 of MNIST's 28 pixels.
const BOX: [u64; 2] = [20, 28];
/// Whatever stands out at least this share of the strongest ink belongs to the ink's box. What is fainter is blur
/// and paper.
const FAINTEST_INK: u8 = 4;

/// The pixels of `image`, row by row, 0 for the background; `size` is rows and columns, each at least 1.
#[must_use]
pub fn prepare(image: DynamicImage, preparation: Preparation, [rows, columns]: [usize; 2]) -> Vec<u8> {
    let size = [columns as u32, rows as u32];
    let grey = on_dark(grey(image, preparation.background), preparation.background);
    match preparation.fit {
        Fit::Stretch => resize(&grey, size),
        Fit::Contain => {
            let inner = fitted(&grey, size);
            place(&inner, size, [0, 1].map(|axis| (size[axis] - extent(&inner)[axis]) / 2))
        }
        Fit::Centre => centre(grey, size),
    }
    .into_raw()
}

/// In greys, by Rec. 709's weights. What is transparent lets the background through; where nobody knows that, black
/// or white, whichever the opaque parts are farther from.
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

/// Inverted where the background is light.
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

/// The two middle values of the outermost pixels, which are one where their number is odd.
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

/// As MNIST was made: the ink's box scaled to fit 20/28 of `size`, its centre of mass in the middle, as far as
/// nothing is lost at the edges.
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

/// Left, top, width and height of what is ink; `None` where nothing is.
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

/// From the left and the top edge, in pixels; the middle where there is no mass.
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

/// Scaled, its shape kept, to the largest that fits into `room`; no side becomes 0.
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

fn resize(grey: &GrayImage, [width, height]: [u32; 2]) -> GrayImage {
    imageops::resize(grey, width, height, FilterType::CatmullRom)
}

/// `inner` on an empty image of `size`, its left upper corner at `corner`.
fn place(inner: &GrayImage, size: [u32; 2], corner: [u32; 2]) -> GrayImage {
    let mut image = GrayImage::new(size[0], size[1]);
    imageops::replace(&mut image, inner, corner[0].into(), corner[1].into());
    image
}

/// Width and height.
fn extent(grey: &GrayImage) -> [u32; 2] {
    [grey.width(), grey.height()]
}
