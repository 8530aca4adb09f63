//! "How an image becomes pixels" of `docs/FORMAT.md` once more, by someone who has not seen
//! `shared_model::prepare`: whole images, in 128-bit integers, one expression for each formula.

use shared_model::{
    model::format::{Background, Fit, Preprocessing},
    prepare::{Crop, Format},
};

/// An image in plain integers.
#[derive(Clone)]
pub struct Image {
    /// Rows.
    pub height: i128,
    /// Columns.
    pub width: i128,
    /// Row by row.
    pub values: Vec<i128>,
}

impl Image {
    fn from_fn(height: i128, width: i128, value: impl Fn(i128, i128) -> i128) -> Self {
        let values =
            (0..height).flat_map(|r| (0..width).map(move |c| (r, c))).map(|(r, c)| value(r, c)).collect();
        Self { height, width, values }
    }

    fn at(&self, r: i128, c: i128) -> i128 {
        self.values[(r * self.width + c) as usize]
    }

    fn map(&self, value: impl Fn(i128) -> i128) -> Self {
        Self::from_fn(self.height, self.width, |r, c| value(self.at(r, c)))
    }
}

/// `round(a / b)`.
fn round(a: i128, b: i128) -> i128 {
    (2 * a + b).div_euclid(2 * b)
}

/// The greys of a part of a frame: step 2.
pub fn greys(format: Format, stride: usize, crop: Crop, bytes: &[u8]) -> Image {
    let grey = |r: i128, g: i128, b: i128| round(54 * r + 183 * g + 19 * b, 256);
    let of_565 = |word: i128| {
        let (r, g, b) = (word / 2048, word / 32 % 64, word % 32);
        grey(8 * r + r / 4, 4 * g + g / 16, 8 * b + b / 4)
    };
    Image::from_fn(crop.height.into(), crop.width.into(), |r, c| {
        let (row, column) = (r as usize + usize::from(crop.top), c as usize + usize::from(crop.left));
        let byte = |of: usize, nth: usize| i128::from(bytes[row * stride + column * of + nth]);
        match format {
            Format::Grey8 => byte(1, 0),
            Format::Rgb888 => grey(byte(3, 0), byte(3, 1), byte(3, 2)),
            Format::Rgb565LittleEndian => of_565(byte(2, 0) + 256 * byte(2, 1)),
            Format::Rgb565BigEndian => of_565(256 * byte(2, 0) + byte(2, 1)),
            Format::Yuyv => byte(2, 0),
            Format::Uyvy => byte(2, 1),
        }
    })
}

/// For each output, its sources and their weights; and the weights' sum.
fn weights(a: i128, h: i128) -> (Vec<Vec<(i128, i128)>>, i128) {
    let of = |r: i128| {
        if h <= a {
            (r * a / h..a.min((r + 1) * a / h + 1))
                .map(|i| (i, ((i + 1) * h).min((r + 1) * a) - (i * h).max(r * a)))
                .filter(|(_, shared)| *shared > 0)
                .collect()
        } else {
            let p = ((2 * r + 1) * a - h).clamp(0, 2 * h * (a - 1));
            let k = p / (2 * h);
            let next = p - 2 * h * k;
            [(k, 2 * h - next), (k + 1, next)].into_iter().filter(|(_, weight)| *weight > 0).collect()
        }
    };
    ((0..h).map(of).collect(), if h <= a { a } else { 2 * h })
}

/// "Resizing".
pub fn resized(image: &Image, h: i128, w: i128) -> Image {
    let ((down, v), (across, u)) = (weights(image.height, h), weights(image.width, w));
    Image::from_fn(h, w, |r, c| {
        let sum =
            |i: i128| across[c as usize].iter().map(|(j, weight)| weight * image.at(i, *j)).sum::<i128>();
        round(down[r as usize].iter().map(|(i, weight)| weight * sum(*i)).sum(), v * u)
    })
}

/// "Fitted into h × w".
fn fitted(image: &Image, h: i128, w: i128) -> Image {
    let (a, b) = (image.height, image.width);
    if b * h >= a * w {
        resized(image, round(a * w, b).max(1).min(h), w)
    } else {
        resized(image, h, round(b * h, a).max(1).min(w))
    }
}

/// `image` at a place of an image of zeros.
fn placed(image: &Image, h: i128, w: i128, top: i128, left: i128) -> Image {
    Image::from_fn(h, w, |r, c| {
        let (r, c) = (r - top, c - left);
        if (0..image.height).contains(&r) && (0..image.width).contains(&c) { image.at(r, c) } else { 0 }
    })
}

/// Steps 3 and 4: the pixels of a net of h × w, and whether the background is light.
pub fn prepared(frame: &Image, preprocessing: Preprocessing, h: i128, w: i128) -> (Vec<u8>, bool) {
    let is_outermost = |r: i128, c: i128| r == 0 || c == 0 || r == frame.height - 1 || c == frame.width - 1;
    let all = (0..frame.height).flat_map(|r| (0..frame.width).map(move |c| (r, c)));
    let mut border: Vec<_> = all.filter(|&(r, c)| is_outermost(r, c)).map(|(r, c)| frame.at(r, c)).collect();
    border.sort();
    let (low, high) = (border[(border.len() - 1) / 2], border[border.len() / 2]);
    let is_light = match preprocessing.background {
        Background::Dark => false,
        Background::Light => true,
        Background::Auto => low + high > 255,
    };
    let on_dark = |x| if is_light { 255 - x } else { x };
    let pixels = match preprocessing.fit {
        Fit::Stretch => resized(frame, h, w).map(on_dark),
        Fit::Contain => {
            let image = fitted(frame, h, w).map(on_dark);
            placed(&image, h, w, (h - image.height) / 2, (w - image.width) / 2)
        }
        Fit::Centre => centred(frame, on_dark, if is_light { 255 - low } else { high }, h, w),
    };
    (pixels.values.iter().map(|&x| u8::try_from(x).unwrap()).collect(), is_light)
}

fn centred(frame: &Image, on_dark: impl Fn(i128) -> i128, paper: i128, h: i128, w: i128) -> Image {
    let is_larger = frame.height > 4 * h || frame.width > 4 * w;
    let working = if is_larger { fitted(frame, 4 * h, 4 * w) } else { frame.clone() };
    let working = working.map(|x| (on_dark(x) - paper).max(0));
    let largest = *working.values.iter().max().unwrap();
    if largest == 0 {
        return Image::from_fn(h, w, |_, _| 0);
    }
    let all = (0..working.height).flat_map(|r| (0..working.width).map(move |c| (r, c)));
    let ink: Vec<_> = all.filter(|&(r, c)| 4 * working.at(r, c) >= largest).collect();
    let ends = |of: fn(&(i128, i128)) -> i128| {
        (ink.iter().map(of).min().unwrap(), ink.iter().map(of).max().unwrap())
    };
    let ((top, bottom), (left, right)) = (ends(|at| at.0), ends(|at| at.1));
    let cut = Image::from_fn(bottom - top + 1, right - left + 1, |r, c| working.at(top + r, left + c));
    let image = fitted(&cut, round(20 * h, 28).max(1), round(20 * w, 28).max(1));
    let m: i128 = image.values.iter().sum();
    if m == 0 {
        return Image::from_fn(h, w, |_, _| 0);
    }
    let at = |side: i128, part: i128, of: &dyn Fn(i128, i128) -> i128| {
        let cells = (0..image.height).flat_map(|r| (0..image.width).map(move |c| (r, c)));
        let moment: i128 = cells.map(|(r, c)| (2 * of(r, c) + 1) * image.at(r, c)).sum();
        ((side + 1) * m - moment).div_euclid(2 * m).clamp(0, side - part)
    };
    placed(&image, h, w, at(h, image.height, &|r, _| r), at(w, image.width, &|_, c| c))
}
